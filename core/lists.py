"""Lists, declared once per noun: columns, filters and views, read from the address of a page, a file or a program.

`?view=hot&q=mehra&sort=-score` and the filters of core.clauses. A view's filters hold until the address names its own;
`edited` says that it names them all.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import InvalidOperation
from functools import cached_property
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet, Sum
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from core.clauses import LONGEST, OPERATORS, WORDS, Clause, Filter, Search, clauses_of, found_by, names_of
from core.errors import Invalid
from core.money import Money

COUNTED: Final = 1_000
OWN_NAMES: Final = frozenset({"view", "q", "sort", "cols", "cursor", "edited", "format"})


@dataclass(frozen=True)
class Column:
    """What a row says under one heading: `value` plainly (for files), `show` as HTML (for pages).

    `who` makes it the row's link: its name, a second line and a face. `sort` is the database column that it can be
    ordered by (null or not), `edit` the action whose form changes the field `key`, `may` the permission to see it on a
    row; `prefetch` and `also` (annotations) are what it needs. A `fixed` column cannot be taken away; without `label`
    it is only a control and no part of a file.
    """

    key: str
    label: str | Promise = ""
    value: Callable[[Any], Any] | None = None
    show: Callable[[Any], str] | None = None
    who: Callable[[Any], tuple[str, str, Any]] | None = None
    sort: str = ""
    edit: str = ""
    may: str = ""
    css: str = "x"
    prefetch: str = ""
    also: Callable[[Any], Mapping[str, Any]] | None = None
    shown: bool = True
    fixed: bool = False

    @property
    def field(self) -> str:
        """The name of its input in the action's form."""
        return self.key.replace(":", "_")

    def needs(self, found: QuerySet[Any], actor: Any) -> QuerySet[Any]:
        """Return rows with what this column shows of them to the actor."""
        found = found.prefetch_related(self.prefetch) if self.prefetch else found
        return found.annotate(**self.also(actor)) if self.also else found

    def plain(self, row: Any) -> Any:
        """Return the row's value as a file tells it."""
        if self.value:
            return self.value(row)
        return self.who(row)[0] if self.who else getattr(row, self.key, "")


@dataclass(frozen=True)
class View:
    """Filters, order and columns under a name: one of the noun's own, or one that a person saved."""

    key: str
    label: str | Promise
    query: str = ""
    mine: bool = False
    shared: bool = False

    @property
    def saved(self) -> bool:
        """Whether a person saved it."""
        return self.key.isdigit()


@dataclass(frozen=True)
class ListSpec:
    """Everything about the list of one noun: `find` returns what an actor may see, `finds` says how words search.

    Rows are counted up to `counted`: fewer where it takes a look at other tables to know whether a reader may see one.
    """

    key: str
    label: str | Promise
    noun: str
    permission: str
    find: Callable[[Any], QuerySet[Any]]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    views: tuple[View, ...] = (View("", _("All")),)
    order: tuple[str, ...] = ("-created_at", "-pk")
    url_name: str = ""
    search: str | Promise = _("Search")  # noqa: RUF009 - lazy
    finds: Search = ()
    empty: tuple[str | Promise, str | Promise] = (_("Nothing here yet"), "")
    buttons: tuple[tuple[str | Promise, ...], ...] = ()
    export: str = ""
    event: str = ""
    above: str = ""
    related: tuple[str, ...] = ()
    worth: str = ""
    defer: tuple[str, ...] = ()
    counted: int = COUNTED
    opens: str = "page"
    may_open: str = ""
    everything: Callable[[QuerySet[Any]], Any] | None = None
    bulk: Callable[[Any, str], Sequence[Any]] | None = None
    one: Callable[[Any, int], Any] | None = None
    more: Callable[[], tuple[Sequence[Column], Sequence[Filter]]] | None = None

    @cached_property
    def sorts(self) -> dict[str, str]:
        """The columns that the list can be ordered by."""
        return {column.key: column.sort for column in self.columns if column.sort}

    def rest(self) -> dict[str, Any]:
        """Return what core.api.listing takes: filters by name (`_min`, `_max`, `_after`, `_before`), and orderings."""
        found: dict[str, str] = {}
        for one in self.filters:
            if one.kind in ("number", "date", "time"):
                lookups = {"number": ("min", "max"), "date": ("after", "before")}
                for word in lookups.get(one.kind, lookups["date"]):
                    ends = {"min": "gte", "max": "lte", "after": "gte", "before": "lt"}
                    found[f"{one.key}_{word}"] = f"{one.lookup}__{ends[word]}"
            elif one.kind != "money" and (one.path or not one.where):
                found[one.key] = f"{one.lookup}_id" if one.kind in ("person", "row") else one.lookup
        orderings = {"-created_at": ("-created_at", "-pk"), "created_at": ("created_at", "pk")}
        for key, name in {"updated_at": "updated_at", **self.sorts}.items():
            orderings |= {key: (name, "pk"), f"-{key}": (f"-{name}", "-pk")}
        return {"filters": found, "orderings": orderings, "search": self.finds}


