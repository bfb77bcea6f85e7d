"""The mail sink: one file per message, named after its Message-ID, appearing whole or not at all."""

import hashlib
import os
from pathlib import Path

from django.conf import settings


def path_of(message_id: str) -> Path:
    """Return where the message of this Message-ID lies; the same id always has the same name."""
    return Path(settings.MAIL_DIR) / f"{hashlib.sha256(message_id.encode()).hexdigest()[:32]}.eml"


def write_message(message_id: str, raw: bytes) -> Path:
    """Write a message atomically; writing it again replaces the file by the same content."""
    target = path_of(message_id)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    return target
