"""One encrypted file that holds everything: the database, the files, the keys, and a manifest (QUALITY.md B-03, B-05).

A backup counts, and has its name, once it was read back and every checksum was right.
"""

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from gzip import GzipFile
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core import clock
from core.errors import Refused
from core.sealing import CHUNK, Opener, Sealer

STAMP = "%Y%m%dT%H%M%SZ"
NAMED = re.compile(r"crm-(\d{8}T\d{6}Z)\.backup")
KEPT = ((7, "%Y-%m-%d"), (4, "%G-%V"), (12, "%Y-%m"))  # the newest of each of so many days, weeks, months
DAY = timedelta(days=1)
LEAST_FREE = 10  # per cent
MANIFEST = "manifest.json"
DATABASE = "database"
SCRATCH = ".scratch-"


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup."""

    path: Path
    made_at: datetime


def keys() -> dict[str, str]:
    """Return the keys without which a copy could not be read, by the name of their files; never the backup's own."""
    fields = "\n".join(settings.FIELD_KEYS)
    return {"secret-key": settings.SECRET_KEY, "field-key": fields, "audit-key": settings.AUDIT_KEY}


def make_daily() -> Backup:
    """Make a backup in BACKUP_DIR while there is room; raises Refused before the disk is full."""
    for folder in (Path(settings.DATA_DIR), _made(Path(settings.BACKUP_DIR))):
        usage = shutil.disk_usage(folder)
        if usage.free * 100 < usage.total * LEAST_FREE:
            free = usage.free * 100 // usage.total
            raise Refused(f"No backup was made: only {free} % of the disk of {folder} is free. Make room.")
    return make(Path(settings.BACKUP_DIR))


def make(folder: Path) -> Backup:
    """Make a backup, read it back, then remove those that need not be kept; others may write meanwhile."""
    made_at = clock.now().astimezone(UTC).replace(microsecond=0)
    target = _made(folder) / f"crm-{made_at.strftime(STAMP)}.backup"
    draft = target.with_suffix(".part")
    _remove_leftovers(folder)
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused("A backup is being made at this moment. Wait until it is done.") from error
    try:
        with os.fdopen(handle, "wb") as file, scratch_folder() as scratch:
            copy = scratch / DATABASE
            COPIES[connection.vendor](copy)
            _write(file, copy, made_at)
            os.fsync(file.fileno())
        read(draft, settings.BACKUP_KEY)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    prune(folder)
    return Backup(target, made_at)


