"""Reading deals, and what stands against a verb on one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.actor import Actor
from core import clock
from core.registry import refusals
from crm.models import Activity, Deal
from crm.queries.filters import narrow, one

REOPEN_DAYS = 30
COLUMNS = ("status", "currency")
IDS = ("pipeline", "stage", "contact", "lead")
SEARCHED = (
    "title__icontains", "contact__company_name__icontains", "contact__first_name__icontains",
    "contact__last_name__icontains",
)  # fmt: skip


def deals_for(
    actor: Actor, filters: Mapping[str, Any] | None = None, *, permission: str = "deal:read"
) -> QuerySet[Deal]:
    """Return the deals that the actor may see, newest first.

    Filters: status, currency, pipeline, stage, contact, lead, owner ("me", "none" or an id), q.
    """
    deals = Deal.objects.select_related("contact", "owner", "stage", "pipeline", "lead")
    deals = narrow(actor.visible(permission, deals), filters, actor, COLUMNS, SEARCHED, ids=IDS)
    return deals.order_by("-created_at", "-id")


def deal_for(actor: Actor, pk: int, permission: str = "deal:read") -> Deal:
    """Return one deal that the actor may see; raises NotFound."""
    rows = deals_for(actor, permission=permission)
    return one(rows, pk, "There is no such deal. It may have been deleted.")


def reopen_blockers(deal: Deal) -> list[str]:
    """Return why a deal cannot be reopened: its status, its age, or what other apps object to."""
    if deal.status != "won" or deal.won_at is None:
        return ["Only a won deal can be reopened. Make a new deal instead."]
    if clock.now() - deal.won_at > timedelta(days=REOPEN_DAYS):
        return [f"A deal can be reopened for {REOPEN_DAYS} days. Make a new deal instead."]
    return refusals("deal.reopen", deal)


def rotting_deals() -> list[tuple[Deal, int]]:
    """Return the open deals that nobody touched for longer than their stage allows, with the days.

    Planned work ahead pauses the clock; a deal that was told about is left out until it is touched.
    """
    now = clock.now()
    planned = Activity.objects.filter(deal=OuterRef("pk"), completed_at=None, due_at__gte=now)
    deals = Deal.objects.open().filter(stage__rot_days__isnull=False, rotting_told_on=None)
    found = []
    for deal in deals.exclude(Exists(planned)).select_related("stage").iterator(chunk_size=500):
        since = max(filter(None, (deal.last_touch_at, deal.stage_since, deal.created_at)))
        days = (now - since).days
        if days > (deal.stage.rot_days or 0):
            found.append((deal, days))
    return found
