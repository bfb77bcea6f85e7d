"""The pieces of keyset paging: a place in an order as one range of an index, on both databases."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models
from django.db.models import IntegerField, Model, Q, QuerySet, Subquery


class CountOf(Subquery):
    """How many rows a query has: asked once, beside the rows of a page."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted_rows)"
    output_field = IntegerField()

    def __init__(self, queryset: QuerySet[Any]) -> None:
        super().__init__(queryset)


def sections(queryset: QuerySet[Any], first: str, values: Sequence[Any], *, backwards: bool) -> list[tuple[Q, int]]:
    """The parts that a list falls into: rows whose first column is filled, then those where it is null.

    Each section is a plain range of the index (first, key): no expression has to be indexed for it. Rows without a
    value are not looked for where the list's own filters ask for one.
    """
    if not _is_nullable(queryset.model, first):
        if values and values[0] is None:
            raise ValueError("This is no cursor.")
        return [(Q(), 0)]
    found = [(Q(**{f"{first}__isnull": False}), 0), (Q(**{f"{first}__isnull": True}), 1)]
    if _is_filled(queryset, first):
        if values and values[0] is None:
            raise ValueError("This is no cursor.")
        return found[:1]  # said once more in plain words, by which SQLite knows a partial index
    if backwards:
        found.reverse()
    return found[1:] if values and (values[0] is None) != backwards else found


def _is_nullable(model: Any, path: str) -> bool:
    parts = path.split("__")
    steps = (_field(model, "__".join(parts[: at + 1])) for at in range(len(parts)))
    return any(step is not None and step.null for step in steps)  # an annotation is never null


def _is_filled(queryset: QuerySet[Any], first: str) -> bool:
    """Whether a filter of the rows is true of no row whose column is null."""
    column, table = _field(queryset.model, first), queryset.model._meta.db_table
    for leaf, is_not in _leaves(queryset.query.where):
        asked = getattr(leaf, "lhs", None)
        if getattr(asked, "target", None) is column and getattr(asked, "alias", "") == table:
            if leaf.lookup_name == "isnull":
                if bool(leaf.rhs) == is_not:
                    return True
            elif not is_not:
                return True
    return False


def _leaves(node: Any, *, is_not: bool = False) -> Iterator[tuple[Any, bool]]:
    """The conditions that all have to hold, each with whether it is negated."""
    if node.connector == "AND" and not (node.negated and len(node.children) > 1):
        for child in node.children:
            if hasattr(child, "children"):
                yield from _leaves(child, is_not=is_not != node.negated)
            else:
                yield child, is_not != node.negated


def beyond(model: type[Model], names: Sequence[str], ascending: Sequence[bool], values: Sequence[Any]) -> Any:
    """The rows beyond a place; columns of one direction are compared as one: a single range of their index."""
    fields = [_field(model, name) for name in names]
    if len(set(ascending)) == 1 and all(fields):
        return _Beyond(names, [(one.to_python(value), one) for one, value in zip(fields, values, strict=True)],
                       up=ascending[0])  # fmt: skip
    condition = Q()
    equal = Q()
    for name, up, value in zip(names, ascending, values, strict=True):
        condition |= equal & Q(**{f"{name}__{'gt' if up else 'lt'}": value})
        equal &= Q(**{name: value})
    return condition


class _Beyond(models.Func):
    """(column, …) > (value, …): what both databases look up in an index of these columns."""

    output_field = models.BooleanField()

    def __init__(self, names: Sequence[str], values: Sequence[tuple[Any, Any]], *, up: bool) -> None:
        typed = (models.Value(value, output_field=field) for value, field in values)
        super().__init__(*map(models.F, names), *typed)
        self.sign = ">" if up else "<"

    def as_sql(
        self, compiler: Any, connection: Any, function: Any = None, template: Any = None,
        arg_joiner: Any = None, **extra: Any,
    ) -> tuple[str, Any]:  # fmt: skip
        """Write both rows."""
        parts = [compiler.compile(one) for one in self.source_expressions]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in side) for side in (parts[:half], parts[half:]))
        return f"({left}) {self.sign} ({right})", [one for _, given in parts for one in given]


def _field(model: Any, path: str) -> Any:
    """The column at the end of a path, None for an annotation."""
    field = None
    for name in path.split("__"):
        if name != "pk" and name not in {one.name for one in model._meta.get_fields()}:
            return None
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        model = field.related_model
    return field
