"""Signed and opaque tokens; each purpose has its own key, so that one can never serve as another."""

import secrets

from django.core import signing
from django.utils.translation import gettext as _

from core.errors import NotFound


def sign(purpose: str, value: str) -> str:
    """Return a URL-safe token that carries `value` and its time, for one purpose."""
    return signing.dumps(value, salt=f"token:{purpose}", compress=False)


def read(purpose: str, token: str, max_age: int | None = None) -> str:
    """Return the value of a token; raises NotFound when forged, of another purpose, or older than `max_age` seconds."""
    try:
        return str(signing.loads(token, salt=f"token:{purpose}", max_age=max_age))
    except signing.BadSignature as error:
        raise NotFound(_("This link does not work any more. Ask for a new one.")) from error


def opaque() -> str:
    """Return 32 random URL-safe characters (192 bits)."""
    return secrets.token_urlsafe(24)
