"""What reports are made of: columns, rows, where a reader may look further, and how figures are written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from core.money import Money, format_money, short_money
from core.templatetags.charts import Chart
from core.templatetags.ui import elapsed
from crm import chances
from crm.queries.periods import Asked

NEEDED: Final = 10
NOT_YET: Final = "–"
UNITS: Final = {"money": " ({})", "percent": " (%)", "time": " (s)"}
Row = dict[str, Any]
Made = tuple[Chart, list[Row], datetime | None]
Build = Callable[[Any, Asked], Made]


@dataclass(frozen=True)
class Column:
    """One figure of every row; `kind` says how it is written: text, n, money, percent, time or score."""

    key: str
    label: str | Promise
    kind: str = "n"

    def shown(self, row: Row, currency: str) -> str:
        """Return it as a page writes it."""
        value = row.get(self.key)
        if value is None:
            return NOT_YET
        if self.kind == "money":
            return format_money(Money(value, currency))
        write = {"percent": percent, "time": waited, "score": "{:.3f}".format, "n": "{:,}".format}
        return str(write.get(self.kind, str)(value))

    def plain(self, row: Row, currency: str) -> Any:
        """Return it as a file tells it: numbers as numbers, shares in percent, times in seconds."""
        value = row.get(self.key)
        if value is None or self.kind in ("text", "n", "time"):
            return value
        if self.kind == "money":
            amount = Money(value, currency).decimal
            return int(amount) if amount == int(amount) else float(amount)
        return round(100 * value, 1) if self.kind == "percent" else round(value, 4)

    def told(self, row: Row, currency: str) -> Any:
        """Return it as a program reads it."""
        value = row.get(self.key)
        return Money(value, currency) if self.kind == "money" and value is not None else value


@dataclass(frozen=True)
class Report:
    """What a report is called, what it answers, its columns, and how it is made."""

    key: str
    label: str | Promise
    about: str | Promise
    columns: tuple[Column, ...]
    build: Build

    def of(self, actor: Any, asked: Asked) -> "Sheet":
        """Return the report with the rights of one reader."""
        return Sheet(self, asked, *self.build(actor, asked))


@dataclass
class Sheet:
    """A report as it was asked: its rows, with the address of a list where the reader may look further."""

    report: Report
    asked: Asked
    chart: Chart
    rows: list[Row]
    as_of: datetime | None

    @property
    def cells(self) -> list[tuple[str, list[tuple[str, str]], str]]:
        """The rows as a page shows them: the first cell, the others with their kind, the address."""
        (first, *rest), currency = self.report.columns, self.asked.currency
        return [(first.shown(row, currency), [(one.shown(row, currency), one.kind) for one in rest], row.get("url", ""))
                for row in self.rows]  # fmt: skip

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """The rows as a file tells them."""
        columns, currency = self.report.columns, self.asked.currency
        heads = [f"{one.label}{UNITS.get(one.kind, '').format(currency)}" for one in columns]
        return heads, [[one.plain(row, currency) for one in columns] for row in self.rows]

    def json(self) -> list[Row]:
        """The rows as a program reads them."""
        columns, currency = self.report.columns, self.asked.currency
        return [{"id": row.get("id"), **{one.key: one.told(row, currency) for one in columns}} for row in self.rows]


def percent(share: float) -> str:
    """Return 24.6%."""
    return f"{100 * share:.1f}%"


def waited(seconds: float) -> str:
    """Return 48 s, 12 min, 3 h or 5 d."""
    return _("%(n)d s") % {"n": seconds} if seconds < 90 else elapsed(seconds)


def changed(now: float | None, before: float | None, p: float | None, write: Callable[[float], str]) -> str:
    """Return how far a figure went up or down, when that is more than chance."""
    if now is None or before is None or p is None:
        return _("nothing to compare")
    if p >= chances.CLEAR:
        return _("no clear change")
    return f"{'+' if now >= before else '−'}{write(abs(now - before))}"


def points(gap: float) -> str:
    """Return a difference of shares: 3.1 pt."""
    return _("%(n).1f pt") % {"n": 100 * gap}


def needs(count: int, noun: str, needed: int = NEEDED) -> str:
    """Return what is missing before a report says something; nothing when there is enough."""
    said = {"needed": needed, "noun": noun, "count": f"{count:,}"}
    return "" if count >= needed else _("Needs %(needed)s %(noun)s to say something. You have %(count)s.") % said


def deal_list(actor: Any, asked: Asked, **filters: Any) -> str:
    """Return the address of the deals behind a figure, for those who read just these deals; else none."""
    same = actor.sees_all("deal:read") or not actor.sees_all("analytics:read")
    if not actor.can("deal:read") or not same or asked.team or asked.source:
        return ""
    if asked.pipeline:
        filters["pipeline"] = asked.pipeline.pk
    return _listed("crm:deal-list", asked, {"currency": asked.currency, **filters})


def lead_list(actor: Any, asked: Asked, **filters: Any) -> str:
    """Return the address of the leads that came in, for those who read just these leads; else none."""
    if not actor.can("lead:read") or not asked.is_current or asked.team:
        return ""
    if asked.source:
        filters.setdefault("source", asked.source)
    return _listed("crm:lead-list", asked, {"created": asked.span.first, "created-op": "after", **filters})


def _listed(name: str, asked: Asked, filters: Row) -> str:
    if asked.owner:
        filters.setdefault("owner", asked.owner.pk)
    return f"{reverse(name)}?{urlencode({'edited': 1, **filters})}"


def money(asked: Asked) -> dict[str, Callable[[float], str]]:
    """Return how a chart writes amounts: shortly and fully."""

    def write(how: Callable[[Money], str]) -> Callable[[float], str]:
        return lambda value: how(Money(round(value), asked.currency))

    return {"show": write(short_money), "exact": write(format_money)}


def names_of(ids: Iterable[Any]) -> dict[Any, str]:
    """Return the names of people by id; of nobody, too."""
    people = User.objects.only("name", "email").in_bulk([pk for pk in ids if pk])
    return {pk: str(one) for pk, one in people.items()} | {None: _("Nobody")}
