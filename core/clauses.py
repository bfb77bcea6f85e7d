"""The questions that a list can be asked: a filter, an operator and values, out of an address and into a query.

`?stage=NEW&score=60&score-op=min`: filters by name, their operator beside them when it is not the first of its kind.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import clock
from core.money import EXPONENTS
from core.numbers import is_number

LONGEST: Final = 200
DAYS: Final = frozenset({"last", "next", "older"})
NO_VALUE: Final = frozenset({"set", "unset"})
WORDS: Final = {
    "is": _("is"), "not": _("is not"), "min": _("is at least"), "max": _("is at most"), "after": _("from"),
    "before": _("before"), "last": _("in the last days"), "older": _("more days ago than"),
    "next": _("in the next days"), "has": _("contains"), "starts": _("starts with"), "set": _("is known"),
    "unset": _("is empty"),
}  # fmt: skip
OPERATORS: Final[dict[str, tuple[str, ...]]] = {
    "choice": ("is", "not"),
    "person": ("is", "not"),
    "row": ("is", "not"),
    "number": ("min", "max", "is"),
    "money": ("min", "max"),
    "date": ("after", "before", "next", "last", "older", "set", "unset"),
    "time": ("after", "before", "next", "last", "older", "set", "unset"),
    "text": ("is", "not", "has", "starts", "set", "unset"),
}
LOOKUPS: Final = {"min": "gte", "max": "lte", "has": "icontains", "starts": "istartswith"}
Search = Sequence[str] | Callable[[QuerySet[Any], str], QuerySet[Any]]
Pairs = Iterable[tuple[Any, Any]]


@dataclass(frozen=True)
class Filter:
    """A question that a list can be asked: its kind decides the operators and the control.

    `choices` offers values (a function is asked when it is shown); `where` answers a choice that is no column.
    A filter that is not `offered` is understood in an address only.
    """

    key: str
    label: str | Promise
    kind: str = "choice"
    path: str = ""
    choices: Pairs | Callable[[], Pairs] = ()
    where: Callable[[list[str]], Q] | None = None
    offered: bool = True

    @property
    def lookup(self) -> str:
        """The column, or the way to it."""
        return self.path or self.key

    def pairs(self) -> list[tuple[str, str]]:
        """Return what can be chosen, as (value, label)."""
        own = [("me", gettext("Me")), ("none", gettext("Nobody"))] if self.kind == "person" else []
        given = self.choices() if callable(self.choices) else self.choices
        return own + [(str(value), str(label)) for value, label in given]


@dataclass(frozen=True)
class Clause:
    """One filter as it is asked: `stage is NEW`; without a value it is still being typed and filters nothing."""

    filter: Filter
    operator: str
    values: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether it filters."""
        return self.operator in NO_VALUE or bool(self.values)

    @property
    def control(self) -> str:
        """The kind of input that takes its value."""
        if self.operator in NO_VALUE:
            return ""
        if self.operator in DAYS:
            return "number"
        row = "choice" if self.filter.choices else "text"
        kinds = {"person": "choice", "money": "number", "time": "date", "row": row}
        return kinds.get(self.filter.kind, self.filter.kind)

    def condition(self, user_id: int) -> Q:
        """Return what it asks of the database; raises ValueError for a value that does not fit."""
        kind, path = self.filter.kind, self.filter.lookup
        if self.operator in NO_VALUE:
            is_empty = self.operator == "unset"
            if kind != "text":
                return Q(**{f"{path}__isnull": is_empty})  # plain words, by which SQLite knows an index
            empty = Q(**{f"{path}__isnull": True}) | Q(**{path: ""})
            return empty if is_empty else ~empty
        if kind in ("choice", "person", "row"):
            found = self._any(user_id)
        elif kind in ("date", "time"):
            return self._when(path, kind)
        else:
            exact = "iexact" if kind == "text" else "exact"
            lookup, found = LOOKUPS.get(self.operator, exact), Q()
            for value in self.values:
                amount = self._typed(value)
                found |= _worth(path, lookup, amount) if kind == "money" else Q(**{f"{path}__{lookup}": amount})
        return ~found if self.operator == "not" else found

    def _any(self, user_id: int) -> Q:
        if self.filter.where:
            return self.filter.where(list(self.values))
        path, kind = self.filter.lookup, self.filter.kind
        if kind == "choice":
            return Q(**{f"{path}__in": self.values})
        ids = {user_id if value == "me" else int(value) for value in self.values if value != "none"}
        nobody = Q(**{f"{path}__isnull": True}) if "none" in self.values else Q(pk__in=())
        return (Q(**{f"{path}__in": ids}) | nobody) if ids else nobody

    def _typed(self, value: str) -> Any:
        if self.filter.kind == "text":
            return value
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > 10**15:
            raise ValueError(value)
        if self.filter.kind == "money":
            return amount
        return int(amount) if amount == int(amount) else float(amount)

    def _when(self, path: str, kind: str) -> Q:
        first = self.values[0]
        if self.operator in DAYS:
            if not is_number(first) or int(first) > 36_500:
                raise ValueError(first)
            now: Any = clock.now() if kind == "time" else timezone.localdate(clock.now())
            edge = now + timedelta(days=int(first) * (1 if self.operator == "next" else -1))
            low, high = min(now, edge), max(now, edge)
            if kind == "date":
                low, high = low.isoformat(), high.isoformat()
            if self.operator == "older":
                return Q(**{f"{path}__lt": low})
            return Q(**{f"{path}__gte": low, f"{path}__lte": high})
        day: Any = date.fromisoformat(first)
        if kind == "date":
            day = day.isoformat()  # a text fits a date and a date within JSON alike
        else:
            day = timezone.make_aware(datetime.combine(day, time()))
            day.astimezone(UTC)  # OverflowError for a day that no database holds
        return Q(**{f"{path}__{'gte' if self.operator == 'after' else 'lt'}": day})


