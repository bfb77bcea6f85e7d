"""Work on the clock, and the doorbell; the only importer of django_q.

The queue carries nothing but a ring ("look at the rows"); losing it costs latency, never work. Jobs are run by
`tick`, once per period however many workers ask: the JobRun row decides.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction

from core import clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A function without arguments and when it runs: every `every`, or daily/weekly at a local wall time."""

    name: str
    function: Callable[[], None]
    every: timedelta | None = None
    daily: str = ""
    weekday: int | None = None

    def period(self, at: datetime, zone: str) -> str | None:
        """Return the period that is due at `at`, or None before its hour; missed days are not caught up."""
        if self.every is not None:
            return f"slot {int(at.timestamp() // self.every.total_seconds())}"
        local = at.astimezone(ZoneInfo(zone))
        if self.weekday is not None and local.weekday() != self.weekday:
            return None
        if local.strftime("%H:%M") < self.daily:
            return None
        return local.date().isoformat()


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


def tick() -> int:
    """Run every job whose period is due and not yet run; one job's failure delays no other. Returns the number run."""
    at, zone, ran = clock.now(), _zone[0](), 0
    for entry in list(JOBS.values()):
        period = entry.period(at, zone)
        if period is not None and _first(entry.name, period):
            _run(entry, period)
            ran += 1
    return ran


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


def _first(name: str, period: str) -> bool:
    from core.models import JobRun

    if JobRun.objects.filter(job=name, period=period).exists():
        return False
    try:
        with transaction.atomic():
            JobRun.objects.create(job=name, period=period, started_at=clock.now())
    except IntegrityError:
        return False
    return True


def _run(entry: Job, period: str) -> None:
    from core.models import JobRun

    error = ""
    try:
        entry.function()
    except Exception as problem:
        log.exception("job failed", extra={"job": entry.name})
        error = f"{type(problem).__name__}: {problem}"
    JobRun.objects.filter(job=entry.name, period=period).update(
        finished_at=clock.now(), error=error
    )
    if entry.every is not None:
        JobRun.objects.filter(
            job=entry.name, started_at__lt=clock.now() - timedelta(days=1)
        ).delete()
