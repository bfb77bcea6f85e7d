"""The figures of the start pages, each over what the person may see."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from accounts.models import Workspace
from core import clock
from crm.lead_rules import WORKING
from crm.models import Activity, Approval, Deal, Lead


def unassigned_leads(actor: Any) -> int:
    """How many leads on which sales works have no owner."""
    return actor.visible("lead:read", Lead.objects.filter(owner=None, status__in=WORKING)).count()  # type: ignore[no-any-return]


def deal_figures(actor: Any) -> dict[str, int]:
    """What the open deals are worth, and what was won this month, in the workspace's currency."""
    deals = actor.visible("deal:read", Deal.objects.filter(currency=Workspace.current().currency))
    start = clock.today(_zone(actor)).replace(day=1)
    found: dict[str, int] = {}
    for status, rows in (("open", deals), ("won", deals.filter(closed_on__gte=start))):
        sums = rows.filter(status=status).aggregate(n=Count("*"), worth=Sum("value_minor", default=0))
        found |= {status: sums["n"], f"{status}_minor": sums["worth"]}
    return found


def due_activities(actor: Any, *, mine: bool, most: int = 8) -> list[Activity]:
    """The open activities with a date up to tonight, the most urgent first."""
    zone = ZoneInfo(_zone(actor))
    tonight = datetime.combine(clock.today(_zone(actor)), time.max, zone)
    due = actor.visible("activity:read", Activity.objects.filter(completed_at=None))
    due = due.filter(due_at__lte=tonight)
    if mine:
        due = due.filter(actor=actor.user)
    return list(due.select_related("contact", "lead", "deal", "actor").order_by("due_at", "pk")[:most])


def waiting_approvals(actor: Any, most: int = 5) -> list[Approval]:
    """The approvals that the person may decide, the oldest first."""
    waiting = actor.visible("deal:approve", Approval.objects.filter(state="pending"))
    return list(waiting.select_related("deal__contact", "requested_by").order_by("pk")[:most])


def _zone(actor: Any) -> str:
    return str(actor.user.timezone if actor.user else Workspace.current().timezone)