def _worth(path: str, lookup: str, amount: Decimal) -> Q:
    """Compare the column of minor units with an amount of major ones, in whatever currency its row is."""
    found = Q()
    for places in {2, *EXPONENTS.values()}:
        asked = Q(**{f"{path}__{lookup}": int(amount.scaleb(places))})
        others = [code for code, digits in EXPONENTS.items() if digits != 2]
        same = Q(currency__in=[code for code in others if EXPONENTS[code] == places])
        found |= asked & (~Q(currency__in=others) if places == 2 else same)
    return found


def asks(kind: str, **labels: str | Promise) -> list[Filter]:
    """Make filters of one kind on the columns of these names."""
    return [Filter(key, label, kind) for key, label in labels.items()]


def each(ask: Callable[[str], Q]) -> Callable[[list[str]], Q]:
    """Make a filter's `where` out of what one value asks; several are alternatives."""

    def where(values: list[str]) -> Q:
        found = Q(pk__in=())
        for value in values:
            found |= ask(value)
        return found

    return where


def found_by(search: Search, rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    """Keep the rows that words find: as a function says, or each word by one of some lookups."""
    if callable(search):
        return search(rows, words)
    for word in words.split():
        match = Q()
        for lookup in search:
            match |= Q(**{lookup: word})
        rows = rows.filter(match)
    return rows


def names_of(filters: Iterable[Filter]) -> list[str]:
    return [name for one in filters for name in (one.key, f"{one.key}-op")]


def clauses_of(filters: Iterable[Filter], asked: QueryDict, notes: list[str]) -> Iterator[Clause]:
    for one in filters:
        operators = OPERATORS[one.kind]
        operator = asked.get(f"{one.key}-op") or operators[0]
        if one.key not in asked and f"{one.key}-op" not in asked:
            continue
        values = [value.replace("\0", "").strip()[:LONGEST] for value in asked.getlist(one.key)]
        values = [value for value in dict.fromkeys(values) if value][:20]
        if operator not in operators:
            notes.append(
                gettext("%(label)s cannot be asked with “%(operator)s”.")
                % {"label": one.label, "operator": operator[:20]}
            )
            operator = operators[0]
        if one.kind in ("person", "row"):
            values = [value for value in values if value in ("me", "none") or is_number(value)]
        yield Clause(one, operator, tuple(values))
