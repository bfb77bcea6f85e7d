"""Whether this process lives (/healthz) and whether it can do its work (/readyz)."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse

from core import backups, clock, quarantine, relay
from core.doors import public
from core.models import Heartbeat

HEARTBEAT_LIMIT = timedelta(seconds=30)
DUE_LIMIT = timedelta(seconds=60)
DISK_LIMIT = backups.LEAST_FREE  # per cent
BACKUP_LIMIT = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of /readyz and of `manage.py doctor`."""

    key: str
    ok: bool
    detail: str


@public()
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process lives; touches nothing else."""
    return JsonResponse({"status": "alive"})


@public()
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when everything that work needs is there, else 503 and which line is not."""
    checks = run_checks()
    ready = all(check.ok for check in checks)
    body = {"status": "ready" if ready else "not ready", "checks": [asdict(check) for check in checks]}
    return JsonResponse(body, status=200 if ready else 503)


def run_checks() -> list[Check]:
    """Run every check; a check that breaks counts as not ok."""
    found = []
    for key, check in CHECKS.items():
        try:
            ok, detail = check()
        except Exception as error:
            ok, detail = False, f"{type(error).__name__} while looking."
        found.append(Check(key, ok, detail))
    return found


def database_answers() -> tuple[bool, str]:
    """The database answers, and keeps what it confirmed."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW fsync")
            durable = cursor.fetchone() == ("on",)
            cursor.execute("SHOW synchronous_commit")
            durable = durable and cursor.fetchone() != ("off",)
            text = "PostgreSQL answers"
            fault = "but fsync or synchronous_commit is off: a power cut would lose confirmed work."
        else:
            cursor.execute("PRAGMA synchronous")
            durable = cursor.fetchone()[0] >= 2
            text = "SQLite answers"
            fault = "but synchronous is not FULL: a power cut would lose confirmed work."
    return durable, f"{text}." if durable else f"{text}, {fault}"


_migrated: list[bool] = []


def migrations_applied() -> tuple[bool, str]:
    """Every migration of this version is in the database; looked up once it was found so."""
    if not _migrated:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            return False, f"{len(waiting)} migrations wait. Run: manage.py migrate"
        _migrated.append(True)
    return True, "All migrations are applied."


def broker_answers() -> tuple[bool, str]:
    """The doorbell of the queue answers; losing it costs seconds, never work."""
    if not settings.REDIS_URL:
        return True, "The queue rings through the database."
    import redis

    redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()  # type: ignore[no-untyped-call]
    return True, "Redis answers."


def worker_lives() -> tuple[bool, str]:
    """A worker was seen within the last half minute."""
    newest = Heartbeat.objects.order_by("-at").values_list("at", flat=True).first()
    if newest is None:
        return False, "No worker runs. Start one: manage.py worker"
    age = clock.now() - newest
    if age > HEARTBEAT_LIMIT:
        return False, f"The last worker was seen {_ago(age)} ago. Start one: manage.py worker"
    return True, f"A worker was seen {_ago(age)} ago."


def queue_is_fresh() -> tuple[bool, str]:
    """Nothing that is due waits for longer than a minute."""
    if quarantine.is_quiet():
        return True, "Nothing is delivered before the copy is released."
    oldest = relay.due().aggregate(oldest=Min(relay.FREE_SINCE))["oldest"]
    if oldest is None:
        return True, "Nothing waits."
    age = clock.now() - oldest
    return age <= DUE_LIMIT, f"The oldest due delivery has waited {_ago(age)}."


def disk_has_room() -> tuple[bool, str]:
    """A tenth of the data volume is free."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    free = usage.free * 100 // usage.total
    return free >= DISK_LIMIT, f"{free} % of the data volume is free."


def backup_is_fresh() -> tuple[bool, str]:
    """The newest backup that was read back is a day old at most; a fresh install has until the next night."""
    for newest in backups.stored()[:1]:
        age = clock.now() - newest.made_at
        said = f"The newest backup was made {_ago(age)} ago."
        return (True, said) if age <= BACKUP_LIMIT else (False, f"{said} Make one: manage.py backup")
    recorder = MigrationRecorder(connection)
    began = recorder.migration_qs.aggregate(at=Min("applied"))["at"] if recorder.has_table() else None
    if began is None or clock.now() - began <= BACKUP_LIMIT:
        return True, "The first backup is made at 02:00."
    return False, "There is no backup. Make one: manage.py backup"


def copy_is_released() -> tuple[bool, str]:
    """No restored copy waits for its release."""
    if quarantine.unfinished().exists():
        return False, "A restore was not finished. Do it again: manage.py restore FILE --replace"
    return (False, quarantine.WORDS) if quarantine.is_quiet() else (True, "This is no restored copy.")


def _ago(age: timedelta) -> str:
    seconds = max(int(age.total_seconds()), 0)
    hours = f"{seconds // 3600} h" if seconds >= 7200 else f"{seconds // 60} min"
    return f"{seconds} s" if seconds < 120 else hours


CHECKS: dict[str, Callable[[], tuple[bool, str]]] = {
    "database": database_answers,
    "migrations": migrations_applied,
    "broker": broker_answers,
    "worker": worker_lives,
    "queue": queue_is_fresh,
    "disk": disk_has_room,
    "backup": backup_is_fresh,
    "quarantine": copy_is_released,
}
"""The lines of /readyz, in the order in which to mend them."""
