"""Reading how the jobs on the clock are doing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.actor import Actor
from core import backups, clock, health, jobs
from core.models import Delivery, JobRun

MOST_FAILURES = 20


@dataclass(frozen=True)
class JobRow:
    """A job: when it runs, its last run if any, and the next."""

    job: jobs.Job
    last: JobRun | None
    next_at: datetime

    @property
    def title(self) -> str:
        """What it is called."""
        return title_of(self.job.name)

    @property
    def words(self) -> str:
        """What it does."""
        return (self.job.function.__doc__ or "").strip().partition("\n")[0]

    @property
    def took(self) -> timedelta | None:
        """How long the last run took."""
        return took(self.last) if self.last else None


def jobs_for(actor: Actor) -> list[JobRow]:
    """Return all jobs, the next one first, for those who keep the settings."""
    if not actor.can("settings:manage"):
        return []
    last = {row.job: row for row in jobs.last_runs()}
    at, zone = clock.now(), jobs.zone()
    rows = [JobRow(job, last.get(name), job.next_at(at, zone)) for name, job in jobs.JOBS.items()]
    return sorted(rows, key=lambda row: (row.next_at, row.job.name))


def failures_for(actor: Actor) -> list[JobRun]:
    """Return the last runs that failed, each with its reason."""
    rows = JobRun.objects.exclude(error="").order_by("-pk")
    return list(rows[:MOST_FAILURES]) if actor.can("settings:manage") else []


def buried_for(actor: Actor) -> QuerySet[Delivery]:
    """Return the deliveries that were given up, the oldest first, for those who keep the settings."""
    rows = Delivery.objects.filter(buried_at__isnull=False) if actor.can("settings:manage") else Delivery.objects.none()
    return rows.select_related("event").order_by("pk")


def backup_trouble() -> str:
    """Return in words why there is no new backup; "" while the last one was made, and within a day."""
    is_fresh, said = health.backup_is_fresh()
    failed = jobs.last_runs().filter(job="accounts.jobs.back_up_everything").exclude(error="").first()
    if failed and not any(one.made_at > failed.started_at for one in backups.stored()[:1]):
        return f"The last backup failed. {failed.error.partition(': ')[2]}"
    return "" if is_fresh else said


def title_of(name: str) -> str:
    """Return a job's name in words."""
    return name.rpartition(".")[2].replace("_", " ").capitalize()


def took(run: JobRun) -> timedelta | None:
    """Return how long a run took."""
    return run.finished_at - run.started_at if run.finished_at else None