def read(source: Path, key: str, into: Path | None = None) -> dict[str, Any]:
    """Open a whole backup, compare every checksum and return the manifest; the members are written `into` a folder.

    Raises Refused for anything that is not as it was made.
    """
    manifest, found = b"", {}
    try:
        with source.open("rb") as file, GzipFile(fileobj=cast(Any, Opener(file, key)), mode="rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as archive:
                for info in archive:
                    member = cast(IO[bytes], archive.extractfile(info))
                    if info.name == MANIFEST:
                        manifest = member.read()
                    else:
                        found[info.name] = _unpack(member, into / info.name if into else None)
            while packed.read(CHUNK):
                pass
        told: dict[str, Any] = json.loads(manifest)
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise Refused("This backup is damaged: what it holds cannot be unpacked.") from error
    except OSError as error:
        at = error.filename or source
        raise Refused(f"The backup cannot be unpacked: {error.strerror or error} ({at}).") from error
    if told["members"] != found:
        raise Refused("This backup is damaged: a checksum is not that of its manifest.")
    return told


def stored(folder: Path | None = None) -> list[Backup]:
    """Return the finished backups of a folder, newest first."""
    folder = folder or Path(settings.BACKUP_DIR)
    names = [NAMED.fullmatch(path.name) for path in (folder.iterdir() if folder.is_dir() else ())]
    times = sorted((found[1] for found in names if found), reverse=True)
    return [Backup(folder / f"crm-{at}.backup", datetime.strptime(f"{at}+0000", f"{STAMP}%z")) for at in times]


def prune(folder: Path) -> None:
    """Keep what KEPT says, and everything of the last 24 hours; remove the other backups of a folder."""
    found = stored(folder)
    keep = {one.path for one in found if one.made_at > clock.now() - DAY}
    for number, period in KEPT:
        newest: dict[str, Path] = {}
        for one in found:
            newest.setdefault(one.made_at.strftime(period), one.path)
        keep.update(list(newest.values())[:number])
    for one in found:
        if one.path not in keep:
            one.path.unlink(missing_ok=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder beside the data that is gone afterwards."""
    with TemporaryDirectory(prefix=SCRATCH, dir=settings.DATA_DIR) as path:
        yield Path(path)


def tool(*command: str | Path, **streams: Any) -> subprocess.Popen[bytes]:
    """Start a program of PostgreSQL on our database; the password is not on its command line."""
    known = connection.settings_dict
    names = {"PGDATABASE": "NAME", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGHOST": "HOST", "PGPORT": "PORT"}
    ours = {name: str(known[key]) for name, key in names.items() if known[key]}
    try:
        return subprocess.Popen(command, env={**os.environ, **ours}, **streams)
    except FileNotFoundError as error:
        raise Refused(f"{command[0]} is not installed. Install the package postgresql-client.") from error


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _remove_leftovers(folder: Path) -> None:
    """Remove what a backup or restore that was killed left behind."""
    before = (clock.now() - DAY).timestamp()
    for path in (*folder.glob("crm-*.part"), *Path(settings.DATA_DIR).glob(f"{SCRATCH}*")):
        if path.lstat().st_mtime < before:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _copy_sqlite(target: Path) -> None:
    """Copy the database as it is at one moment: in WAL mode others write on meanwhile."""
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, timeout=20)) as source, closing(sqlite3.connect(target)) as copy:
        source.execute("PRAGMA query_only=1")
        source.backup(copy)
        verdict = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise Refused(f"The database is damaged, so no backup was made: {verdict}")


def _copy_postgresql(target: Path) -> None:
    """Let pg_dump write what one transaction sees."""
    command = ("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    with tool(*command, stderr=subprocess.PIPE) as dump:
        said = cast(IO[bytes], dump.stderr).read().decode(errors="replace").strip()
    if dump.returncode:
        raise Refused(f"pg_dump could not copy the database: {said.partition(chr(10))[0]}")


COPIES: dict[str, Callable[[Path], None]] = {"sqlite": _copy_sqlite, "postgresql": _copy_postgresql}


def _write(file: IO[bytes], copy: Path, made_at: datetime) -> None:
    """Write the members and, last, the manifest, which says what each must be."""
    sealer, members = Sealer(file, settings.BACKUP_KEY), {}
    with GzipFile("", "wb", 5, cast(Any, sealer)) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for name, member in _members(copy):
            with member:
                members[name] = _pack(archive, name, member)
        told = {
            "made_at": made_at.isoformat(),
            "vendor": connection.vendor,
            "migrations": sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations()),
            "members": members,
        }
        _pack(archive, MANIFEST, io.BytesIO(json.dumps(told).encode()))
    sealer.finish()
    file.flush()


def _members(copy: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Open one member after the other; the database first, so that the files to which it refers are there."""
    yield DATABASE, copy.open("rb")
    for name, key in keys().items():
        yield f"keys/{name}", io.BytesIO(key.encode())
    for folder, _folders, names in os.walk(settings.MEDIA_ROOT):
        for path in (Path(folder, name) for name in names):
            if path.suffix == ".part" or path.is_symlink():
                continue  # a draft is nobody's file yet
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue  # it was removed since its folder was read
            yield f"files/{path.relative_to(settings.MEDIA_ROOT).as_posix()}", file


def _pack(archive: tarfile.TarFile, name: str, member: IO[bytes]) -> dict[str, Any]:
    info = tarfile.TarInfo(name)
    info.size = member.seek(0, os.SEEK_END)
    member.seek(0)
    counted = _Counted(member)
    archive.addfile(info, cast(Any, counted))
    return {"size": info.size, "sha256": counted.digest.hexdigest()}


def _unpack(member: IO[bytes], target: Path | None) -> dict[str, Any]:
    if target is not None:
        if ".." in target.parts:
            raise Refused("This backup is damaged: it names a file outside its folder.")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    counted, size = _Counted(member), 0
    place = target or Path(os.devnull)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        while chunk := counted.read(CHUNK):
            size += file.write(chunk)
    return {"size": size, "sha256": counted.digest.hexdigest()}


class _Counted:
    """A file whose checksum is made while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest = file, sha256()

    def read(self, size: int) -> bytes:
        chunk = self.file.read(size)
        self.digest.update(chunk)
        return chunk
