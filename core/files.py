"""Files at rest: generated names, a folder a kind, mode 0600, checksum kept by the caller."""

import os
import uuid
from pathlib import Path

from django.conf import settings

from core.errors import NotFound


def store(content: bytes, kind: str, suffix: str) -> str:
    """Write a file atomically under a random name; returns its path below MEDIA_ROOT."""
    relative = Path(kind) / uuid.uuid4().hex[:2] / f"{uuid.uuid4().hex}{suffix}"
    target = settings.MEDIA_ROOT / relative
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    return str(relative)


def load(path: str) -> bytes:
    """Return the content of a stored file; raises NotFound for one that is gone or lies elsewhere."""
    root = settings.MEDIA_ROOT.resolve()
    target = (root / path).resolve()
    if not path or not target.is_relative_to(root) or not target.is_file():
        raise NotFound("This file is not there any more.")
    return target.read_bytes()
