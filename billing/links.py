"""Public addresses: an opaque token whose hash finds the row, and which we can show again."""

from typing import Protocol

from django.conf import settings
from django.urls import reverse

from core import crypto, tokens


class Linked(Protocol):
    """A row with a public page."""

    token_hash: str | None
    token_sealed: str


def new_link(row: Linked) -> None:
    """Give a row its public token (unsaved); an earlier one stops working."""
    token = tokens.opaque()
    row.token_hash, row.token_sealed = crypto.sha256(token), crypto.encrypt(token)


def token_of(row: Linked) -> str:
    """Return the row's token, or "" when it has none."""
    return crypto.decrypt(row.token_sealed) if row.token_sealed else ""


def public_url(name: str, token: str) -> str:
    """Return the absolute address of a public page."""
    return f"{settings.SITE_URL}{reverse(name, args=[token])}"
