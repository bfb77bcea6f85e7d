"""Bringing everything back from one backup: opened and judged whole beside the data first, then put in its place.

From the first change to the last a mark lies in the data folder; while it lies there nothing is served or sent.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader

from core import backups, quarantine
from core.actions import run
from core.errors import Refused
from core.health import worker_lives
from core.models import Event, Heartbeat
from core.registry import AFTER_RESTORE, actor_of

IN_USE = "Something still uses the database. Stop web and worker first."


def restore(source: Path, key: str, *, replace: bool) -> dict[str, Any]:
    """Put a backup in the place of what is here; `finish` must follow, in a process that reads the restored keys.

    Raises Refused before anything is touched; what stood here is kept beside it as *.before-restore.
    """
    _refuse_in_use(replace=replace)
    data, media = Path(settings.DATA_DIR), Path(settings.MEDIA_ROOT)
    with backups.scratch_folder() as scratch:
        manifest = backups.read(source, key, scratch)
        _refuse_foreign(manifest)
        (scratch / "files").mkdir(exist_ok=True, mode=0o700)
        os.sync()
        ALONE[connection.vendor]()
        is_again = quarantine.unfinished().exists()
        quarantine.unfinished().touch(mode=0o600)
        try:
            PLACES[connection.vendor](scratch / backups.DATABASE, is_again)
        except Refused:
            if not is_again:  # PostgreSQL said no, and changed nothing
                quarantine.unfinished().unlink()
            raise
        _place(scratch / "files", media, is_again)
        if key != settings.BACKUP_KEY:
            (scratch / "keys" / "backup-key").touch(mode=0o600)
            (scratch / "keys" / "backup-key").write_text(key)
        for path in (scratch / "keys").iterdir():
            _place(path, data / path.name, is_again)
    return manifest


def finish(made_at: datetime) -> Iterator[str]:
    """Bring the copy up to this version, make it quiet, run AFTER_RESTORE; yields what a person should know."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    Heartbeat.objects.all().delete()
    run("workspace.quarantine", actor=operator(), data={"made_at": made_at})
    for hook in AFTER_RESTORE:
        yield hook()
    for name, standing in backups.keys().items():
        if (Path(settings.DATA_DIR) / name).read_text().strip() != standing:
            variable = name.upper().replace("-", "_")
            yield f"{variable} of the environment counts, and it is not the key in the backup. Unset it to use that."
    quarantine.unfinished().unlink()


def operator() -> Any:
    """Return the actor of who types commands on the server."""
    return actor_of(Event(actor_kind="system", actor_name="restore", via="cli"))


def _refuse_in_use(*, replace: bool) -> None:
    """Raise Refused while a worker lives, or where people would lose their work unasked."""
    try:
        tables = connection.introspection.table_names()
        is_used = get_user_model()._meta.db_table in tables and get_user_model()._default_manager.exists()
        is_alive, when = worker_lives() if Heartbeat._meta.db_table in tables else (False, "")
    except DatabaseError:
        is_used, is_alive, when = True, False, ""  # too damaged to ask
    if is_alive:
        raise Refused(f"{when} Stop web and worker first, then restore.")
    if is_used and not replace:
        raise Refused("There are people in this database. To put the backup in its place, add --replace.")


def _refuse_foreign(manifest: dict[str, Any]) -> None:
    """Raise Refused for a backup of another database, or of a newer version than this one."""
    if manifest["vendor"] != connection.vendor:
        told = f"This backup is of {manifest['vendor']}, and DATABASE_URL names {connection.vendor}."
        raise Refused(f"{told} Point DATABASE_URL at a {manifest['vendor']} database.")
    known = {".".join(key) for key in MigrationLoader(None).disk_migrations}
    ours = {app.label for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR}
    newer = [name for name in manifest["migrations"] if name not in known and name.partition(".")[0] in ours]
    if newer:
        raise Refused(f"A newer version made this backup: {newer[-1]} is not known here. Install that version first.")


def _alone_on_sqlite() -> None:
    """Fold the log into the file, which SQLite does only for the last one that has it open."""
    connections.close_all()
    try:
        with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=1)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise Refused(IN_USE) from error


def _alone_on_postgresql() -> None:
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with connection.cursor() as cursor:
        cursor.execute(others)
        if cursor.fetchone()[0]:
            raise Refused(IN_USE)


def _place_sqlite(copy: Path, is_again: bool) -> None:
    target = Path(connection.settings_dict["NAME"])
    _place(copy, target, is_again)
    for ending in ("-wal", "-shm"):  # of a database that was too damaged to be closed
        target.with_name(target.name + ending).unlink(missing_ok=True)


def _place_postgresql(dump: Path, is_again: bool) -> None:
    """Replace every table in one transaction: all or nothing, and no table of a later version stays behind."""
    quote = connection.ops.quote_name
    drops = [f"DROP TABLE IF EXISTS {quote(name)} CASCADE;" for name in connection.introspection.table_names()]
    connections.close_all()
    command = ("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--file=-", dump)
    errors = dump.with_suffix(".errors")
    with (
        errors.open("wb") as said,
        backups.tool("psql", "-Xq", "-v", "ON_ERROR_STOP=1", stdin=subprocess.PIPE, stdout=said, stderr=said) as psql,
        backups.tool(*command, stdout=subprocess.PIPE, stderr=said) as reading,
    ):
        taking = cast(IO[bytes], psql.stdin)
        try:
            taking.write("\n".join(["BEGIN;", *drops, ""]).encode())
            shutil.copyfileobj(cast(IO[bytes], reading.stdout), taking)
            if reading.wait() == 0:
                taking.write(b"COMMIT;\n")  # without it psql leaves everything as it was
            taking.close()
        except BrokenPipeError:
            reading.kill()
    if reading.returncode or psql.returncode:
        raise Refused(f"PostgreSQL did not take the backup; nothing was changed: {errors.read_text()[:500].strip()}")


ALONE: dict[str, Callable[[], None]] = {"sqlite": _alone_on_sqlite, "postgresql": _alone_on_postgresql}
PLACES: dict[str, Callable[[Path, bool], None]] = {"sqlite": _place_sqlite, "postgresql": _place_postgresql}


def _place(new: Path, target: Path, is_again: bool) -> None:
    """Put a file or folder in its place; what stood there is kept beside it, once in however many tries."""
    before = target.with_name(f"{target.name}.before-restore")
    if target.exists():
        _remove(target if is_again and before.exists() else before)
    if target.exists():
        target.rename(before)
    shutil.move(new, target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def finish_anew(made_at: str) -> list[str]:
    """Run `finish` in a new process, which reads the restored keys; returns its sentences."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", "--finish", made_at]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise Refused(f"The copy is in its place, but not ready: {said} Mend that and restore it again.")
    return done.stdout.splitlines()