SPECS: dict[str, ListSpec] = {}
saved_views: list[Callable[[Any, str], list[View]]] = []


def register_list(*specs: ListSpec) -> None:
    """Add lists, so that their key leads to them."""
    SPECS.update({spec.key: spec for spec in specs})


@dataclass
class Asked:
    """A list as one address asks for it, by one actor."""

    spec: ListSpec
    actor: Any
    view: View
    views: list[View]
    clauses: list[Clause]
    words: str = ""
    sort: str = ""
    columns: list[Column] = field(default_factory=list)
    offered: list[Column] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    kept: list[Clause] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_dense: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether it asks for something else than its view does."""
        sort = QueryDict(self.view.query).get("sort", "")
        return [one for one in self.clauses if one.is_ready] != self.kept or self.sort != sort

    @property
    def order(self) -> tuple[str, ...]:
        """The columns to order by, ending with the key."""
        name = self.sort.removeprefix("-")
        column = next((one.sort for one in self.offered if one.key == name and one.sort), "")
        if not column:
            return self.spec.order
        down = "-" if self.sort.startswith("-") else ""
        return (f"{down}{column}", f"{down}pk")

    def rows(self) -> QuerySet[Any]:
        """Return the rows that match, in no order yet; days are the reader's, also in the worker and for a key."""
        with timezone.override(self.actor.zone or timezone.get_default_timezone()):
            return self._matching()

    def _matching(self) -> QuerySet[Any]:
        found = self.spec.find(self.actor)
        for clause in list(self.clauses):
            if not clause.is_ready:
                continue
            try:
                found = found.filter(clause.condition(self.actor.user_id or 0))
            except (ValueError, TypeError, OverflowError, InvalidOperation):
                self.clauses.remove(clause)
                said = f"{clause.filter.label} {WORDS[clause.operator]} “{clause.values[0][:40]}”"
                self.notes.append(gettext("%(said)s makes no sense here and was left out.") % {"said": said})
        return found_by(self.spec.finds, found, self.words) if self.words else found

    def shown(self) -> QuerySet[Any]:
        """Return the rows with what the columns need, and without what is heavy and not shown."""
        found, custom = self.rows(), any(":" in column.key for column in self.columns)
        if self.spec.related:
            found = found.select_related(None).select_related(*self.spec.related)
        for column in self.columns:
            found = column.needs(found, self.actor)
        return found.defer(*(name for name in self.spec.defer if not (custom and name == "custom")))

    def worth(self) -> list[Money]:
        """Return what the rows that match are worth together, in each of their currencies, the largest first."""
        if not self.spec.worth:
            return []
        sums = self.rows().order_by().values_list("currency").annotate(all=Sum(self.spec.worth))
        return [Money(total, name) for name, total in sums.order_by("-all") if total]

    def address(self, *, clauses: Iterable[Clause] | None = None, **changes: str) -> str:
        """Return the query string of this list with other clauses, or with other names set ("" takes one away)."""
        asked = QueryDict(mutable=True)
        named = list(self.clauses if clauses is None else clauses)
        edited = named != self.kept
        given = {"view": self.view.key, "q": self.words, "sort": self.sort} | changes
        given["edited"] = "1" if edited else ""
        for name, value in given.items():
            if value:
                asked[name] = value
        for clause in named if edited else ():
            asked.setlist(clause.filter.key, list(clause.values or ("",)))
            if clause.operator != OPERATORS[clause.filter.kind][0]:
                asked[f"{clause.filter.key}-op"] = clause.operator
        return f"?{asked.urlencode()}"

    def query(self) -> str:
        """Return what a saved view keeps: filters, order and columns, without the words that were searched."""
        plain = replace(self, view=View("", ""), words="", kept=[])
        kept = QueryDict(plain.address()[1:], mutable=True)
        kept.pop("edited", None)
        kept["cols"] = ",".join(column.key for column in self.columns if column.label)
        return kept.urlencode()


