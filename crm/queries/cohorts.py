"""Leads that came in during a month, or a third of it, are counted every hour where there are many.

Reports add these up and look at rows only for the days that are left: a few on each side.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import models
from django.db.models import F, Q, Value, When

from core import clock
from crm.models import CohortBlock, Lead, LeadCohort
from crm.queries.periods import DAY, Asked, Span, month_of

FRESH: Final = timedelta(hours=3)
Parts = list[tuple[bool, Span]]


class Seconds(models.Func):
    """The whole seconds between two moments; as a short text, so that no function of ours is called per row."""

    arity, arg_joiner, output_field = 2, " - ", models.BigIntegerField()
    template = "CAST(ROUND(EXTRACT(EPOCH FROM (%(expressions)s))) AS bigint)"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By SQLite's own calendar."""
        template = "CAST(ROUND((julianday(%(expressions)s)) * 86400) AS integer)"
        return super().as_sql(compiler, connection, template=template, arg_joiner=") - julianday(", **extra)


class Joined(models.Aggregate):
    """The texts or numbers of a group with commas between."""

    template, output_field = "STRING_AGG((%(expressions)s)::text, ',')", models.TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By the function of SQLite."""
        return super().as_sql(compiler, connection, template="GROUP_CONCAT(%(expressions)s)", **extra)


def waited(leads: models.QuerySet[Lead]) -> models.QuerySet[Lead]:
    """Add `wait`, the seconds until the first outreach, to the second up to two minutes, then ever more roughly.

    To ten seconds up to an hour, to the minute up to a day, then to the hour.
    """
    steps = ((86_400, 3_600), (3_600, 60), (120, 10))
    cases = [When(s__gte=above, then=F("s") / size * size) for above, size in steps]
    coarse = models.Case(*cases, When(s__lt=0, then=0), default=F("s"), output_field=models.BigIntegerField())
    return leads.annotate(s=Seconds(F("contacted_at"), F("created_at")), wait=coarse)


def reached(leads: models.QuerySet[Lead]) -> list[models.QuerySet[Lead]]:
    """Return the leads without and with a deal, with `far`, how many of the five steps each came.

    Also with the value and currency of what was won. Apart, so that few days need not read all deals.
    """
    found = []
    for has_deal in (False, True):
        deal = [F(f"converted_deal__{name}") if has_deal else Value(empty)
                for name, empty in (("status", ""), ("value_minor", 0), ("currency", ""))]  # fmt: skip
        steps = [When(Q(stage="PAID") | Q(outcome="won"), then=5), When(status="converted", then=4)]
        steps += [When(stage=stage, then=far) for stage, far in (("NEW", 1), ("CONTACTED", 2))]
        far = models.Case(*steps, default=3, output_field=models.PositiveSmallIntegerField())
        rows = leads.filter(converted_deal__isnull=not has_deal).annotate(outcome=deal[0], far=far)
        worth, money = (models.Case(When(far=5, then=one), default=Value(empty))
                        for one, empty in ((deal[1], 0), (deal[2], "")))  # fmt: skip
        found.append(rows.annotate(worth=worth, money=money))
    return found


def split(actor: Any, asked: Asked, by: str = "") -> tuple[dict[int, bool], Parts, datetime | None]:
    """Return the counted blocks that make up both periods, the days that are left, and when the oldest was counted.

    There are none for readers to whom single leads are given, for a block tells owner and team, not the lead; and none
    by city of one source.
    """
    blocks: list[CohortBlock] = []
    is_told = actor.sees_all("analytics:read") or not actor.has_shares("analytics:read", Lead)
    if is_told and not (by == "city" and asked.source):
        rows = CohortBlock.objects.filter(first__gte=asked.before.first, last__lte=asked.span.last)
        rows = rows.filter(zone=asked.span.zone, is_by_city=by == "city", counted_at__gte=clock.now() - FRESH)
        blocks = list(rows.order_by("first", "-last"))
    used: dict[int, bool] = {}
    parts: Parts = []
    oldest: datetime | None = None
    for is_now, span in asked.both:
        day = span.first
        for one in blocks:
            if day <= one.first and one.last <= span.last:
                if day < one.first:
                    parts.append((is_now, Span(day, one.first - DAY, span.zone)))
                used[one.pk], day, oldest = is_now, one.last + DAY, min(oldest or one.counted_at, one.counted_at)
        if day <= span.last:
            parts.append((is_now, Span(day, span.last, span.zone)))
    return used, parts, oldest


def cohorts_of(actor: Any, asked: Asked, blocks: dict[int, bool]) -> models.QuerySet[LeadCohort]:
    """Return the counted leads of those blocks over which an actor may have sums, as asked for."""
    now = models.ExpressionWrapper(Q(block__in=[pk for pk, is_now in blocks.items() if is_now]), models.BooleanField())
    rows = LeadCohort.objects.filter(asked.of_leads(), block__in=list(blocks)).annotate(is_now=now)
    return actor.visible("analytics:read", rows)  # type: ignore[no-any-return]


def blocks_of(first: date, today: date) -> list[tuple[date, date]]:
    """Return the months since a day, and the thirds of each, that are over."""
    found, month = [], month_of(first)
    while month < today:
        second, third, end = month.replace(day=11), month.replace(day=21), month_of(month, 1)
        found += [(month, end - DAY), (month, second - DAY), (second, third - DAY), (third, end - DAY)]
        month = end
    return [one for one in found if one[1] < today]
