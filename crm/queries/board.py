"""The deal board: for each stage its dearest cards, and figures over all its deals, in five statements.

The cards of a column are the head of an index, whatever the number of deals; the figures read an index alone, and where
that is long they are kept for some seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from core import clock
from core.money import Money
from core.pages import make_cursor, paginate
from crm.deal_rules import blockers
from crm.models import Approval, Deal, Pipeline, Process, Stage
from crm.queries.deals import running_processes, with_facts
from crm.queries.rotting import closes_this_month, is_stuck, today

SHOWN, MORE = 15, 30  # cards of a column at first, and at each further request
WON_DAYS = 30
WON = 0  # the column of won deals; stages have their own ids
MANY = 20_000  # deals, from which on the figures are kept
KEPT_SECONDS = 20.0
ORDERS = {False: ("-value_minor", "-pk"), True: ("-won_at", "-pk")}  # of a stage, of what is won
VIEWS = {"": _("Everyone’s"), "mine": _("Mine"), "stuck": _("Stuck"), "closing": _("Closing this month")}
CARD = (
    "title", "value_minor", "currency", "status", "stage_id", "expected_close_on", "closed_on", "won_at",
    "created_at", "last_touch_at", "stage_since", "rots_on", "snoozed_until", "agreed_on", "proposal_sent_at",
    "contact__first_name", "contact__last_name", "contact__company_name", "contact__email", "contact__phone",
    "contact__external_ref", "contact__city", "owner__name", "owner__email",
)  # fmt: skip

_kept: dict[tuple[Any, ...], tuple[float, dict[int, dict[str, Any]]]] = {}


def stages_of(pipeline: Pipeline) -> list[Stage]:
    """Return a pipeline's stages in their order."""
    return list(pipeline.stages.order_by("order", "pk"))


