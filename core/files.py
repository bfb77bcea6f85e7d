"""Files at rest: generated names, a folder a kind, mode 0600, checksum kept by the caller."""

import io
import os
import shutil
import uuid
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

from core.errors import NotFound


def store(content: bytes, kind: str, suffix: str) -> str:
    """Write a file atomically under a random name; returns its path below MEDIA_ROOT."""
    return keep(io.BytesIO(content), kind, suffix)


def keep(source: IO[bytes], kind: str, suffix: str) -> str:
    """Do the same with a stream, however large; it is read from where it stands."""
    relative = Path(kind) / uuid.uuid4().hex[:2] / f"{uuid.uuid4().hex}{suffix}"
    target = settings.MEDIA_ROOT / relative
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, 1_000_000)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    return str(relative)


def load(path: str) -> bytes:
    """Return the content of a stored file; raises NotFound for one that is gone or lies elsewhere."""
    target = path_of(path)
    if not target.is_file():
        raise NotFound("This file is not there any more.")
    return target.read_bytes()


def path_of(path: str) -> Path:
    """Return where a stored file lies, or lay; raises NotFound for a path that leads elsewhere."""
    root = settings.MEDIA_ROOT.resolve()
    target: Path = (root / path).resolve()
    if not path or not target.is_relative_to(root):
        raise NotFound("This file is not there any more.")
    return target


def size_of(path: Path) -> int:
    """Return how many bytes a file has, 0 for none."""
    return path.stat().st_size if path.is_file() else 0


class UploadLimit(FileUploadHandler):
    """Refuses a form that is larger than IMPORT_MAX_BYTES before its files are written anywhere (413)."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        *rest: Any,
    ) -> None:
        """Judge by the length that the request states; the server reads no further than that."""
        most = settings.IMPORT_MAX_BYTES
        if content_length > most:
            raise RequestDataTooBig(
                f"The file is larger than {most // 1_000_000} MB. Split it and import the parts."
            )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the bytes on to the handlers that keep them."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that kept it."""
