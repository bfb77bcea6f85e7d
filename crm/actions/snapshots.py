"""How the pipeline stood as a day ended, written each night or again for any past day; and leads, counted by month."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from accounts.actor import Actor
from accounts.models import Workspace
from core import bulk, clock
from core.actions import action
from core.models import Event
from crm.models import CohortBlock, Deal, Forecast, Lead, LeadCohort, Snapshot, Stage
from crm.queries.analytics import ENDED, chance_by_history
from crm.queries.cohorts import Joined, blocks_of, reached, waited
from crm.queries.periods import DAY, Span, midnight, month_of

CLOSED = {"won": "won", "lost": "lost", "abandoned": "lost"}
BATCH = 2_000
MANY = 1_000  # leads in a month; fewer are counted as somebody looks
CAUGHT_UP, MONTHS = 31, 13


@action("snapshot.take", permission=None)
def take_snapshot(*, actor: Actor, on: date) -> int:
    """Write how the pipeline stood as the day `on` ended, in place of what was written before; returns its rows.

    Stages are told from the moves since; a deal that closed or moved since has the chance of the stage in which it
    stood, and the value that it has now. As a month ends, the forecast of the next one is written, too.
    """
    stages = {one.pk: one for one in Stage.objects.order_by("pk")}
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    standing = []
    for deal, stage, chance in states(on, stages):
        value = deal["value_minor"]
        key = (deal["pipeline"], stage, deal["owner"], deal["currency"])
        found[key].update(count=1, value_minor=value, weighted_minor=value * chance // 100)
        standing.append((deal, stage, chance))
    for row, what in _of_the_day(on):
        key = (row["pipeline"], row["stage"], row["owner"], row["currency"])
        found[key].update({what: 1, "won_minor": row["value_minor"] if what == "won" else 0})
    Snapshot.objects.filter(on=on).delete()
    names = ("pipeline_id", "stage_id", "owner_id", "currency")
    rows = [Snapshot(on=on, **dict(zip(names, key, strict=True)), **one) for key, one in found.items()]
    Snapshot.objects.bulk_create(rows, BATCH)
    month = on + DAY
    if month.day == 1:
        _promise(month, standing, stages)
    return len(rows)


@action("cohort.count", permission=None)
def count_cohort(*, actor: Actor, first: date, last: date) -> None:
    """Count the leads that came in on some days, in place of what was counted before; a few of them are left alone."""
    span = Span(first, last, Workspace.current().timezone)
    rows = Lead.objects.order_by().filter(span.of("created_at"))
    CohortBlock.objects.filter(first=first, last=last).delete()
    if rows.count() < MANY:
        return
    names = ("far", "money", "leads", "worth", "waits")
    for by, other in (("source", "city"), ("city", "source")):
        block = CohortBlock.objects.create(
            first=first, last=last, zone=span.zone, is_by_city=by == "city", counted_at=clock.now()
        )
        for part in reached(rows):
            groups = waited(part).values_list("owner", "team", by, "far", "money")
            told = list(groups.annotate(n=Count("*"), sum=Sum("worth"), waits=Joined("wait")))
            bulk.insert(LeadCohort, ("owner_id", "team_id", by, *names), told, {"block_id": block.pk, other: ""})


def count_cohorts(actor: Actor) -> None:
    """Count the leads of all months, and thirds of a month, that are over."""
    came = Lead.objects.order_by("created_at").values_list("created_at", flat=True).first()
    if came is not None:
        for first, last in blocks_of(came.date() - DAY, clock.today(Workspace.current().timezone)):
            count_cohort(actor=actor, first=first, last=last)


def states(on: date, stages: dict[int, Stage]) -> Iterator[tuple[dict[str, Any], int, int]]:
    """Return every deal that was open as the day ended, with its stage and its chance in percent then."""
    end = midnight(on + DAY, Workspace.current().timezone)
    moves = Event.objects.filter(name="deal.moved", at__gte=end).order_by("-id")
    was: dict[int | None, int] = {}
    for deal, data in moves.values_list("subject_id", "data").iterator(BATCH):
        was[deal] = data.get("previous_stage_id") or was.get(deal, 0)  # the first one since wins
    rows = Deal.objects.filter(Q(closed_on=None) | Q(closed_on__gt=on), created_at__lt=end)
    names = ("id", "pipeline", "stage", "owner", "currency", "value_minor", "probability", "status",
             "expected_close_on", "probability_is_manual")  # fmt: skip
    for deal in rows.order_by("pk").values(*names).iterator(BATCH):
        stage = was.get(deal["id"], deal["stage"])
        stage = stage if stage in stages else deal["stage"]
        is_same = deal["status"] == "open" and stage == deal["stage"]
        is_kept = is_same or (deal["status"] == "open" and deal["probability_is_manual"])
        yield deal, stage, deal["probability"] if is_kept else stages[stage].probability


def missing_days(today: date) -> list[date]:
    """Return the days of the last month, and the ends of the months of the last year, without a snapshot."""
    ends = [month_of(today, -number) - DAY for number in range(MONTHS)]
    days = {today - DAY * number for number in range(1, CAUGHT_UP + 1)} | set(ends)
    first = Deal.objects.order_by("created_at").values_list("created_at", flat=True).first()
    if first is None:
        return []
    known = set(Snapshot.objects.filter(on__in=days).values_list("on", flat=True))
    return sorted(day for day in days - known if day >= first.date() - timedelta(days=1))


def _of_the_day(on: date) -> Iterator[tuple[dict[str, Any], str]]:
    names = ("pipeline", "stage", "owner", "currency", "value_minor", "status")
    came = Deal.objects.filter(Span(on, on, Workspace.current().timezone).of("created_at"))
    yield from ((row, "created") for row in came.values(*names))
    for row in Deal.objects.filter(closed_on=on, status__in=ENDED).values(*names):
        yield row, CLOSED[row["status"]]


def _promise(month: date, standing: list[Any], stages: dict[int, Stage]) -> None:
    """Keep what is promised for a month, or for an earlier one, as it begins."""
    ended = Deal.objects.filter(status__in=ENDED, closed_on__lt=month).order_by()
    groups: Any = ended.values("stage", "status").annotate(n=Count("*"))
    history = chance_by_history(list(stages.values()), groups)
    until = month_of(month, 1) - DAY
    lines = [
        Forecast(on=month, until=until, deal_id=deal["id"], stage_id=stage, value_minor=deal["value_minor"],
                 probability=chance, history=round(100 * history[stage]))
        for deal, stage, chance in standing
        if deal["expected_close_on"] and deal["expected_close_on"] <= until
    ]  # fmt: skip
    Forecast.objects.filter(on=month).delete()
    Forecast.objects.bulk_create(lines, BATCH)


def catch_up(actor: Actor) -> None:
    """Write the snapshots that are missing, the one of last night included."""
    for day in missing_days(clock.today(Workspace.current().timezone)):
        take_snapshot(actor=actor, on=day)
