"""How good past forecasts were: the deals that were to close in a month, as it began, against what became of them.

A chance is scored as it was used, as the chance that the deal is won in the month for which it was promised. Beside the
deals' own chances stand those of the stages' history, and the naive peer that knows no stage: the share that was won of
everything promised for the months before (BASE of them at least).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Count, F, Q, Sum

from core import clock
from crm.chances import brier
from crm.models import Forecast
from crm.queries.periods import Asked

BASE: Final = 10
WAYS: Final = ("own", "history", "naive")


def backtest(actor: Any, asked: Asked) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the past months, the oldest first, and the stages: forecast, won, error and Brier score in three ways."""
    months, stages, seen = defaultdict[Any, Any](Counter), defaultdict[Any, Any](Counter), Counter[str]()
    groups = promised(actor, asked)
    for month in sorted({row["on"] for row in groups}):
        rows = [row for row in groups if row["on"] == month]
        base = seen["won_n"] / seen["n"] if seen["n"] >= BASE else None
        for row in rows:
            score = _scored(row, base)
            months[month].update(score)
            if base is not None:  # all ways are compared on the same deals
                stages[row["stage"]].update(score)
        seen.update(n=sum(row["n"] for row in rows), won_n=sum(row["won_n"] for row in rows))
    told = {"month": months, "stage": stages}
    by_month, by_stage = ([{name: key, **figures(one)} for key, one in many.items()] for name, many in told.items())
    return by_month, by_stage


def promised(actor: Any, asked: Asked) -> list[dict[str, Any]]:
    """Return what was promised for the months that are over, by month and stage, and what became of it."""
    over, rows = clock.today(asked.span.zone), actor.visible("analytics:read", Forecast.objects.order_by())
    won = Q(deal__status="won", deal__closed_on__gte=F("on"), deal__closed_on__lte=F("until"))
    sums: dict[str, Any] = {
        "n": Count("*"), "worth": Sum("value_minor"), "won_n": Count("pk", filter=won),
        "won": Sum("value_minor", filter=won, default=0),
    }  # fmt: skip
    for name, column in (("own", "probability"), ("history", "history")):
        sums[f"{name}_sum"] = Sum(F("value_minor") * F(column))
        sums[f"{name}_squares"] = Sum(F(column) * F(column))
        sums[f"{name}_hits"] = Sum(column, filter=won, default=0)
    rows = rows.filter(asked.of_deals("deal__"), until__lt=over)
    return list(rows.values("on", "stage").annotate(**sums))


def _scored(row: dict[str, Any], base: float | None) -> Counter[str]:
    one = Counter(n=row["n"], won_n=row["won_n"], won=row["won"], worth=row["worth"])
    for name in ("own", "history"):
        one[name] = row[f"{name}_sum"] // 100
        one[f"{name}_n"] = row["n"]
        score = brier(row["n"], row[f"{name}_squares"] / 1e4, row[f"{name}_hits"] / 1e2, row["won_n"])
        one[f"{name}_score"] = (score or 0) * row["n"]  # type: ignore[assignment]
    if base is not None:
        one["naive"], one["naive_n"] = round(row["worth"] * base, -2), row["n"]
        score = brier(row["n"], row["n"] * base**2, row["won_n"] * base, row["won_n"])
        one["naive_score"] = (score or 0) * row["n"]  # type: ignore[assignment]
    return one


def figures(one: Counter[str]) -> dict[str, Any]:
    """Return what a group promised and kept; the naive way only where its base was known for all of it."""
    found: dict[str, Any] = {key: int(one[key]) for key in ("n", "won_n", "won", "worth")}
    for way in WAYS:
        known = one[f"{way}_n"] == one["n"]
        found[way] = int(one[way]) if known else None
        found[f"{way}_error"] = int(one[way] - one["won"]) if known else None
        found[f"{way}_score"] = one[f"{way}_score"] / one["n"] if known and one["n"] else None
    return found


def together(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return all ways over the months for which each of them is known, so that they are compared on the same deals."""
    same = [row for row in rows if row["naive_score"] is not None]
    every = sum(row["n"] for row in same)
    total: dict[str, Any] = {key: sum(row[key] for row in same) for key in ("n", "won_n", "won", "worth")}
    for way in WAYS:
        total[way] = sum(row[way] for row in same)
        total[f"{way}_error"] = total[way] - total["won"]
        scored = sum(row[f"{way}_score"] * row["n"] for row in same)
        total[f"{way}_score"] = scored / every if every else None
    return total
