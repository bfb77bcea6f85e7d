"""The figures of the start pages, each over what the person may see."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum

from accounts.models import Workspace
from core import clock
from crm.models import Activity, Approval, Deal, Lead


def month_start(zone: str) -> datetime:
    """The first moment of this month in a time zone."""
    return datetime.combine(clock.today(zone).replace(day=1), time(), ZoneInfo(zone))


def lead_figures(actor: Any) -> dict[str, int]:
    """How many leads are open, contacted, interested, with a proposal out, paid; and without owner."""
    working = Q(status__in=("new", "contacted", "qualified"))
    far = ("CONTACTED", "INTERESTED", "PROPOSAL_SENT", "PAID")
    return actor.visible("lead:read", Lead.objects.all()).aggregate(
        total=Count("pk"),
        open=Count("pk", filter=working),
        new_this_month=Count("pk", filter=Q(created_at__gte=month_start(_zone(actor)))),
        unassigned=Count("pk", filter=working & Q(owner=None)),
        contacted=Count("pk", filter=Q(stage__in=far)),
        interested=Count("pk", filter=Q(stage__in=far[1:])),
        proposal=Count("pk", filter=Q(stage__in=far[2:])),
        paid=Count("pk", filter=Q(stage="PAID")),
    )


def deal_figures(actor: Any) -> dict[str, int]:
    """What the open deals are worth, and what was won this month, in the workspace's currency."""
    deals = actor.visible("deal:read", Deal.objects.filter(currency=Workspace.current().currency))
    start = clock.today(_zone(actor)).replace(day=1)
    won = Q(status="won", closed_on__gte=start)
    found = deals.aggregate(
        open=Count("pk", filter=Q(status="open")),
        open_minor=Sum("value_minor", filter=Q(status="open")),
        won=Count("pk", filter=won),
        won_minor=Sum("value_minor", filter=won),
    )
    return {name: value or 0 for name, value in found.items()}


def due_activities(actor: Any, *, mine: bool, most: int = 8) -> list[Activity]:
    """The open activities with a date up to tonight, the most urgent first."""
    zone = ZoneInfo(_zone(actor))
    tonight = datetime.combine(clock.today(_zone(actor)), time.max, zone)
    due = actor.visible("activity:read", Activity.objects.filter(completed_at=None))
    due = due.filter(due_at__lte=tonight)
    if mine:
        due = due.filter(actor=actor.user)
    return list(
        due.select_related("contact", "lead", "deal", "actor").order_by("due_at", "pk")[:most]
    )


def waiting_approvals(actor: Any, most: int = 5) -> list[Approval]:
    """The approvals that the person may decide, the oldest first."""
    waiting = actor.visible("deal:approve", Approval.objects.filter(state="pending"))
    return list(waiting.select_related("deal__contact", "requested_by").order_by("pk")[:most])


def hot_leads(actor: Any, *, mine: bool, most: int = 6) -> list[Lead]:
    """The warmest leads that still wait for a move."""
    leads = actor.visible(
        "lead:read", Lead.objects.filter(status__in=("new", "contacted", "qualified"))
    )
    if mine:
        leads = leads.filter(owner=actor.user)
    return list(leads.select_related("contact").order_by("-score", "-pk")[:most])


def deals_without_step(actor: Any, most: int = 5) -> list[Deal]:
    """The person's open deals for which nothing is planned, the largest first."""
    deals = actor.visible("deal:read", Deal.objects.filter(status="open", owner=actor.user))
    planned = Q(activities__completed_at=None, activities__due_at__isnull=False)
    idle = deals.exclude(pk__in=Deal.objects.filter(planned).values("pk"))
    return list(idle.select_related("contact", "stage").order_by("-value_minor", "-pk")[:most])


def _zone(actor: Any) -> str:
    return str(actor.user.timezone if actor.user else Workspace.current().timezone)
