"""The filters that every list understands."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.actor import Actor
from core.errors import NotFound
from crm.models.search import Searchable
from crm.queries.search import matching

Row = TypeVar("Row", bound=Model)
MOST_SEARCHED = 100


def narrow(
    rows: QuerySet[Row],
    filters: Mapping[str, Any] | None,
    actor: Actor,
    columns: Sequence[str],
    searched: Sequence[str] = (),
    *,
    ids: Sequence[str] = (),
    owner: str = "owner",
) -> QuerySet[Row]:
    """Apply equality on `columns` and `ids`, the owner ("me", "none", an id) and the search `q`.

    An empty value filters nothing; a wrong id finds nothing. `searched` are the lookups of what has no search words.
    """
    given = {
        name: _clean(value) for name, value in (filters or {}).items() if value not in (None, "")
    }
    for name in columns:
        if name in given:
            rows = rows.filter(**{name: given[name]})
    for name in ids:
        if name in given:
            rows = rows.filter(**{f"{name}_id": _number(given[name])})
    if wanted := given.get("owner"):
        rows = rows.filter(_owned(owner, str(wanted), actor))
    typed = str(given.get("q", ""))[:MOST_SEARCHED].strip()
    if typed and issubclass(rows.model, Searchable):
        return matching(rows, typed)
    for word in typed.split():
        match = Q()
        for lookup in searched:
            match |= Q(**{lookup: word})
        rows = rows.filter(match)
    return rows


def one(rows: QuerySet[Row], pk: int, missing: str) -> Row:
    """Return the row of this key; raises NotFound, saying what is missing."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound(missing)
    return row


def _owned(column: str, wanted: str, actor: Actor) -> Q:
    if wanted == "none":
        return Q(**{f"{column}__isnull": True})
    return Q(**{f"{column}_id": (actor.user_id or 0) if wanted == "me" else _number(wanted)})


def _clean(value: Any) -> Any:
    # PostgreSQL refuses the null character in any text.
    return value.replace("\0", "") if isinstance(value, str) else value


def _number(value: Any) -> int:
    text = str(getattr(value, "pk", value))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
