"""Work on the clock: rotting deals, due tasks, silent leads."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import User, Workspace
from core import clock
from core.jobs import job
from crm.actions.duplicates import request_scan
from crm.actions.imports import expire_import
from crm.actions.leads import rescore_lead
from crm.actions.operations import forget_operations
from crm.actions.rotting import mark_rotting, recount_all
from crm.models import Activity, Lead
from crm.queries.imports import expired_imports
from crm.queries.rotting import due_for_a_look, stuck_untold, touched_at
from crm.scoring import SILENCE_FREE_DAYS


@job(daily="07:00")
def find_rotting_deals() -> None:
    """Say which open deals nobody touched for longer than their stage allows."""
    recount_all(due_for_a_look())
    today = clock.today(Workspace.current().timezone)
    for deal in stuck_untold().iterator(chunk_size=500):
        days = (clock.now() - touched_at(deal)).days
        mark_rotting(deal, actor=Actor.job("rotting"), days_silent=days, on=today)


@job(daily="08:00")
def remind_due_activities() -> None:
    """Tell each person once what is due today; older days are listed on their page, not mailed."""
    zone = Workspace.current().timezone
    today = clock.today(zone)
    start = datetime.combine(today, time.min, ZoneInfo(zone))
    due = Activity.objects.filter(
        completed_at=None,
        due_at__gte=start,
        due_at__lt=start + timedelta(days=1),
        actor__is_active=True,
    )
    subjects: dict[int, list[str]] = {}
    for person, subject in due.order_by("due_at", "id").values_list("actor_id", "subject"):
        subjects.setdefault(person, []).append(subject)
    for user in User.objects.filter(pk__in=subjects):
        mine = subjects[user.pk]
        more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
        notify(
            user,
            actor=Actor.job("reminders"),
            key=f"due:{user.pk}:{today}",
            kind="activity.due",
            text=f"Due today: {mine[0]}{more}.",
            url=reverse("accounts:today"),
            email=True,
        )


@job(daily="05:00", weekday=0)
def decay_scores() -> None:
    """Lower the score of open leads with which nothing happened for 30 days."""
    before = clock.now() - timedelta(days=SILENCE_FREE_DAYS)
    quiet = Q(contact__last_activity_at__lt=before) | Q(
        contact__last_activity_at=None, created_at__lt=before
    )
    leads = Lead.objects.filter(quiet, status__in=("new", "contacted", "qualified"))
    for lead in leads.iterator(chunk_size=500):
        rescore_lead(lead, actor=Actor.job("score decay"))


@job(daily="03:30")
def forget_old_operations() -> None:
    """Drop the images of rows that nobody can undo any more."""
    forget_operations(actor=Actor.job("operations"))


@job(daily="02:15")
def find_duplicates() -> None:
    """Compare all contacts with all others, so that the queue knows today's names and what files brought."""
    request_scan(actor=Actor.job("radar"))


@job(daily="03:40")
def forget_imported_files() -> None:
    """Delete uploaded files that nobody can mend or undo by any more."""
    for run in expired_imports():
        expire_import(run, actor=Actor.job("imports"))
