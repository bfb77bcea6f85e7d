"""The figures of the start pages, each over what the person may see."""

from datetime import datetime, time
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from accounts.models import Workspace
from core import clock
from crm.models import Activity, Approval, Deal, Lead
from crm.queries.scoring import WORKING


def month_start(zone: str) -> datetime:
    """The first moment of this month in a time zone."""
    return datetime.combine(clock.today(zone).replace(day=1), time(), ZoneInfo(zone))


def lead_figures(actor: Any) -> dict[str, Any]:
    """How many leads are open, contacted, interested, with a proposal out, paid; and without owner; since when."""
    leads = actor.visible("lead:read", Lead.objects.order_by())
    groups, as_of = kept(leads.values("owner_id", "status", "stage").annotate(n=Count("*")))
    far = ("CONTACTED", "INTERESTED", "PROPOSAL_SENT", "PAID")

    def number(*stages: str) -> int:
        return sum(group["n"] for group in groups if group["stage"] in stages)

    working = [group for group in groups if group["status"] in WORKING]
    return {
        "total": sum(group["n"] for group in groups),
        "open": sum(group["n"] for group in working),
        "unassigned": sum(one["n"] for one in working if one["owner_id"] is None),
        "contacted": number(*far),
        "interested": number(*far[1:]),
        "proposal": number(*far[2:]),
        "paid": number("PAID"),
        "as_of": as_of,
    }


def leads_this_month(actor: Any) -> int:
    """How many leads came in this month."""
    leads = actor.visible("lead:read", Lead.objects.all())
    return leads.filter(created_at__gte=month_start(_zone(actor))).count()


def deal_figures(actor: Any) -> dict[str, int]:
    """What the open deals are worth, and what was won this month, in the workspace's currency."""
    deals = actor.visible("deal:read", Deal.objects.filter(currency=Workspace.current().currency))
    start = clock.today(_zone(actor)).replace(day=1)
    found: dict[str, int] = {}
    for status, rows in (
        ("open", deals.filter(status="open")),
        ("won", deals.filter(status="won", closed_on__gte=start)),
    ):
        sums = rows.order_by().values("status").annotate(n=Count("*"), worth=Sum("value_minor"))
        row = next(iter(kept(sums)[0]), {"n": 0, "worth": 0})
        found |= {status: row["n"], f"{status}_minor": row["worth"] or 0}
    return found


def kept(groups: QuerySet[Any]) -> tuple[list[dict[str, Any]], datetime | None]:
    """Return groups of rows, each with its number `n`, and since when it is so: None for now.

    What had to look at many rows is kept for a minute, under its statement, which says who sees what.
    """
    if groups.query.is_empty():
        return [], None
    statement = str(groups.query)
    found, at, until = _KEPT.get(statement, ([], None, 0.0))
    if monotonic() < until:
        return found, at
    found = list(groups)
    if sum(group["n"] for group in found) > MANY:
        if len(_KEPT) > MOST_KEPT:
            _KEPT.clear()
        _KEPT[statement] = (found, clock.now(), monotonic() + KEEP_SECONDS)
    return found, None


_KEPT: dict[str, tuple[list[dict[str, Any]], datetime | None, float]] = {}
MANY, KEEP_SECONDS, MOST_KEPT = 20_000, 60, 500


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
    leads = actor.visible("lead:read", Lead.objects.filter(status__in=WORKING))
    if mine:
        leads = leads.filter(owner=actor.user)
    return list(leads.select_related("contact").order_by("-score", "-pk")[:most])


def deals_without_step(actor: Any, most: int = 5) -> list[Deal]:
    """The person's open deals for which nothing is planned, the largest first."""
    deals = actor.visible("deal:read", Deal.objects.filter(status="open", owner=actor.user))
    planned = Activity.objects.filter(deal=OuterRef("pk"), completed_at=None, due_at__isnull=False)
    idle = deals.exclude(Exists(planned))
    return list(idle.select_related("contact", "stage").order_by("-value_minor", "-pk")[:most])


def _zone(actor: Any) -> str:
    return str(actor.user.timezone if actor.user else Workspace.current().timezone)
