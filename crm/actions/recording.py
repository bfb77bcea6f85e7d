"""What an operation changes is written down, row by row, so that it can be undone."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.contrib.admin.utils import NestedObjects
from django.db.models import JSONField, Model, QuerySet

from accounts.actor import Actor
from core import clock
from crm.models import Operation
from crm.models.record import Record
from crm.models.search import INDEXED

UNDO_DAYS = 30
PART = 500
CUSTOM = "custom:"
# Versions only ever count up.
VERSION = "version"
# The time of the last edit tells whether somebody edited a row since.
STAMP = "updated_at"
# What is computed from other rows: put back where nothing touched it, never a reason to keep a row.
COMPUTED = frozenset({
    "last_activity_at", "last_touch_at", "rots_on", "rotting_told_on", "score", "score_reasons",
    "score_model", "scored_at", "facts",
})  # fmt: skip
# Columns that say one thing together: all of them go back, or none.
TOGETHER: dict[str, tuple[tuple[str, ...], ...]] = {
    "crm.contact": (
        ("email", "email_folded"),
        ("phone", "phone_e164"),
        ("company_name", "company_folded"),
    ),
    "crm.lead": (
        ("status", "stage", "disqualification_reason", "converted_deal_id", "converted_at",
         "conversion"),
        ("score", "score_reasons", "score_model", "scored_at"),
        ("estimated_value_minor", "currency"),
    ),
    "crm.deal": (
        ("status", "won_at", "lost_at", "closed_on", "lost_reason", "reopened_at"),
        ("pipeline_id", "stage_id", "stage_since", "probability", "probability_is_manual"),
        ("value_minor", "currency"),
    ),
    "crm.ticket": (
        ("status", "worked_seconds", "running_since", "due_at", "warn_at", "resolved_at",
         "closed_at", "first_answered_at"),
    ),
}  # fmt: skip
Image = dict[str, Any]
Change = tuple[int, Image | None, Image | None]
_current: ContextVar["Recorder | None"] = ContextVar("recorder", default=None)


class Recorder:
    """Takes images of rows before a change, compares them afterwards, and keeps the differences as one step."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.details: dict[str, Any] = operation.details
        self.counts = True  # whether the operation's records are counted here, or by the caller
        self._step = operation.steps + 1
        self._before: dict[type[Model], dict[int, Image]] = {}
        self._going: dict[type[Model], set[int]] = {}
        self._watched: list[QuerySet[Any]] = []
        self._created: dict[type[Model], set[int]] = {}

    def watch(self, rows: QuerySet[Any] | Iterable[Model]) -> None:
        """Take images of these rows now; at the end every difference counts, and rows that came into the set."""
        for queryset in _querysets(rows):
            self._watched.append(queryset)
            self._take(queryset.model, images(queryset))

    def deleting(self, rows: QuerySet[Any] | Iterable[Model]) -> None:
        """Take images of rows about to be deleted, and of all that goes, or loses its pointer, with them."""
        for queryset in _querysets(rows):
            ids = set(queryset.values_list("pk", flat=True))
            going = self._going.setdefault(queryset.model, set())
            if ids <= going:
                continue
            going |= ids
            nested = NestedObjects(using=queryset.db, origin=queryset)
            nested.collect(queryset)
            groups: list[Any] = [*nested.data.values(), *nested.fast_deletes]
            groups += [entry for found in nested.field_updates.values() for entry in found]
            for group in groups:
                instances = [group] if isinstance(group, Model) else list(group)
                for model in {type(row) for row in instances}:
                    if not getattr(model, "is_derived", False):
                        mine = [row.pk for row in instances if type(row) is model]
                        self._take(model, images(model._base_manager.filter(pk__in=mine)))

    def created(self, *rows: Model) -> None:
        """Note rows that were inserted; undoing removes those that nobody edited or built upon."""
        for row in rows:
            self._created.setdefault(type(row), set()).add(row.pk)

    def add(self, model: type[Model], changes: Iterable[Change]) -> None:
        """Keep (id, before, after) of rows that a set-based writer changed; None is: not there.

        Neighbouring ids that were created alike are kept as one range.
        """
        source, own, label = iter(changes), self.operation, model._meta.label_lower
        while part := list(islice(source, PART)):
            own.steps = self._step
            own.parts.create(step=own.steps, model=label, rows=packed(part))
            if self.counts and issubclass(model, Record):
                own.row_count += len(part)

    def close(self) -> None:
        """Compare and write the step; call it inside the transaction of the change."""
        for queryset in self._watched:
            model, known = queryset.model, self._before.get(queryset.model, {})
            found = set(queryset.order_by().values_list("pk", flat=True))
            self._created.setdefault(model, set()).update(found - known.keys())
        for model in {**self._before, **self._created}:
            self.add(model, self._differences(model))
        self.operation.save(update_fields=["steps", "row_count", "details", "title", "total"])

    def _take(self, model: type[Model], found: dict[int, Image]) -> None:
        held = self._before.setdefault(model, {})
        for pk, image in found.items():
            held.setdefault(pk, image)  # the first image counts
            self._created.get(model, set()).discard(pk)

    def _differences(self, model: type[Model]) -> Iterator[Change]:
        before, created = self._before.get(model, {}), self._created.get(model, set())
        rows = model._base_manager.filter(pk__in=[*before, *created])
        now = images(rows)
        for pk, image in before.items():
            if pk not in now:
                yield pk, image, None
            elif changed := _changed(model, image, now[pk]):
                after = now[pk]
                yield pk, {n: image.get(n) for n in changed}, {n: after.get(n) for n in changed}
        owned = [(name, self._created.get(to, set())) for name, to in pointers(model)]
        for pk in sorted(created & now.keys() - before.keys()):
            if not any(now[pk][name] in owners for name, owners in owned):  # else it goes along
                yield pk, None, {STAMP: now[pk][STAMP]} if STAMP in now[pk] else {}


