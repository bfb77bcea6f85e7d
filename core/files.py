"""Files at rest: generated names, a folder a kind, mode 0600, checksum kept by the caller."""

import io
import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import FileResponse
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotFound, Refused

FORM_BYTES = 1_000_000  # of a form around its file


class Damaged(Refused):
    """A stored file is gone, or is not what was stored."""


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


def open_kept(path: str) -> IO[bytes]:
    """Open a stored file; raises NotFound for one that is gone or lies elsewhere."""
    target = path_of(path)
    if not target.is_file():
        raise NotFound(_("This file is not there any more."))
    return target.open("rb")


def load(path: str) -> bytes:
    """Return the content of a stored file; raises NotFound for one that is gone or lies elsewhere."""
    with open_kept(path) as file:
        return file.read()


def path_of(path: str) -> Path:
    """Return where a stored file lies, or lay; raises NotFound for a path that leads elsewhere."""
    root = settings.MEDIA_ROOT.resolve()
    target: Path = (root / path).resolve()
    if not path or not target.is_relative_to(root):
        raise NotFound(_("This file is not there any more."))
    return target


def checksum(file: IO[bytes]) -> str:
    """Return the SHA-256 of a whole file, and go back to its beginning."""
    file.seek(0)
    found = file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return found


def open_whole(path: str, sha256: str) -> IO[bytes]:
    """Open a stored file whose bytes are those that were stored; raises Damaged."""
    try:
        file = path_of(path).open("rb")
        if checksum(file) == sha256:
            return file
        file.close()
    except (NotFound, OSError):
        pass
    raise Damaged(
        _("This file is damaged, so it is not handed out. Ask an administrator to bring it back from a backup."),
        code="damaged",
    )  # fmt: skip


def remove(path: str) -> None:
    """Delete a stored file; one that is gone already is no error."""
    path_of(path).unlink(missing_ok=True)


def older_than(kind: str, age: timedelta) -> Iterator[str]:
    """Return the files of a kind that were stored longer ago."""
    root, before = settings.MEDIA_ROOT / kind, (clock.now() - age).timestamp()
    for path in root.rglob("*") if root.is_dir() else ():
        if path.is_file() and path.stat().st_mtime < before:
            yield str(path.relative_to(settings.MEDIA_ROOT))


def attachment(file: IO[bytes], name: str, media_type: str) -> FileResponse:
    """Answer with a file to be saved: no browser shows it as a page of ours, runs it or guesses what it is."""
    answer = FileResponse(file, as_attachment=True, filename=name, content_type=media_type)
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def told_size(size: int) -> str:
    """Return a size as people say it: 31 MB, 1.2 MB, 40 kB; never less than it is."""
    if size >= 10_000_000:
        return f"{-(-size // 1_000_000):,} MB"
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{-(-size // 1_000)} kB"


def too_large(size: int) -> str:
    """Return the words for an upload of more bytes than UPLOAD_MAX_BYTES."""
    told = {"size": told_size(size), "most": told_size(settings.UPLOAD_MAX_BYTES)}
    return _("The file is %(size)s. The limit is %(most)s.") % told


def size_of(path: Path) -> int:
    """Return how many bytes a file has, 0 for none."""
    return path.stat().st_size if path.is_file() else 0


class UploadLimit(FileUploadHandler):
    """Refuses a form that is larger than its limit before its files are written anywhere (413).

    That is IMPORT_MAX_BYTES below an address of imports, else UPLOAD_MAX_BYTES and what is around a file.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        *rest: Any,
    ) -> None:
        """Judge by the length that the request states; the server reads no further than that."""
        if self.request is not None and "/imports" in self.request.path:
            most = settings.IMPORT_MAX_BYTES
            words = _("The file is larger than %(most)s MB. Split it and import the parts.")
            said = words % {"most": most // 1_000_000}
        else:
            most, said = settings.UPLOAD_MAX_BYTES + FORM_BYTES, too_large(content_length)
        if content_length > most:
            raise RequestDataTooBig(said)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the bytes on to the handlers that keep them."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that kept it."""
