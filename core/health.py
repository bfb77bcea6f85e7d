"""Whether this process lives (/healthz) and whether it can do its work (/readyz)."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse

from core import clock, relay
from core.doors import public
from core.models import Heartbeat

HEARTBEAT_LIMIT = timedelta(seconds=30)
DUE_LIMIT = timedelta(seconds=60)
DISK_LIMIT = 10  # per cent free


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


def _ago(age: timedelta) -> str:
    seconds = max(int(age.total_seconds()), 0)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


CHECKS: dict[str, Callable[[], tuple[bool, str]]] = {
    "database": database_answers,
    "migrations": migrations_applied,
    "broker": broker_answers,
    "worker": worker_lives,
    "queue": queue_is_fresh,
    "disk": disk_has_room,
}
"""The lines of /readyz, in the order in which to mend them."""
