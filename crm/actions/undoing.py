"""One step of an operation is taken back: what still stands goes back, what somebody changed since is kept."""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import CASCADE, PROTECT, RESTRICT, F, Model

from accounts.actor import Actor
from core import clock
from core.errors import Refused
from core.models import Event
from crm.actions.recording import COMPUTED, TOGETHER, Image, decoded, images
from crm.models import Activity, Deal, Operation
from crm.models.record import Record

Rows = dict[int, Image]
Conflict = dict[str, Any]
STRONG = (CASCADE, PROTECT, RESTRICT)
GONE = "It was deleted since."
EDITED = "It was changed since, so it stays."
USED = "Something was added to it since, so it stays."
OTHERS = "It belongs to someone else now."
POINTED = "What it belonged to is gone."
TAKEN = "Another record says the same by now."
RULE = "Together with later changes it would break a rule."
BUILT_ON = "Later changes build on this. Undo those first."


class StepUndo:
    """Decides from the rows as they stand now, then writes; `conflicts` lists what was kept."""

    def __init__(self, operation: Operation, actor: Actor) -> None:
        self.operation, self.actor = operation, actor
        self.made: dict[type[Model], Rows] = {}
        self.changed: dict[type[Model], dict[int, tuple[Image, Image]]] = {}
        self.lost: dict[type[Model], Rows] = {}
        self.now: dict[type[Model], Rows] = {}
        self.wanted: dict[type[Model], Rows] = {}
        self.failed = False
        self.conflicts: list[Conflict] = []
        self.back: dict[type[Model], dict[int, dict[str, list[Any]]]] = {}
        parts = operation.parts.filter(kind="change", step=operation.steps).order_by("-pk")
        for part in parts.iterator(chunk_size=50):
            self._sort(apps.get_model(part.model), reversed(part.rows))

    def run(self) -> None:
        """Decide and write; call it inside the transaction of the step."""
        for model in {*self.made, *self.changed, *self.lost}:
            groups = (self.made, self.changed, self.lost)
            ids = {pk for rows in groups for pk in rows.get(model, ())}
            self.now[model] = images(model._base_manager.filter(pk__in=ids))
        self._drop_what_cannot_come_back()
        self.wanted = {model: self._wanted(model) for model in self.changed}
        self._keep_what_is_used()
        for rows, write in (
            (self.made, self._remove),
            (self.wanted, self._set),
            (self.lost, self._insert),
        ):
            for model, wanted in rows.items():
                self._write(model, list(wanted), write)
        if self.failed and self.made:
            try:
                connection.check_constraints()
            except IntegrityError:
                raise Refused(BUILT_ON) from None

    def touched(self, model: type[Model]) -> list[int]:
        """Return the ids of the model's rows that changed, went or came back."""
        return sorted(
            {pk for rows in (self.made, self.back, self.lost) for pk in rows.get(model, ())}
        )

    # --- deciding

    def _sort(self, model: type[Model], rows: Any) -> None:
        for pk, before, after in rows:
            if before is None:
                self.made.setdefault(model, {})[pk] = after
            elif after is None:
                self.lost.setdefault(model, {})[pk] = before
            else:  # an older change of the same row: back to what was before both
                newer = self.changed.setdefault(model, {}).get(pk, ({}, {}))
                self.changed[model][pk] = ({**newer[0], **before}, {**after, **newer[1]})

    def _keep_what_is_used(self) -> None:
        self._follow()
        kept: dict[type[Model], dict[int, str]] = {model: {} for model in self.made}
        for model in self.made:
            now = self.now[model]
            self.made[model] = {pk: row for pk, row in self.made[model].items() if pk in now}
            for pk, after in self.made[model].items():
                if any(now[pk][name] != value for name, value in after.items()):
                    kept[model][pk] = EDITED
        for model in self.made:
            for pk in self._built_upon(model):
                kept[model].setdefault(pk, USED)
        while self._spread(kept):
            pass
        for model, reasons in kept.items():
            for pk, reason in reasons.items():
                self.made[model].pop(pk)
                if issubclass(model, Record):
                    self._conflict(model, pk, reason)

    def _built_upon(self, model: type[Model]) -> Iterator[int]:
        """The created rows that something points at which neither goes nor turns away in this step."""
        for user, pointer in _pointers(model, builds_on=True):
            goes, turns = self.made.get(user, {}), self.wanted.get(user, {})
            found = user._base_manager.filter(**{f"{pointer}__in": self.made[model]})
            for pk, target in found.values_list("pk", pointer):
                if pk not in goes and pointer not in turns.get(pk, {}):
                    yield target

    def _follow(self) -> None:
        """Tasks that the machine planned on a created deal go with it, while nobody touched them."""
        if deals := self.made.get(Deal):
            tasks = Activity.objects.filter(
                deal__in=deals, source_key__isnull=False, completed_at=None, version=1
            )
            found = images(tasks)
            self.now.setdefault(Activity, {}).update(found)
            self.made.setdefault(Activity, {}).update({pk: {} for pk in found})

    def _spread(self, kept: dict[type[Model], dict[int, str]]) -> bool:
        """Keep what a kept row needs, and the parts of a kept record; True when that kept more."""
        more = False
        for model, rows in self.made.items():
            for field in _keys(model):
                target = field.related_model
                for pk in rows:
                    to = self.now[model][pk][field.attname]
                    if to not in self.made.get(target, {}):
                        continue
                    if pk in kept[model] and to not in kept[target]:
                        kept[target][to], more = USED, True
                    is_part = not issubclass(model, Record)
                    if is_part and to in kept[target] and pk not in kept[model]:
                        kept[model][pk], more = EDITED, True
        return more

    def _drop_what_cannot_come_back(self) -> None:
        for model, rows in self.lost.items():
            self.lost[model] = {pk: row for pk, row in rows.items() if pk not in self.now[model]}
        again = True
        while again:
            again = False
            for model, rows in self.lost.items():
                for field in _keys(model):
                    there = self._there(field, {row[field.attname] for row in rows.values()})
                    for pk, row in list(rows.items()):
                        if row[field.attname] in there:
                            continue
                        if field.null:
                            row[field.attname] = None
                        else:
                            del rows[pk]
                            again = True
                        if issubclass(model, Record):
                            self._conflict(model, pk, POINTED, field=field.name)

    def _wanted(self, model: type[Model]) -> Rows:
        rows, wanted = self.changed[model], {}
        mine = self._mine(model, rows)
        for pk in rows:
            if pk not in self.now[model]:
                self._conflict(model, pk, GONE)
            elif mine is not None and pk not in mine:
                self._conflict(model, pk, OTHERS)
            else:
                wanted[pk] = self._values(model, pk)
        for field in _keys(model):
            there = self._there(field, {row.get(field.attname) for row in wanted.values()})
            for pk, row in wanted.items():
                if row.get(field.attname) not in there:
                    del row[field.attname]
                    self._conflict(model, pk, POINTED, field=field.name)
        return {pk: row for pk, row in wanted.items() if row}

    def _values(self, model: type[Model], pk: int) -> Image:
        """The columns of a row that go back; columns that belong together go back together, or none."""
        (before, after), now = self.changed[model][pk], self.now[model][pk]
        values: Image = {}
        rest = set(before)
        for group in [*TOGETHER.get(model._meta.label_lower, ()), *((name,) for name in before)]:
            names = [name for name in group if name in rest]
            rest.difference_update(names)
            differing = [name for name in names if now[name] != after[name]]
            if not differing:
                values |= {name: before[name] for name in names if before[name] != now[name]}
            for name in differing:
                if name not in COMPUTED and now[name] != before[name]:
                    held = {"ours": after[name], "theirs": now[name]}
                    self._conflict(model, pk, "", field=name, **held)
        return values

    def _mine(self, model: type[Model], rows: Any) -> set[int] | None:
        """The rows that the actor may change now, or could before this very operation gave them away."""
        permission = self.operation.permission
        if permission.partition(":")[0] != model._meta.model_name:
            return None
        visible = self.actor.visible(permission, model._base_manager.filter(pk__in=rows))
        given = {
            pk
            for pk, (_, after) in rows.items()
            if "owner_id" in after
            and self.now[model].get(pk, {}).get("owner_id") == after["owner_id"]
        }
        return given | set(visible.values_list("pk", flat=True))

    def _there(self, field: Any, ids: set[Any]) -> set[Any]:
        target = field.related_model
        back = ids & self.lost.get(target, {}).keys()
        asked = ids - back - {None}
        found = target._base_manager.filter(pk__in=asked).values_list("pk", flat=True)
        return {None, *back, *(found if asked else ())}

    # --- writing

    def _write(
        self, model: type[Model], ids: list[int], write: Callable[[type[Model], list[int]], None]
    ) -> None:
        if not ids:
            return
        try:
            with transaction.atomic():
                write(model, ids)
        except IntegrityError as error:
            self.failed = True
            if len(ids) > 1:
                for pk in ids:
                    self._write(model, [pk], write)
                return
            is_taken = "unique" in str(error).lower()
            if issubclass(model, Record) or not is_taken:
                self._conflict(model, ids[0], TAKEN if is_taken else RULE)
            for rows in (self.made, self.lost, self.back):
                rows.get(model, {}).pop(ids[0], None)

    def _remove(self, model: type[Model], ids: list[int]) -> None:
        for user, pointer in _pointers(model, builds_on=False):
            rows = user._base_manager.filter(**{f"{pointer}__in": ids})
            if getattr(user, "is_derived", False):
                rows._raw_delete(rows.db)
            else:
                rows.update(**{pointer: None})
        gone = model._base_manager.filter(pk__in=ids)
        gone._raw_delete(gone.db)  # whatever else points here goes or turns in this very step

    def _set(self, model: type[Model], ids: list[int]) -> None:
        for pk in ids:
            now, values = self.now[model][pk], self.wanted[model][pk]
            edits = values.keys() - COMPUTED
            if edits and issubclass(model, Record):
                counter = {"version": F("version") + 1, "updated_at": clock.now()}
            else:
                counter = {}
            model._base_manager.filter(pk=pk).update(**decoded(model, values), **counter)
            changes = {name: [now[name], values[name]] for name in sorted(edits)}
            self.back.setdefault(model, {})[pk] = changes

    def _insert(self, model: type[Model], ids: list[int]) -> None:
        rows = self.lost[model]
        model._base_manager.bulk_create([model(**decoded(model, rows[pk])) for pk in ids])

    # --- saying what was kept

    def _conflict(
        self,
        model: type[Model],
        pk: int,
        reason: str,
        field: str = "",
        ours: Any = None,
        theirs: Any = None,
    ) -> None:
        row = model._base_manager.filter(pk=pk).first()
        if row is None and pk in self.lost.get(model, {}):
            row = model(**decoded(model, self.lost[model][pk]))
        last = Event.objects.filter(
            subject_type=model._meta.model_name, subject_id=pk, at__gte=self.operation.created_at
        )
        happened = last.order_by("-id").first() if row is not None else None
        self.conflicts.append({
            "noun": str(model._meta.verbose_name),
            "id": pk,
            "name": str(row) if row is not None else "",
            "field": str(model._meta.get_field(field).verbose_name) if field else "",  # type: ignore[union-attr]
            "ours": shown(model, field, ours),
            "theirs": shown(model, field, theirs),
            "who": happened.actor_name if happened else "",
            "at": happened.at.isoformat() if happened else "",
            "reason": reason,
        })  # fmt: skip


def shown(model: type[Model], name: str, value: Any) -> str:
    """Return a stored value as a person reads it: a colleague's name, a choice's label."""
    if not name or value in (None, ""):
        return ""
    field: Any = model._meta.get_field(name)
    if field.is_relation:
        return str(field.related_model._base_manager.filter(pk=value).first() or "")
    return str(dict(field.flatchoices or ()).get(value, value))[:200]


def _keys(model: type[Model]) -> Iterator[Any]:
    return (field for field in model._meta.concrete_fields if field.is_relation)


def _pointers(model: type[Model], *, builds_on: bool) -> Iterator[tuple[type[Model], str]]:
    """The foreign keys that point at a model: those whose rows build on it, or the others (logs, derived rows)."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and (relation.one_to_many or relation.one_to_one):
            user: Any = relation.related_model
            strong = relation.on_delete in STRONG or issubclass(user, Record)  # type: ignore[union-attr]
            if builds_on == (strong and not getattr(user, "is_derived", False)):
                yield user, relation.field.attname  # type: ignore[union-attr]
