"""Reports go out by mail, and goals are set."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import Team, User
from core.actions import action
from core.effects import plan
from core.errors import Invalid, Refused
from core.events import publish
from crm.events.analytics import GoalSet, ReportDue, ReportLeft, ReportScheduled
from crm.forms.leads import NothingForm
from crm.forms.reports import ScheduleReportForm, SetGoalForm
from crm.models import Goal, ReportRecipient, ReportSchedule
from crm.queries.reports import REPORTS

READ = "analytics:read"


@action("report.schedule", permission="report:schedule", form=ScheduleReportForm)
def schedule_report(*, actor: Actor, recipients: Iterable[User], **values: Any) -> ReportSchedule:
    """Send a report by mail at an hour of one weekday, or of every day; each reader gets it with their own rights.

    Refused for readers who may read no reports.
    """
    if actor.user is None:
        raise Refused(_("A scheduled report belongs to a person."))
    schedule = ReportSchedule.objects.create(maker=actor.user, **values)
    return _addressed(schedule, recipients, actor)


@action("report.reschedule", permission="report:schedule", form=ScheduleReportForm)
def reschedule_report(
    schedule: ReportSchedule, *, actor: Actor, recipients: Iterable[User], **values: Any
) -> ReportSchedule:
    """Send a report differently, or to others."""
    schedule.store(**values)
    return _addressed(schedule, recipients, actor)


@action("report.switch", permission="report:schedule", form=NothingForm)
def switch_report(schedule: ReportSchedule, *, actor: Actor) -> ReportSchedule:
    """Switch the mails of a report off, or on again."""
    schedule.store(is_active=not schedule.is_active)
    _say(schedule, actor)
    return schedule


@action("report.unsubscribe", permission="profile:update", form=NothingForm)
def leave_report(recipient: ReportRecipient, *, actor: Actor) -> None:
    """Get a report by mail no more."""
    publish(ReportLeft(recipient.schedule_id, recipient.user_id), actor=actor)
    recipient.delete()


@action("report.send", permission=None)
def send_report(schedule: ReportSchedule, *, actor: Actor, on: date) -> ReportSchedule:
    """Plan a report's mails of a day, once. Who may read no reports any more gets none, and its maker hears of it."""
    if schedule.sent_on == on or not schedule.is_active:
        return schedule
    schedule.store(sent_on=on)
    label = REPORTS[schedule.report].label
    for one in schedule.recipients.select_related("user"):
        if one.user.is_active and Actor.for_user(one.user).can(READ):
            key = mail_key(schedule.pk, one.user_id, on)
            plan(key, kind="email", repeatable=False, subject=("report", schedule.pk))
            publish(ReportDue(schedule.pk, one.user_id, on), actor=actor)
            continue
        leave_report(one, actor=Actor.system("reports"))
        text = _("%(who)s may not read reports any more and gets “%(report)s” no longer.")
        text %= {"who": one.user, "report": label}
        notify(schedule.maker, actor=actor, kind="report.left", url=reverse("crm:schedule-list"), text=text)
    return schedule


@action("goal.set", permission="goal:manage", form=SetGoalForm)
def set_goal(*, actor: Actor, team: Team | None, month: date, figure: str, amount: int | None) -> Goal | None:
    """Say what a team, or the whole house, wants of a figure in a month; no amount takes the goal away."""
    which = {"team": team, "month": month, "figure": figure}
    goal = Goal.objects.select_for_update().filter(**which).first()
    actor.require("goal:manage", goal or Goal(**which))
    if amount:
        goal = goal or Goal.objects.create(**which, amount=amount)
        goal.store(amount=amount)
    elif goal is not None:
        goal.delete()
        goal = None
    publish(GoalSet(goal.pk if goal else 0, figure, month, amount or 0, team.pk if team else None), actor=actor)
    return goal


def mail_key(schedule: int, user: int, on: date) -> str:
    """Name the mail of a report to one reader on one day."""
    return f"report:{schedule}:{user}:{on}"


def _addressed(schedule: ReportSchedule, recipients: Iterable[User], actor: Actor) -> ReportSchedule:
    people = list(recipients)
    if strangers := [str(one) for one in people if not Actor.for_user(one).can(READ)]:
        said = _("%(who)s may not read reports. Leave them out.") % {"who": ", ".join(strangers)}
        raise Invalid({"recipients": [said]})
    schedule.recipients.exclude(user__in=people).delete()
    rows = [ReportRecipient(schedule=schedule, user=one) for one in people]
    ReportRecipient.objects.bulk_create(rows, ignore_conflicts=True)
    _say(schedule, actor)
    return schedule


def _say(schedule: ReportSchedule, actor: Actor) -> None:
    publish(ReportScheduled(schedule.pk, schedule.report, schedule.is_active), actor=actor)
