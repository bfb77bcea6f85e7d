"""The deal board: for each stage at most fifty cards, and figures over all its deals, in four statements."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber

from accounts.actor import Actor
from core import clock
from core.money import Money
from crm.models import Approval, Deal, Pipeline, Stage
from crm.queries.deals import deals_for

SHOWN = 50
WON_DAYS = 30
WON = 0  # the column of won deals; stages have their own ids


def board_of(actor: Actor, pipeline: Pipeline, currency: str) -> dict[str, Any]:
    """Return the columns of a pipeline, what is open, its weighted worth and how many deals are stuck.

    Sums count the deals in `currency` only; a column holds its fifty dearest deals.
    """
    now = clock.now()
    shown = Q(status="open") | Q(status="won", won_at__gte=now - timedelta(days=WON_DAYS))
    deals = deals_for(actor).filter(shown, pipeline=pipeline).order_by()
    deals = deals.annotate(
        column=Case(
            When(status="won", then=Value(WON)),
            default=F("stage_id"),
            output_field=BigIntegerField(),
        ),
        here_since=Coalesce("stage_since", "created_at"),
    )
    stages = list(pipeline.stages.order_by("order", "pk"))
    figures = figures_of(deals, stages, currency, now)
    cards = cards_of(deals, now)
    columns = [
        column(stage, stage.name, figures.get(stage.pk, {}), cards.get(stage.pk, []), currency)
        for stage in stages
    ]
    columns.append(column(None, "Won", figures.get(WON, {}), cards.get(WON, []), currency))
    still_open = [entry for key, entry in figures.items() if key != WON]
    return {
        "columns": columns,
        "open": Money(sum(entry["worth"] or 0 for entry in still_open), currency),
        "weighted": Money(sum(entry["chance"] or 0 for entry in still_open) // 100, currency),
        "stuck": sum(entry["stuck"] for entry in still_open),
    }


def figures_of(
    deals: QuerySet[Deal], stages: list[Stage], currency: str, now: datetime
) -> dict[int, dict[str, Any]]:
    """Return for each column the number of deals, their worth, their weighted worth and how many are stuck."""
    stuck = Q(pk__in=())
    for stage in stages:
        if stage.rot_days:
            # A deal rots on the day after its limit, so that today's limit is still in time.
            limit = now - timedelta(days=stage.rot_days + 1)
            stuck |= Q(status="open", stage=stage, here_since__lte=limit)
    ours = Q(currency=currency)
    rows = deals.values("column").annotate(
        count=Count("pk"),
        worth=Sum("value_minor", filter=ours),
        chance=Sum(F("value_minor") * F("probability"), filter=ours),
        stuck=Count("pk", filter=stuck),
    )
    return {row["column"]: row for row in rows}


def cards_of(deals: QuerySet[Deal], now: datetime) -> dict[int, list[Deal]]:
    """Return the dearest deals of each column, with their days in the stage and their next planned work."""
    place = Window(
        RowNumber(), partition_by=[F("column")], order_by=[F("value_minor").desc(), F("pk").desc()]
    )
    chosen = list(deals.annotate(place=place).filter(place__lte=SHOWN).values_list("pk", flat=True))
    pending = Approval.objects.filter(deal=OuterRef("pk"), state="pending")
    todo = Q(activities__completed_at=None)
    found: dict[int, list[Deal]] = {}
    rows = deals.filter(pk__in=chosen).annotate(
        next_due_at=Min("activities__due_at", filter=todo), waits_for_approval=Exists(pending)
    )
    for deal in rows.order_by("-value_minor", "-pk"):
        limit = deal.stage.rot_days
        deal.days_here = (now - deal.here_since).days
        deal.days_over = (
            deal.days_here if deal.status == "open" and limit and deal.days_here > limit else 0
        )
        found.setdefault(deal.column, []).append(deal)
    return found


def column(
    stage: Stage | None, name: str, figures: dict[str, Any], cards: list[Deal], currency: str
) -> dict[str, Any]:
    """Return one column as the page shows it."""
    count = figures.get("count", 0)
    return {
        "stage": stage,
        "name": name,
        "deals": cards,
        "count": count,
        "hidden": count - len(cards),
        "sum": Money(figures.get("worth") or 0, currency),
    }
