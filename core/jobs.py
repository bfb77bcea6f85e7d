"""Work on the clock, and the doorbell; the only importer of django_q.

The queue carries nothing but a ring ("look at the rows"); losing it costs latency, never work. `tick` starts jobs: each
once per period, whoever asks, for the JobRun row decides. After a rest only the latest missed period is run. What a
dead worker held is taken over, what failed is tried again, and no job runs beside itself.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q

from core import clock, quarantine
from core.hours import DAY, moment
from core.logs import request_id

TRIES = 3
AGAIN = timedelta(minutes=10)  # after a failure
GONE = timedelta(minutes=3)  # a worker that was not seen for so long is dead; clocks may differ by less
KEEP = timedelta(days=90)
KEEP_SLOTS = timedelta(hours=1)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A function without arguments and when it runs: every `every`, or daily/weekly at a local wall time."""

    name: str
    function: Callable[[], None]
    every: timedelta | None = None
    daily: str = ""
    weekday: int | None = None

    def period(self, at: datetime, zone: str) -> str:
        """Return the latest period that has come by `at`: a slot of time, or the local day for which it runs."""
        if self.every is not None:
            return f"slot {int(at.timestamp() // self.every.total_seconds())}"
        local = at.astimezone(ZoneInfo(zone))
        day = local.date() if local.strftime("%H:%M") >= self.daily else local.date() - DAY
        while self.weekday not in (None, day.weekday()):
            day -= DAY
        return day.isoformat()

    def next_at(self, at: datetime, zone: str) -> datetime:
        """Return when its next period comes."""
        if self.every is not None:
            length = self.every.total_seconds()
            return datetime.fromtimestamp((at.timestamp() // length + 1) * length, UTC)
        day = at.astimezone(ZoneInfo(zone)).date()
        while self.weekday not in (None, day.weekday()) or moment(day, self.daily, zone) <= at:
            day += DAY
        return moment(day, self.daily, zone)


JOBS: dict[str, Job] = {}
_zone: list[Callable[[], str]] = [lambda: "UTC"]


def job(
    *, every: timedelta | None = None, daily: str = "", weekday: int | None = None
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Declare a job: `every=timedelta(...)`, or `daily="08:00"` in the workspace's zone, or both with `weekday`."""
    if (every is None) == (not daily):
        raise ValueError("Give a job either every= or daily=.")

    def declare(function: Callable[[], None]) -> Callable[[], None]:
        name = f"{function.__module__}.{function.__name__}"
        JOBS[name] = Job(name, function, every, daily, weekday)
        return function

    return declare


def use_zone(read: Callable[[], str]) -> None:
    """Tell which IANA zone the wall times of jobs are in; accounts does so once."""
    _zone[:] = [read]


def zone() -> str:
    """Return the IANA zone of the jobs' wall times."""
    return _zone[0]()


def last_runs() -> Any:
    """Return the newest run of each job."""
    from core.models import JobRun

    newest = JobRun.objects.values("job").annotate(newest=Max("pk")).values("newest")
    return JobRun.objects.filter(pk__in=newest)


def tick(worker: str = "", start: Callable[[Job, Any], Any] | None = None) -> int:
    """Start every job that is due, here and now or by `start`; returns how many. One's failure delays no other."""
    from core.models import Heartbeat, JobRun

    if quarantine.is_quiet():
        return 0
    at, started = clock.now(), 0
    due = {name: entry.period(at, zone()) for name, entry in JOBS.items()}
    rows = JobRun.objects.filter(Q(job__in=due, period__in=set(due.values())) | Q(finished_at=None))
    alive = set(Heartbeat.objects.filter(at__gt=at - GONE).values_list("name", flat=True))
    known: dict[str, list[Any]] = {}
    for row in rows.order_by("pk"):
        known.setdefault(row.job, []).append(row)
    for name, entry in list(JOBS.items()):
        held = known.get(name, [])
        try:
            taken = None if _in_hand(held, alive) else _take(entry, due[name], held, worker)
        except Exception:
            log.exception("job could not be started", extra={"job": name})
            continue
        if taken is not None:
            (start or run)(entry, taken)
            started += 1
    return started


def run(entry: Job, row: Any) -> None:
    """Run a job that was taken and note how it went; never raises."""
    from core.models import JobRun

    error, token = "", request_id.set(uuid.uuid4().hex)
    try:
        entry.function()
    except Exception as problem:
        log.exception("job failed", extra={"job": entry.name, "period": row.period})
        error = f"{type(problem).__name__}: {problem}"
    else:
        log.info("job done", extra={"job": entry.name, "period": row.period})
    finally:
        request_id.reset(token)
    mine = JobRun.objects.filter(pk=row.pk, tries=row.tries, finished_at=None)
    mine.update(finished_at=clock.now(), error=error)
    old = Q(started_at__lt=clock.now() - KEEP)
    if entry.every is not None:
        old |= Q(error="", started_at__lt=clock.now() - max(KEEP_SLOTS, 2 * entry.every))
    JobRun.objects.filter(old, job=entry.name).exclude(finished_at=None).delete()


def request(name: str) -> bool:
    """Have a worker run a job by hand, inside an action; False while it runs or is asked for already."""
    from core.models import JobRun

    if JobRun.objects.filter(job=name, finished_at=None).exists():
        return False
    at = clock.now()
    JobRun.objects.create(job=name, period=f"by hand {at:%Y-%m-%d %H:%M:%S.%f}", started_at=at, tries=0)  # fmt: skip
    return True


def ring() -> None:
    """Wake a worker: something is due, at once or when the transaction commits.

    Failing to ring is logged, never raised: a sweep finds the rows anyway.
    """
    if "redis" in settings.Q_CLUSTER:
        transaction.on_commit(_ring)
    else:
        _ring()  # a row of our own database: it comes and goes with the transaction


def _ring() -> None:
    from django_q.tasks import async_task

    try:
        async_task("core.relay.drain", broker=_broker())
    except Exception:
        log.warning("could not ring for the worker", exc_info=True)


@cache
def _broker() -> Any:
    from django_q.brokers import get_broker

    return get_broker()  # which connects to Redis each time


def _in_hand(held: list[Any], alive: set[str]) -> bool:
    return any(row.finished_at is None and row.tries and row.worker in alive for row in held)


def _take(entry: Job, period: str, held: list[Any], worker: str) -> Any:
    """Return the run that is to be started now, ours alone: asked for, left behind, failed, or a new period's."""
    from core.models import JobRun

    at = clock.now()
    for row in held:
        is_failed = entry.every is None and row.error and row.period == period and row.tries < TRIES
        if row.finished_at is None or (is_failed and row.finished_at < at - AGAIN):
            seen = JobRun.objects.filter(pk=row.pk, tries=row.tries, finished_at=row.finished_at)
            if row.tries >= TRIES:
                seen.update(finished_at=at, error="The worker died each time this ran.")
                continue
            taken = {"worker": worker, "started_at": at, "finished_at": None, "error": ""}
            if seen.update(tries=F("tries") + 1, **taken):
                row.tries += 1
                return row
            return None
    if any(row.period == period for row in held):
        return None
    if entry.every is None:
        came = moment(date.fromisoformat(period), entry.daily, zone())
        is_today = at.astimezone(ZoneInfo(zone())).date().isoformat() == period
        if not is_today and not JobRun.objects.filter(started_at__lt=came).exists():
            return None  # a new install missed nothing
    try:
        with transaction.atomic():
            return JobRun.objects.create(job=entry.name, period=period, started_at=at, worker=worker)  # fmt: skip
    except IntegrityError:
        return None
