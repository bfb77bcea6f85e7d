"""Secrets at rest and keyed fingerprints; the keys live outside the database."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def encrypt(text: str) -> str:
    """Return `text` encrypted with the newest field key."""
    return _box().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Return the text; raises ValueError when no field key fits."""
    try:
        return _box().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ValueError("This secret was encrypted with a key that is not configured any more.") from error


def fingerprint(purpose: str, text: str) -> str:
    """Return a keyed hash (HMAC-SHA-256, hex): equal texts match, and nobody without the key can guess them."""
    return hmac.new(settings.FIELD_KEYS[0].encode(), f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def sha256(*parts: str | bytes) -> str:
    """Return one SHA-256 over parts, each preceded by its length so that they cannot run together."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()


def _box() -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in settings.FIELD_KEYS]
    )
