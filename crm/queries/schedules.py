"""Reading the reports that go out by mail."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import ReportRecipient, ReportSchedule
from crm.queries.filters import one


def schedules_for(actor: Actor) -> QuerySet[ReportSchedule]:
    """Return the scheduled reports that the actor may change."""
    rows = actor.visible("report:schedule", ReportSchedule.objects.all())
    return rows.select_related("maker").prefetch_related("recipients__user").order_by("report", "pk")


def schedule_for(actor: Actor, pk: int) -> ReportSchedule:
    """Return one of them; raises NotFound."""
    return one(schedules_for(actor), pk, _("There is no such report."))


def subscriptions_of(actor: Actor) -> QuerySet[ReportRecipient]:
    """Return the reports that the actor gets by mail."""
    rows = ReportRecipient.objects.filter(user=actor.user)
    return rows.select_related("schedule__maker").order_by("schedule__report", "pk")


def subscription_of(actor: Actor, pk: int) -> ReportRecipient:
    """Return one of them; raises NotFound."""
    return one(subscriptions_of(actor), pk, _("You do not get this report."))


def due_schedules(local: datetime) -> QuerySet[ReportSchedule]:
    """Return what is to go out by this local time and did not yet today."""
    rows = ReportSchedule.objects.filter(is_active=True, hour__lte=local.hour)
    rows = rows.filter(Q(weekday=None) | Q(weekday=local.weekday()))
    return rows.exclude(sent_on=local.date()).order_by("pk")
