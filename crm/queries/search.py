"""One search for lists, programs and the palette: what a typed text finds among the rows that a reader may see."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from django.db import connection
from django.db.models import QuerySet

from crm.models import search as index
from crm.models.search import Searchable
from crm.search import Group, Query, Word, attempts, likeness, parse

Row = TypeVar("Row", bound=Searchable)
Near = Callable[[tuple[str, ...]], dict[str, Group]]
FEW = 5  # with so many hits of what was typed, nobody meant another spelling
MANY = 1_000
CANDIDATES = 300
NEWEST = 4_000


def matching(rows: QuerySet[Row], typed: str) -> QuerySet[Row]:
    """Keep the rows that the typed text finds; few hits add other spellings, none leave out a word.

    Give it the rows that the reader may see, with all other filters: what is few is decided on them.
    """

    def take(query: Query) -> list[Any]:
        hits = rows.order_by().filter(search_words__matches=query)
        return list(hits.values_list("pk", flat=True)[:MANY])

    query, found = _settle(parse(typed), take)
    if query is None or len(found) < MANY:
        # By their keys: no planner then walks a whole table in the list's order for a handful of hits.
        return rows.filter(pk__in=found) if found else rows.none()
    return rows.filter(search_words__matches=replace(query, is_wide=True))


def best(rows: QuerySet[Row], typed: str, most: int, near: Near = index.near) -> list[int]:
    """Return the ids of the hits that are nearest to what was typed, nearest first; `matching` finds them, too."""
    words = parse(typed)

    def take(query: Query) -> list[Any]:
        hits: list[Any] = []
        # Most words have thousands of hits: SQLite looks at the newest first, for the rest only if those are few.
        for newest in (NEWEST, 0) if connection.vendor == "sqlite" else (0,):
            asked = rows.order_by().filter(search_words__matches=replace(query, newest=newest))
            hits = list(asked.values_list("pk", "search_words")[:CANDIDATES])
            if len(hits) >= FEW or not rows.query.where:
                break
        return hits

    query, found = _settle(words, take, near)
    if query is not None and len(found) == CANDIDATES:  # whole words must not drown in beginnings
        found = list({*found, *take(replace(query, options=tuple(map(_whole, query.options[:1]))))})
    ranked = sorted((-likeness(words, told), -pk) for pk, told in found)
    return [-pk for _, pk in ranked[:most]]


def _settle(
    words: Sequence[Word], take: Callable[[Query], list[Any]], near: Near = index.near
) -> tuple[Query | None, list[Any]]:
    """Return the first query that finds enough, and what was taken of its hits."""
    chosen: Query | None = None
    found: list[Any] = []
    for number, query in enumerate(attempts(words, near) if words else ()):
        if found and query.is_less:
            break
        chosen, found = query, take(query)
        if len(found) >= (1 if number else FEW):
            break
    return (chosen, found) if found else (None, [])


def _whole(option: tuple[Group, ...]) -> tuple[Group, ...]:
    """The same groups without beginnings; those of numbers stay."""
    return tuple(
        tuple(tuple(t if t[0].isdecimal() else t.rstrip("*") for t in terms) for terms in group) for group in option
    )