def current_operation() -> int | None:
    """Return the operation that is being recorded, None outside of one."""
    record = _current.get()
    return record.operation.pk if record else None


@contextmanager
def recording(
    kind: str = "", title: str = "", *, actor: Actor, permission: str = "", operation: Operation | None = None
) -> Iterator[Recorder]:
    """Record what the block changes as one step of an operation; call it inside an action.

    Inside another recording it joins that one. Without `operation` a new one is kept, if anything changed.
    """
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    is_new = operation is None
    if operation is None:
        operation = begin_operation(kind, title, actor=actor, permission=permission)
    record = Recorder(operation)
    token = _current.set(record)
    try:
        yield record
    finally:
        _current.reset(token)
    record.close()
    if is_new and not operation.steps:
        operation.delete()
    elif is_new:
        finish_operation(operation)


def delete_recorded(row: Model, *, actor: Actor, permission: str) -> None:
    """Delete a row with all that goes with it, recorded; raises ProtectedError where something needs it."""
    kind = Operation.Kind.DELETE.value
    title = f"Deleted {row._meta.verbose_name} {row}"
    with recording(kind, title, actor=actor, permission=permission) as record:
        record.deleting([row])
        row.delete()


def begin_operation(
    kind: str, title: str, *, actor: Actor, permission: str, total: int = 0, details: Mapping[str, Any] | None = None
) -> Operation:
    """Open an operation that takes several transactions; `finish_operation` lets it be undone."""
    return Operation.objects.create(
        kind=kind,
        title=title[:200],
        permission=permission,
        created_by=actor.user,
        undo_until=clock.now() + timedelta(days=UNDO_DAYS),
        total=total,
        details=dict(details or {}),
    )


def finish_operation(operation: Operation) -> None:
    """Note that an operation is complete: from now on it can be undone."""
    operation.store(state=Operation.State.DONE.value)


def part_of(model: type[Model]) -> tuple[str, ...]:
    """Return the columns that lead to the records of which rows of this model are mere parts."""
    owner: Any = model._meta.auto_created  # of a link table
    return (f"{owner._meta.model_name}_id",) if owner else getattr(model, "part_of", ())


def pointers(model: type[Model]) -> list[tuple[str, Any]]:
    """Return the columns that make rows of this model parts of others, with the models of those."""
    return [(name, model._meta.get_field(name).related_model) for name in part_of(model)]


def packed(changes: Iterable[Change]) -> list[Any]:
    """Return changes with runs of ids that were created alike as [[first, last], null, after]."""
    rows: list[Any] = []
    for pk, before, after in changes:
        run = rows[-1] if rows and before is None else [None]
        if isinstance(run[0], list) and run[0][1] + 1 == pk and run[2] == after:
            run[0][1] = pk
        else:
            rows.append([pk, before, after] if before is not None else [[pk, pk], None, after])
    return rows


def images(rows: QuerySet[Any], columns: Collection[str] = ()) -> dict[int, Image]:
    """Return what rows hold as JSON values by column, exact on both databases; custom fields one by one."""
    fields = rows.model._meta.concrete_fields
    names = [f.attname for f in fields if not columns or f.primary_key or f.attname in columns]
    names = [name for name in names if name not in INDEXED]
    at = names.index(rows.model._meta.pk.attname)
    found = {}
    for values in rows.order_by().values_list(*names).iterator(chunk_size=2_000):
        image = {name: encoded(value) for name, value in zip(names, values, strict=True)}
        image |= {f"{CUSTOM}{key}": value for key, value in image.pop("custom", {}).items()}
        found[values[at]] = image
    return found


def encoded(value: Any) -> Any:
    """Return a column's value as JSON: dates in ISO 8601, decimals as text."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def decoded(model: type[Model], image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an image with their Python values."""
    found: dict[str, Any] = {}
    for name, value in image.items():
        if name.startswith(CUSTOM):
            found.setdefault("custom", {})[name.removeprefix(CUSTOM)] = value
            continue
        field = model._meta.get_field(name)
        plain = value is None or isinstance(field, JSONField)
        found[name] = value if plain else field.to_python(value)  # type: ignore[union-attr]
    return found


def _changed(model: type[Model], before: Image, after: Image) -> set[str]:
    names = before.keys() | after.keys()
    changed = {name for name in names if before.get(name) != after.get(name)} - {VERSION}
    for group in TOGETHER.get(model._meta.label_lower, ()):
        changed.update(group if changed.intersection(group) else ())
    return changed | ({STAMP} & before.keys() if changed else set())


def _querysets(rows: QuerySet[Any] | Iterable[Model]) -> list[QuerySet[Any]]:
    if isinstance(rows, QuerySet):
        return [rows]
    ids: dict[type[Model], list[int]] = {}
    for row in rows:
        ids.setdefault(type(row), []).append(row.pk)
    return [model._base_manager.filter(pk__in=found) for model, found in ids.items()]