def read(
    spec: ListSpec, actor: Any, asked: QueryDict, layout: Mapping[str, Any] | None = None, *, strict: bool = False
) -> Asked:
    """Return what an address asks of a list; `layout` maps views to the columns that the reader chose.

    What it does not know is left out with a note; with `strict` it raises Invalid.
    """
    saved = [view for provide in saved_views for view in provide(actor, spec.key)]
    views = [*spec.views, *saved]
    chosen = next((view for view in views if view.key == asked.get("view", "")), views[0])
    kept = QueryDict(chosen.query)
    own = asked if "edited" in asked else None
    more: tuple[Sequence[Column], Sequence[Filter]] = spec.more() if spec.more else ((), ())
    offered, filters = [*spec.columns, *more[0]], [*spec.filters, *more[1]]
    notes: list[str] = []
    if asked.get("view", "") != chosen.key:
        notes.append(gettext("The view that you asked for is not there any more."))
    strange = set(asked) - OWN_NAMES - set(names_of(filters))
    notes += [gettext("“%(name)s” is no filter of this list.") % {"name": name[:40]} for name in sorted(strange)[:5]]
    clauses = list(clauses_of(filters, own or _together(kept, asked), notes))
    sort = asked.get("sort") or kept.get("sort", "")
    known = {column.key for column in offered if column.sort}
    if sort and sort.removeprefix("-") not in known:
        notes.append(gettext("This list cannot be ordered by “%(sort)s”.") % {"sort": sort[:40]})
        sort = ""
    if notes and strict:
        raise Invalid({"filters": notes})
    own_layout = (layout or {}).get(chosen.key, {})
    names = own_layout.get("columns") or kept.get("cols", "").split(",")
    words = asked.get("q", "").replace("\0", "").strip()[:LONGEST]
    return Asked(
        spec, actor, chosen, views, clauses, words, sort, arrange(offered, names), offered,
        filters, list(clauses_of(filters, kept, [])), notes, own_layout.get("dense", False),
    )  # fmt: skip


def matching(spec: ListSpec, actor: Any, query: str) -> QuerySet[Any]:
    """Return every row that an address's query string asks for; raises Invalid for one that is not understood."""
    asked = read(spec, actor, QueryDict(query.removeprefix("?")), strict=True)
    found = asked.rows()
    if asked.notes:
        raise Invalid({"filters": asked.notes})
    return found


def arrange(offered: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """Return the columns of these names in their order, fixed ones in their places; the usual ones for no names."""
    known = {column.key: column for column in offered if not column.fixed}
    chosen = [known[name] for name in dict.fromkeys(names) if name in known]
    chosen = chosen or [column for column in known.values() if column.shown]
    fixed = [column for column in offered if column.fixed]
    first = next((at for at, column in enumerate(offered) if not column.fixed), len(offered))
    return [*fixed[:first], *chosen, *fixed[first:]]


def table(columns: Sequence[Column], rows: Iterable[Any]) -> tuple[list[str], Iterator[list[Any]]]:
    """Return headings and rows of plain values, for a file."""
    told = [column for column in columns if column.label]

    def values(row: Any) -> list[Any]:
        # A file says the same in every language, so that it can be imported again.
        with override("en"):
            cells = [column.plain(row) for column in told]
            return [str(cell) if isinstance(cell, Promise) else cell for cell in cells]

    with override("en"):
        return [str(column.label) for column in told], map(values, rows)


def export_of(key: str, actor: Any) -> ListSpec:
    """Return a list by its key; raises Denied when the actor may not take it out of the house."""
    actor.require(SPECS[key].permission)
    actor.require(SPECS[key].export)
    return SPECS[key]


def content_of(asked: Asked, found: QuerySet[Any], form: str) -> tuple[list[str], Iterator[list[Any]]]:
    """Return headings and rows of the file of a list; "all" is everything, to be imported again."""
    if form == "all" and asked.spec.everything:
        return asked.spec.everything(found)  # type: ignore[no-any-return]
    return table(asked.columns, found.order_by(*asked.order).iterator(chunk_size=1_000))


def roughly(found: QuerySet[Any], counted: int, most: int = COUNTED) -> str:
    """Return the number of rows in words: exact up to `most`, then the planner's estimate, else "1,000+"."""
    if counted <= most:
        return f"{counted:,}"
    if connection.vendor == "postgresql":
        plan = json.loads(found.order_by().explain(format="json"))[0]["Plan"]
        likely = int(plan["Plan Rows"])
        if likely > most:
            return gettext("about %(count)s") % {"count": f"{round(likely, 2 - len(str(likely))):,}"}
    return f"{most:,}+"


def _together(kept: QueryDict, asked: QueryDict) -> QueryDict:
    """The view's filters, and over them those that the address names."""
    both = kept.copy()
    for name in asked:
        both.setlist(name, asked.getlist(name))
    return both
