"""Many rows of one model: the fast writer, by COPY on PostgreSQL, by one prepared statement on SQLite; and slices.

No signals, no defaults, no `save()`: for imports and generators, inside a transaction that an action opened.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from django.db import connection, models

Model = type[models.Model]
Row = TypeVar("Row", bound=models.Model)


def sliced(rows: models.QuerySet[Row], size: int = 500) -> Iterator[Row]:
    """Yield rows by their keys, a slice at a time, for a loop that writes.

    No statement stays open in between: SQLite refuses to write by a connection that still reads what others changed.
    """
    last = 0
    while part := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield from part
        last = part[-1].pk


def reserve(model: Model, count: int) -> list[int]:
    """Take ids for new rows, in growing order; nobody else gets them. Call it inside a transaction."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return [pk for (pk,) in cursor.fetchall()]
        # The IMMEDIATE transaction is the lock: nobody else writes until it ends.
        cursor.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()[0]
        sql = "UPDATE sqlite_sequence SET seq = %s WHERE name = %s"
        if last is None:
            last, sql = 0, "INSERT INTO sqlite_sequence (seq, name) VALUES (%s, %s)"
        cursor.execute(sql, [last + count, table])
    return list(range(last + 1, last + 1 + count))


def insert(
    model: Model, names: Sequence[str], rows: Iterable[Sequence[Any]], same: Mapping[str, Any] | None = None
) -> None:
    """Insert rows of plain values under the column names (attnames); `same` holds the columns that all rows share."""
    same = same or {}
    table, columns = _quoted(model, (*names, *same))
    values: Any = _ready(model, names, rows, same)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our names
        cursor.executemany(sql, values)


def update(model: Model, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write columns of existing rows; each row of values begins with the id."""
    table, columns = _quoted(model, names)
    values: Any = _ready(model, ("id", *names), rows, {})
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            pairs = ", ".join(f"{column} = %s" for column in columns)
            sql = f"UPDATE {table} SET {pairs} WHERE id = %s"  # noqa: S608 - our names
            cursor.executemany(sql, [(*row[1:], row[0]) for row in values])
            return
        lists = [[None if value is None else str(value) for value in column] for column in zip(*values, strict=True)]
        if not lists:
            return
        kinds = [_field(model, name).db_type(connection) for name in names]
        pairs = ", ".join(
            f"{column} = v.c{at}::{kind}" for at, (column, kind) in enumerate(zip(columns, kinds, strict=True))
        )
        given = ", ".join(["%s::text[]"] * len(lists))
        shown = ", ".join(["id", *(f"c{at}" for at in range(len(columns)))])
        cursor.execute(
            f"UPDATE {table} SET {pairs} FROM unnest({given}) AS v({shown})"  # noqa: S608 - our names
            f" WHERE {table}.id = v.id::bigint",
            lists,
        )


@models.Field.register_lookup
class Among(models.Lookup):  # type: ignore[type-arg]
    """`email__among=texts`: one of very many values, sent as one list."""

    lookup_name = "among"
    prepare_rhs = False

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Compare with an array."""
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, list(self.rhs)]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Compare with a JSON list."""
        column, params = self.process_lhs(compiler, connection)
        listed = json.dumps(list(self.rhs))
        sql = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - a column of ours
        return sql, [*params, listed]


def defaults(model: Model) -> dict[str, Any]:
    """Return what a new row has in each column unless told otherwise; the id is left out."""
    empty = model()
    return {
        field.attname: getattr(empty, field.attname) for field in model._meta.concrete_fields if not field.primary_key
    }


def ranges(ids: Iterable[int]) -> list[list[int]]:
    """Return ids as [first, last] pairs of neighbours, in growing order."""
    found: list[list[int]] = []
    for pk in sorted(ids):
        if found and found[-1][1] + 1 >= pk:
            found[-1][1] = pk
        else:
            found.append([pk, pk])
    return found


def ids_in(found: Iterable[Sequence[int]]) -> Iterator[int]:
    """Return the ids that `ranges` was given."""
    return chain.from_iterable(range(first, last + 1) for first, last in found)


def lazy_commit() -> None:
    """Let this transaction's commit not wait for the disk: a power cut may lose it whole, never in part.

    Only for work that is found undone and done again.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")


def _quoted(model: Model, names: Iterable[str]) -> tuple[str, list[str]]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), [quote(_field(model, name).column) for name in names]


def _field(model: Model, name: str) -> Any:
    return next(f for f in model._meta.concrete_fields if name in (f.attname, f.name))


def _ready(
    model: Model, names: Sequence[str], rows: Iterable[Sequence[Any]], same: Mapping[str, Any]
) -> Iterable[tuple[Any, ...]]:
    """The rows as the driver takes them, with the shared columns behind."""
    work = [(at, convert) for at, name in enumerate(names) if (convert := _converter(model, name))]
    tail = tuple(convert(value) if (convert := _converter(model, name)) else value for name, value in same.items())
    for row in rows:
        if not work:
            yield (*row, *tail)
            continue
        made = list(row)
        for at, convert in work:
            made[at] = convert(made[at])
        yield (*made, *tail)


def _converter(model: Model, name: str) -> Callable[[Any], Any] | None:
    field = _field(model, name)
    if isinstance(field, models.JSONField):
        return lambda value: "{}" if value == {} else None if value is None else json.dumps(value)
    if isinstance(field, (models.DateField, models.DecimalField)):
        return lambda value: field.get_db_prep_value(value, connection)
    return None
