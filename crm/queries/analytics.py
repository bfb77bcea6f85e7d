"""The figures of sales, each aggregated by the database in a fixed number of statements, beside the period before.

Who holds analytics:read gets sums of all that its scope reaches; rows themselves are read under their own permission.
A lead counts on the day when it came in, and as far as it got by now (stages never go back); a deal counts as won or
lost on the day of its closing, and as having passed every stage up to the one in which it is or ended: a won one, all.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Count, F, FloatField, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast

from crm import chances
from crm.models import Deal, Lead, Stage
from crm.queries.cohorts import Joined, cohorts_of, reached, split, waited
from crm.queries.periods import Asked, Span, month_of

STEPS: Final = ("leads", "contacted", "interested", "converted", "won")
ENDED: Final = ("won", "lost", "abandoned")
ENOUGH: Final = 10  # closed deals of a stage before its history says more than its own chance
AHEAD, BACK = 6, 5  # months of the forecast


@dataclass
class Tally:
    """Counts and sums of one group, now and before."""

    now: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)

    def of(self, is_now: bool) -> Counter[str]:
        """One of the two."""
        return self.now if is_now else self.before

    def share(self, part: str, whole: str, *, now: bool = True) -> float | None:
        """What part of the whole, None of nothing."""
        one = self.of(now)
        return one[part] / one[whole] if one[whole] else None

    def change(self, part: str, whole: str) -> float | None:
        """The p of this share having been the same before."""
        now, before = self.now, self.before
        return chances.two_shares(now[part], now[whole], before[part], before[whole])

    def larger(self) -> float | None:
        """The p of as much having been won before."""
        now, before = self.now, self.before
        return chances.two_sums(now["worth"], now["squares"], before["worth"], before["squares"])


Tallies = dict[Any, Tally]


def deals_of(actor: Any, asked: Asked) -> QuerySet[Deal]:
    """Return the deals over which an actor may have sums, as asked for."""
    return actor.visible("analytics:read", Deal.objects.order_by()).filter(asked.of_deals())


def leads_of(actor: Any, asked: Asked) -> QuerySet[Lead]:
    """Return the leads over which an actor may have sums, as asked for."""
    return actor.visible("analytics:read", Lead.objects.order_by()).filter(asked.of_leads())


def lead_steps(actor: Any, asked: Asked, by: str = "", over: Any = None) -> tuple[Tallies, datetime | None]:
    """Return {group: Tally of STEPS and worth} of the leads that came in, and since when it is so (None: now).

    `over` is what `split` returned, where somebody asked before.
    """
    blocks, parts, as_of = over or split(actor, asked, by)
    names = (by,) if by else ()
    won = Sum("worth", filter=Q(money=asked.currency))
    live = _in(parts, reached(leads_of(actor, asked)), "created_at", "far", *names, n=Count("*"), worth_=won)
    counted = cohorts_of(actor, asked, blocks).values("is_now", "far", *names)
    worth = Sum("worth", filter=Q(money=asked.currency))
    found: Tallies = defaultdict(Tally)
    for row in (*live, *counted.annotate(n=Sum("leads"), worth_=worth)):
        one = found[row[by] if by else ""].of(row["is_now"])
        for step in STEPS[: row["far"]]:
            one[step] += row["n"]
        if row["far"] == len(STEPS):
            one["worth"] += row["worth_"] or 0
    return dict(found), as_of


Waits = dict[Any, tuple[Counter[int], Counter[int], Counter[str]]]


def replies(actor: Any, asked: Asked, over: Any = None) -> tuple[Waits, datetime | None]:
    """Return {owner: seconds until the first outreach with how often, the same before, leads}, and since when."""
    blocks, parts, as_of = over or split(actor, asked)
    found: Waits = defaultdict(lambda: (Counter(), Counter(), Counter()))
    for row in _in(parts, waited(leads_of(actor, asked)), "created_at", "owner", "wait", n=Count("*")):
        one = found[row["owner"]]
        one[2]["now" if row["is_now"] else "before"] += row["n"]
        if row["wait"] is not None:
            one[0 if row["is_now"] else 1][row["wait"]] += row["n"]
    counted = cohorts_of(actor, asked, blocks).values_list("is_now", "owner")
    for is_now, owner, waits, n in counted.annotate(waits_=Joined("waits"), n=Sum("leads")):
        found[owner][2]["now" if is_now else "before"] += n
        often = Counter(waits.split(",")) if waits else {}
        found[owner][0 if is_now else 1].update({int(wait): n for wait, n in often.items()})
    return dict(found), as_of


def together(counters: Iterable[Mapping[Any, int]]) -> Counter[Any]:
    """Return the sum of counters; in place, for these may be long."""
    found: Counter[Any] = Counter()
    for one in counters:
        found.update(one)
    return found


def closings(actor: Any, asked: Asked, by: str = "") -> Tallies:
    """Return {group: Tally of won, lost and closed deals and of what was won}, by the day of closing."""
    names, value = [by] if by else [], Cast("value_minor", FloatField())
    sums = {"n": Count("*"), "worth": Sum("value_minor"), "squares": Sum(value * value)}
    found: Tallies = defaultdict(Tally)
    rows = deals_of(actor, asked).filter(status__in=ENDED)
    for row in _in(asked.both, rows, "closed_on", "status", *names, **sums):
        won = {"won": row["n"], "worth": row["worth"], "squares": row["squares"]}
        told = won if row["status"] == "won" else {"lost": row["n"]}
        found[row[by] if by else ""].of(row["is_now"]).update(told, closed=row["n"])
    return dict(found)


def open_deals(actor: Any, asked: Asked, *by: str) -> list[dict[str, Any]]:
    """Return the open deals now in groups: how many, worth what, and weighted by their chances (times 100)."""
    rows = deals_of(actor, asked).filter(status="open").values(*by)
    weighted = Sum(F("value_minor") * F("probability"))
    return list(rows.annotate(n=Count("*"), worth=Sum("value_minor"), weighted=weighted))


def stages_of(asked: Asked) -> list[Stage]:
    """Return the stages in question, in their order."""
    stages = Stage.objects.select_related("pipeline").order_by("pipeline__order", "pipeline", "order", "pk")
    return [one for one in stages if asked.pipeline in (None, one.pipeline)]


def passed(stages: Sequence[Stage], ended: Iterable[dict[str, Any]]) -> dict[int, Counter[str]]:
    """Return for each stage how many deals got as far (`n`), and how many of them were won."""
    found: dict[int, Counter[str]] = {one.pk: Counter() for one in stages}
    orders = {one.pk: (one.pipeline_id, one.order) for one in stages}
    for row in ended:
        pipeline, order = orders.get(row["stage"], (0, 0))
        for one in stages:
            is_won = row["status"] == "won"
            if one.pipeline_id == pipeline and (is_won or one.order <= order):
                found[one.pk]["n"] += row["n"]
                found[one.pk]["won"] += row["n"] * is_won
    return found


def stage_history(actor: Any, asked: Asked, stages: Sequence[Stage]) -> dict[int, float]:
    """Return the chance of each stage by what became of the deals that got as far; its own one before ENOUGH did."""
    ended = deals_of(actor, asked).filter(status__in=ENDED).values("stage", "status")
    return chance_by_history(stages, ended.annotate(n=Count("*")))


def chance_by_history(stages: Sequence[Stage], ended: Iterable[dict[str, Any]]) -> dict[int, float]:
    """Return {stage: share won of the deals that got as far}, from how many ended where."""
    found = passed(stages, ended)
    return {
        one.pk: found[one.pk]["won"] / found[one.pk]["n"] if found[one.pk]["n"] >= ENOUGH else one.probability / 100
        for one in stages
    }


def funnel(actor: Any, asked: Asked) -> list[dict[str, Any]]:
    """Return stage by stage how many of the deals that came in got there, now and before, and what is open there."""
    stages = stages_of(asked)
    groups = list(_in(asked.both, deals_of(actor, asked), "created_at", "stage", "status", n=Count("*")))
    now, before = (passed(stages, [row for row in groups if row["is_now"] == one]) for one in (True, False))
    standing, steps = {row["stage"]: row for row in open_deals(actor, asked, "stage")}, []
    for one, other in zip(stages, [*stages[1:], None], strict=False):
        mine = standing.get(one.pk, {"n": 0, "worth": 0, "weighted": 0})
        is_last = other is None or other.pipeline_id != one.pipeline_id
        then, key = (one.pk, "won") if is_last else (other.pk, "n")  # type: ignore[union-attr]
        counts = now[then][key], now[one.pk]["n"], before[then][key], before[one.pk]["n"]
        step = dict(zip(("on", "n", "on_before", "before"), counts, strict=True)) | {"stage": one, "is_last": is_last}
        step |= {"open": mine["n"], "worth": mine["worth"], "weighted": mine["weighted"] // 100}
        steps.append({**step, "p": chances.two_shares(*counts)})
    return steps


def forecast(actor: Any, asked: Asked, today: date) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return month by month what was won, and what is open there: plainly, by its chances, and by the stages' history.

    What should have closed before today stands apart (`overdue`), and so does what has no date or lies further ahead.
    """
    stages = stages_of(asked)
    history = stage_history(actor, asked, stages)
    months = [month_of(today, number) for number in range(-BACK, AHEAD + 1)]
    found = {month: Counter[str]() for month in months}
    rest: dict[str, Any] = {"overdue": Counter(), "later": Counter()}
    won = deals_of(actor, asked).filter(status="won", closed_on__gte=months[0])
    for row in won.values("closed_on").annotate(n=Count("*"), worth=Sum("value_minor")):
        if (month := month_of(row["closed_on"])) in found:
            found[month].update(won=row["worth"], won_n=row["n"])
    for row in open_deals(actor, asked, "expected_close_on", "stage"):
        day = row["expected_close_on"]
        one = rest["overdue"] if day and day < today else found.get(day and month_of(day), rest["later"])
        likely = round(row["worth"] * history.get(row["stage"], 0), -2)
        one.update(open=row["worth"], n=row["n"], weighted=row["weighted"] // 100, history=likely)
    return [{"month": month, **_full(found[month])} for month in months], {
        name: _full(one) for name, one in rest.items()
    }


def _full(one: Counter[str]) -> dict[str, int]:
    names = ("won", "won_n", "open", "n", "weighted", "history")
    return {name: int(one[name]) for name in names}


def _in(
    parts: Iterable[tuple[bool, Span]], rows: QuerySet[Any] | list[Any], name: str, *by: str, **sums: Any
) -> QuerySet[Any, dict[str, Any]]:
    """Group the rows of each part by `by`, in one statement; `is_now` says of which period a group is."""
    each = rows if isinstance(rows, list) else [rows]
    found = [one.filter(span.of(name)).annotate(is_now=Value(is_now)).values("is_now", *by).annotate(**sums)
             for is_now, span in parts for one in each]  # fmt: skip
    return found[0].union(*found[1:], all=True) if found else each[0].none().values()
