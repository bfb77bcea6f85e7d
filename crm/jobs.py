"""Work on the clock: rotting deals, due tasks, silent leads, the night's figures."""

import contextlib
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import ngettext

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import User, Workspace
from accounts.roles import ADMIN, MANAGER
from core import clock, files
from core.bulk import sliced
from core.errors import Refused
from core.jobs import job
from crm.actions.documents import note_check, open_file
from crm.actions.duplicates import request_scan
from crm.actions.imports import expire_import
from crm.actions.operations import forget_operations
from crm.actions.reminders import claim_day
from crm.actions.reports import send_report
from crm.actions.rotting import mark_rotting, recount_all
from crm.actions.scoring import rescore_all, train_score
from crm.actions.snapshots import catch_up, count_cohorts
from crm.actions.tickets import close_ticket, escalate_ticket
from crm.lead_rules import WORKING
from crm.models import Lead, Ticket
from crm.queries.alarms import alarms
from crm.queries.calendar import starting_soon, to_remind
from crm.queries.documents import longest_unchecked, unnamed_files
from crm.queries.imports import expired_imports
from crm.queries.periods import asked_of
from crm.queries.rotting import due_for_a_look, stuck_untold, touched_at
from crm.queries.schedules import due_schedules
from crm.queries.scoring import active_model
from crm.queries.tickets import to_escalate
from crm.queries.today import silent_contacts
from crm.scoring import SILENCE_FREE_DAYS

CHECKED = 2_000  # files in one night
REMINDERS = Actor.job("reminders")


@job(daily="07:00")
def find_rotting_deals() -> None:
    """Say which open deals nobody touched for longer than their stage allows."""
    recount_all(due_for_a_look())
    today = clock.today(Workspace.current().timezone)
    for deal in sliced(stuck_untold()):
        days = (clock.now() - touched_at(deal)).days
        mark_rotting(deal, actor=Actor.job("rotting"), days_silent=days, on=today)


@job(every=timedelta(minutes=5))
def remind_due_activities() -> None:
    """Tell each person once what is due on their day, from 8:00 on their clock; older days stand on their page."""
    for user, today in to_remind(clock.now()):
        claim_day(user, actor=REMINDERS, on=today)


@job(every=timedelta(minutes=1))
def remind_of_meetings() -> None:
    """Tell people of a meeting that starts soon, as long before as each of them chose; of a moved one again."""
    now = clock.now()
    for meeting, user, start in starting_soon(now):
        minutes = max(1, round((start - now).total_seconds() / 60))
        there = start.astimezone(ZoneInfo(user.timezone))
        text = f"In {minutes} min, at {there:%H:%M}: {meeting.subject}. {meeting.place}".strip()
        url, key = meeting.get_absolute_url(), f"meeting:{meeting.pk}:{start}"
        notify(user, actor=REMINDERS, key=key, kind="activity.soon", text=text, url=url, email=True)


@job(daily="07:45", weekday=0)
def recommend_follow_ups() -> None:
    """Tell everybody on Mondays how many of their customers nobody has spoken to for 30 days."""
    week = f"{clock.today(Workspace.current().timezone):%G-W%V}"
    silent = silent_contacts().filter(owner__is_active=True)
    counts = dict(silent.values_list("owner").annotate(Count("pk")))
    for user in User.objects.filter(pk__in=counts):
        number = counts[user.pk]
        text = ngettext(
            "%(n)s contact has heard nothing for 30 days. Get in touch again.",
            "%(n)s contacts have heard nothing for 30 days. Get in touch again.",
            number,
        )
        notify(
            user,
            actor=REMINDERS,
            key=f"silent:{week}:{user.pk}",
            kind="contact.silent",
            text=text % {"n": number},
            url=f"{reverse('crm:contact-list')}?silent=yes&owner=me",
        )


@job(daily="05:00", weekday=0)
def decay_scores() -> None:
    """Lower the score of open leads with which nothing happened for 30 days."""
    before = clock.now() - timedelta(days=SILENCE_FREE_DAYS)
    quiet = Q(contact__last_activity_at__lt=before) | Q(contact__last_activity_at=None, created_at__lt=before)
    leads = Lead.objects.filter(quiet, status__in=WORKING)
    rescore_all(leads, actor=Actor.job("score decay"), model=active_model())


@job(daily="04:30", weekday=0)
def train_scores() -> None:
    """Learn the score anew from how leads ended, once enough of them have, and score the open ones by it."""
    actor = Actor.job("score")
    with contextlib.suppress(Refused):
        rescore_all(Lead.objects.open(), actor=actor, model=train_score(actor=actor).weights)


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


@job(daily="03:50")
def check_documents() -> None:
    """Compare the files that nobody looked at for the longest time with their checksums."""
    actor = Actor.job("documents")
    for row in longest_unchecked(CHECKED):
        with contextlib.suppress(files.Damaged):
            open_file(row, actor=actor).close()
            note_check(row, actor=actor, is_whole=True)


@job(daily="04:20")
def forget_deleted_documents() -> None:
    """Delete the files of documents that nobody can bring back any more."""
    for path in unnamed_files():
        files.remove(path)


@job(every=timedelta(minutes=1))
def escalate_tickets() -> None:
    """Tell of tickets that are soon due, and of those that are late."""
    for ticket in sliced(to_escalate()):
        escalate_ticket(ticket, actor=Actor.job("escalation"))


@job(daily="04:10")
def close_solved_tickets() -> None:
    """Close the tickets that were solved some days ago and stayed so."""
    before = clock.now() - timedelta(days=Workspace.current().ticket_close_days)
    solved = Ticket.objects.filter(status=Ticket.Status.RESOLVED, resolved_at__lt=before)
    for ticket in sliced(solved):
        close_ticket(ticket, actor=Actor.job("closing"))


@job(daily="00:20")
def analytics_snapshot() -> None:
    """Write how the pipeline stood last night, and on days that were missed."""
    catch_up(Actor.job("snapshot"))


@job(every=timedelta(hours=1))
def count_leads_by_month() -> None:
    """Count the leads of past months, where they are many, for the reports."""
    count_cohorts(Actor.job("figures"))


@job(daily="07:30")
def tell_unusual_figures() -> None:
    """Tell managers, and administrators where there are none, which of the figures that they read are unusual."""
    people = User.objects.active().with_role(MANAGER) or User.objects.active().with_role(ADMIN)
    today = clock.today(Workspace.current().timezone)
    for user in people:
        for figure, text in alarms(Actor.for_user(user), asked_of({})):
            notify(
                user,
                actor=Actor.job("figures"),
                key=f"unusual:{figure}:{today}:{user.pk}",
                kind="figure.unusual",
                text=text,
                url=reverse("accounts:dashboard"),
                email=True,
            )


@job(every=timedelta(minutes=10))
def send_due_reports() -> None:
    """Send the reports whose hour has come, once on each of their days."""
    local = clock.now().astimezone(ZoneInfo(Workspace.current().timezone))
    for schedule in due_schedules(local):
        send_report(schedule, actor=Actor.job("reports"), on=local.date())