def board_of(actor: Actor, pipeline: Pipeline, currency: str, view: str = "") -> dict[str, Any]:
    """Return the columns of a pipeline, what is open, its weighted worth and how many deals are stuck.

    Sums count the deals in `currency` only; a column shows the head of its deals, `more` leads to the rest.
    """
    stages = stages_of(pipeline)
    deals = seen_by(actor, pipeline, view)
    figures = figures_of(deals, (actor.user_id, pipeline.pk, currency, view), currency)
    heads = [column_of(deals, key).values_list("pk")[:SHOWN] for key in [*(stage.pk for stage in stages), WON]]
    cards = cards_of(actor, _first_keys(heads), stages)
    columns = [_column(stage, figures.get(stage.pk, {}), cards.get(stage.pk, []), currency) for stage in stages]
    columns.append(_column(None, figures.get(WON, {}), cards.get(WON, []), currency))
    still_open = [entry for key, entry in figures.items() if key != WON]
    return {
        "columns": columns,
        "open": Money(sum(entry["worth"] or 0 for entry in still_open), currency),
        "weighted": Money(sum(entry["chance"] or 0 for entry in still_open) // 100, currency),
        "stuck": sum(entry["stuck"] for entry in still_open),
    }


def more_cards(actor: Actor, pipeline: Pipeline, column: int, cursor: str, view: str = "") -> tuple[list[Deal], str]:
    """Return the next cards of a column after a cursor, and the cursor after those ("" at the end)."""
    rows = column_of(seen_by(actor, pipeline, view), column)
    page = paginate(rows.only("pk", "value_minor", "won_at"), cursor, per_page=MORE, order=ORDERS[column == WON])
    cards = cards_of(actor, [row.pk for row in page], stages_of(pipeline))
    return cards.get(column, []), page.next


def seen_by(actor: Actor, pipeline: Pipeline, view: str = "") -> QuerySet[Deal]:
    """Return the deals of a pipeline that the actor may see and the view asks for."""
    deals = actor.visible("deal:read", Deal.objects.filter(pipeline=pipeline))
    if view == "mine":
        deals = deals.filter(owner=actor.user)
    elif view == "stuck":
        deals = deals.filter(is_stuck())
    elif view == "closing":
        deals = deals.filter(closes_this_month())
    return deals


def column_of(deals: QuerySet[Deal], column: int) -> QuerySet[Deal]:
    """Return the deals of a stage that are open, the dearest first; or those won lately, the newest first."""
    if column == WON:
        lately = clock.now() - timedelta(days=WON_DAYS)
        return deals.filter(status="won", won_at__gte=lately).order_by(*ORDERS[True])
    return deals.filter(status="open", stage=column).order_by(*ORDERS[False])


def figures_of(deals: QuerySet[Deal], key: tuple[Any, ...], currency: str) -> dict[int, dict[str, Any]]:
    """Return for each column the number of deals, their worth, their weighted worth and how many are stuck."""
    known = _kept.get(key)
    if known is not None and known[0] > monotonic():
        return known[1]
    counted = [
        rows.order_by()
        .annotate(column=column)
        .values("column")
        .annotate(
            count=Count("*"),
            worth=Sum("value_minor", filter=Q(currency=currency)),
            chance=Sum(F("value_minor") * F("probability"), filter=Q(currency=currency)),
            stuck=Count("rots_on", filter=Q(rots_on__lte=today())),
        )
        for rows, column in (
            (deals.filter(status="open"), F("stage_id")),
            (column_of(deals, WON), Value(WON, BigIntegerField())),
        )
    ]
    found = {row["column"]: row for row in counted[0].union(counted[1], all=True)}
    if sum(row["count"] for row in found.values()) > MANY:
        _kept[key] = monotonic() + KEPT_SECONDS, found
    return found


def forget_figures(pipeline: Pipeline) -> None:
    """Count anew at the next look: a deal of this pipeline has just moved."""
    for key in [key for key in _kept if key[1] == pipeline.pk]:
        _kept.pop(key, None)


def cards_of(actor: Actor, chosen: Sequence[int], stages: Iterable[Stage]) -> dict[int, list[Deal]]:
    """Return these deals by column, as cards in this order.

    A card knows its next planned work, whether it waits for approval, its days of silence when it is stuck, whether
    the actor may move it, and (`closed_to`) the stages that it may not enter yet.
    """
    pending = Approval.objects.filter(deal=OuterRef("pk"), state="pending")
    rows = with_facts(Deal.objects.filter(pk__in=chosen)).annotate(waits=Exists(pending))
    rows = rows.select_related("contact", "owner").only(*CARD)
    guarding = any(stage.step for stage in stages)
    processes = running_processes(chosen) if guarding and chosen else {}
    now, day = clock.now(), today()
    place = {pk: number for number, pk in enumerate(chosen)}
    found: dict[int, list[Deal]] = {}
    for deal in sorted(rows, key=lambda row: place[row.pk]):
        is_open = deal.status == Deal.Status.OPEN
        is_stuck = is_open and deal.rots_on is not None and deal.rots_on <= day
        deal.days_silent = (now - (deal.last_touch_at or deal.created_at)).days if is_stuck else 0
        deal.may_move = is_open and bool(actor.can("deal:update", deal))
        deal.closed_to = _closed_to(deal, stages, processes.get(deal.pk)) if deal.may_move else []
        found.setdefault(deal.stage_id if is_open else WON, []).append(deal)
    return found


def _closed_to(deal: Deal, stages: Iterable[Stage], process: Process | None) -> list[int]:
    return [stage.pk for stage in stages if stage.pk != deal.stage_id and blockers(deal, stage, process)]


def _first_keys(parts: Iterable[QuerySet[Any]]) -> list[int]:
    """Return the keys of several short ordered lists, in one statement (SQLite lets Django union no ordered ones)."""
    pieces, params = [], []
    for part in parts:
        try:
            sql, given = part.query.sql_with_params()
        except EmptyResultSet:
            continue
        pieces.append(f"SELECT * FROM ({sql}) part{len(pieces)}")  # noqa: S608 - Django's own SQL
        params += given
    if not pieces:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(pieces), params)
        return [row[0] for row in cursor.fetchall()]


def _column(stage: Stage | None, figures: Mapping[str, Any], cards: list[Deal], currency: str) -> dict[str, Any]:
    count = max(figures.get("count", 0), len(cards))
    names = [name.lstrip("-") for name in ORDERS[stage is None]]
    more = make_cursor(cards[-1], names, backwards=False) if cards and count > len(cards) else ""
    return {
        "key": stage.pk if stage else WON,
        "stage": stage,
        "name": stage.name if stage else gettext("Won"),
        "deals": cards,
        "count": count,
        "more": more,
        "sum": Money(figures.get("worth") or 0, currency),
    }
