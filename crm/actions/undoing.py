"""One step of an operation is taken back: what still stands goes back, what somebody changed since is kept."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import CASCADE, PROTECT, RESTRICT, F, Model
from django.utils.translation import gettext_noop

from accounts.actor import Actor
from core import clock
from core.errors import Refused
from core.models import Event
from crm.actions.recording import COMPUTED, CUSTOM, STAMP, TOGETHER, Image, decoded, images, part_of, pointers
from crm.models import Operation
from crm.models.record import Record

Rows = dict[int, Image]
STRONG = {CASCADE, PROTECT, RESTRICT}
BUILDS, ALONG, MENTIONS = "builds", "along", "mentions"
GONE = gettext_noop("It was deleted since.")
EDITED = gettext_noop("It was changed since, so it stays.")
USED = "Something was added to it since ({}), so it stays."
OTHERS = gettext_noop("It belongs to someone else now.")
POINTED = gettext_noop("What it belonged to is gone.")
TAKEN = gettext_noop("Another record says the same by now.")
RULE = gettext_noop("Together with later changes it would break a rule.")


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
        self.conflicts: list[dict[str, Any]] = []
        self.back: dict[type[Model], dict[int, dict[str, list[Any]]]] = {}
        parts = operation.parts.filter(kind="change", step=operation.steps).order_by("-pk")
        for part in parts.iterator(chunk_size=50):
            self._sort(apps.get_model(part.model), reversed(part.rows))

    def run(self) -> None:
        """Decide and write; call it inside the transaction of the step."""
        for model in {*self.made, *self.changed, *self.lost}:
            ids = {*self.changed.get(model, ()), *self.lost.get(model, ())}
            self.now[model] = images(model._base_manager.filter(pk__in=ids))
            made = model._base_manager.filter(pk__in=self.made.get(model, ()))
            self.now[model] |= images(made, [STAMP, *(key.attname for key in _keys(model))])
        self._drop_what_cannot_come_back()
        self.wanted = {model: self._wanted(model) for model in self.changed}
        self._keep_what_is_used()
        for rows, write in ((self.made, self._remove), (self.wanted, self._set), (self.lost, self._insert)):
            for model in _parents_first(rows):
                if self.failed:
                    self._drop_what_cannot_come_back()
                self._write(model, list(rows[model]), write)
        if self.failed:
            try:
                connection.check_constraints([model._meta.db_table for model in self.now])
            except IntegrityError:
                said = self.conflicts[-1]
                raise Refused(f"{said['name']}: {said['reason']}") from None

    def touched(self, model: type[Model]) -> set[int]:
        """Return the ids of the model's rows that changed, went or came back, or whose parts did."""
        steps = (self.made, self.back, self.lost)
        found = {pk for rows in steps for pk in rows.get(model, ())}
        for part in self.now:
            for pointer, owner in pointers(part):
                found |= self.pointed(part, pointer) if owner is model else set()
        return found

    def pointed(self, model: type[Model], pointer: str) -> set[int]:
        """Return where rows of a model point to, and where they pointed before the step was taken back."""
        kinds = (self.now, self.wanted, self.lost)
        rows = [row for kind in kinds for row in kind.get(model, {}).values()]
        return {row[pointer] for row in rows if row.get(pointer)}

    # --- deciding

    def _sort(self, model: type[Model], rows: Any) -> None:
        for pk, before, after in rows:
            if before is None:
                ids = range(pk[0], pk[1] + 1)
                self.made.setdefault(model, {}).update(dict.fromkeys(ids, after))
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
                if any(now[pk].get(name) != value for name, value in after.items()):
                    kept[model][pk] = EDITED
        for model in self.made:
            for pk, by in self._built_upon(model):
                kept[model].setdefault(pk, USED.format(by._meta.verbose_name))
        while self._spread(kept):
            pass
        for model, reasons in kept.items():
            for pk, reason in reasons.items():
                self.made[model].pop(pk)
                if issubclass(model, Record):
                    self._conflict(model, pk, reason)

    def _built_upon(self, model: type[Model]) -> Iterator[tuple[int, type[Model]]]:
        """The created rows at which something points that neither goes nor turns away in this step."""
        for user, pointer in _pointers(model, BUILDS):
            goes, turns = self.made.get(user, {}), self.wanted.get(user, {})
            found = user._base_manager.filter(**{f"{pointer}__in": self.made[model]})
            for column, owner in pointers(user):
                found = found.exclude(**{f"{column}__in": self.made.get(owner, ())})
            for pk, target in found.values_list("pk", pointer):
                if pk not in goes and pointer not in turns.get(pk, {}):
                    yield target, user

    def _follow(self) -> None:
        """What a machine made of created rows, and nobody took up, goes with them."""
        for model, rows in list(self.made.items()):
            for user, pointer in _pointers(model, BUILDS):
                if loose := getattr(user, "goes_while", None):
                    found = images(user._base_manager.filter(loose, **{f"{pointer}__in": rows}))
                    self.now.setdefault(user, {}).update(found)
                    mine = self.made.setdefault(user, {})
                    mine.update({pk: {} for pk in found.keys() - mine.keys()})

    def _spread(self, kept: dict[type[Model], dict[int, str]]) -> bool:
        """Keep what a kept row needs; True when that kept more."""
        more = False
        for model, field in [(user, field) for user in self.made for field in _keys(user)]:
            mine, others = self.made.get(field.related_model, {}), kept.get(field.related_model, {})
            for pk in list(kept[model]):
                to = self.now[model][pk][field.attname]
                if to in mine and to not in others:
                    others[to], more = USED.format(model._meta.verbose_name), True
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
        return {pk: row for pk, row in wanted.items() if row or self._is_untouched(model, pk)}

    def _values(self, model: type[Model], pk: int) -> Image:
        """The columns of a row that go back; columns that belong together go back together, or none."""
        (before, after), now = self.changed[model][pk], self.now[model][pk]
        values: Image = {}
        rest = before.keys() - {STAMP}
        for group in [*TOGETHER.get(model._meta.label_lower, ()), *((name,) for name in before)]:
            names = [name for name in group if name in rest]
            rest = rest - set(names)
            differing = [name for name in names if now.get(name) != after[name]]
            if not differing:
                values |= {name: before[name] for name in names if before[name] != now.get(name)}
            for name in differing:
                if name not in COMPUTED and now.get(name) != before[name]:
                    self._conflict(model, pk, "", field=name, held=(after[name], now.get(name)))
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
            if "owner_id" in after and self.now[model].get(pk, {}).get("owner_id") == after["owner_id"]
        }
        return given | set(visible.values_list("pk", flat=True))

    def _there(self, field: Any, ids: set[Any]) -> set[Any]:
        target = field.related_model
        back = ids & self.lost.get(target, {}).keys()
        asked = ids - back - {None}
        found = target._base_manager.filter(pk__in=asked).values_list("pk", flat=True)
        return {None, *back, *(found if asked else ())}

    # --- writing

    def _write(self, model: type[Model], ids: list[int], write: Callable[[type[Model], list[int]], None]) -> None:
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
        for user, pointer in _pointers(model, MENTIONS):
            user._base_manager.filter(**{f"{pointer}__in": ids}).update(**{pointer: None})
        going = [user._base_manager.filter(**{f"{to}__in": ids}) for user, to in _pointers(model, ALONG)]
        for rows in (*going, model._base_manager.filter(pk__in=ids)):
            rows._raw_delete(rows.db)  # whatever else points here goes or turns in this very step

    def _set(self, model: type[Model], ids: list[int]) -> None:
        for pk in ids:
            now, values = self.now[model][pk], self.wanted[model][pk]
            edits, is_whole = values.keys() - COMPUTED, self._is_untouched(model, pk)
            columns = decoded(model, values)
            if issubclass(model, Record) and (edits or is_whole):
                before = decoded(model, {STAMP: self.changed[model][pk][0].get(STAMP)})
                edited_at = before[STAMP] if is_whole else clock.now()
                columns |= {"version": F("version") + 1, STAMP: edited_at}
            if "custom" in columns:
                answers = {**decoded(model, now).get("custom", {}), **columns["custom"]}
                columns["custom"] = {k: v for k, v in answers.items() if v is not None}
            model._base_manager.filter(pk=pk).update(**columns)
            self.back.setdefault(model, {})[pk] = {
                _label(model, name): [shown(model, name, now.get(name)), shown(model, name, values[name])]
                for name in sorted(edits)
                if name.startswith(CUSTOM) or model._meta.get_field(name).editable  # type: ignore[union-attr]
            }

    def _is_untouched(self, model: type[Model], pk: int) -> bool:
        """Whether nobody edited the row since: then it stands again as at the edit before."""
        (before, after), now = self.changed[model][pk], self.now[model][pk]
        return STAMP in before and now[STAMP] == after[STAMP]

    def _insert(self, model: type[Model], ids: list[int]) -> None:
        rows = self.lost[model]
        model._base_manager.bulk_create([model(**decoded(model, rows[pk])) for pk in ids])

    # --- saying what was kept

    def _conflict(
        self, model: type[Model], pk: int, reason: str, *, field: str = "", held: tuple[Any, Any] = (None, None)
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
            "field": _label(model, field),
            "ours": shown(model, field, held[0]),
            "theirs": shown(model, field, held[1]),
            "who": happened.actor_name if happened else "",
            "at": happened.at.isoformat() if happened else "",
            "reason": reason,
        })  # fmt: skip


def shown(model: type[Model], name: str, value: Any) -> str:
    """Return a stored value as a person reads it: a colleague's name, a choice's label."""
    if not name or value in (None, ""):
        return ""
    if name.startswith(CUSTOM):
        return str(value)[:200]
    field: Any = model._meta.get_field(name)
    if field.is_relation:
        return str(field.related_model._base_manager.filter(pk=value).first() or "")
    return str(dict(field.flatchoices or ()).get(value, value))[:200]


def _label(model: type[Model], name: str) -> str:
    if not name or name.startswith(CUSTOM):
        return name.removeprefix(CUSTOM).replace("_", " ")
    return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _keys(model: type[Model]) -> Iterator[Any]:
    return (field for field in model._meta.concrete_fields if field.is_relation)


def _parents_first(models: Iterable[type[Model]]) -> list[type[Model]]:
    ordered, rest = [], list(models)
    while rest:
        ready = [m for m in rest if not {k.related_model for k in _keys(m) if not k.null} & {*rest} - {m}]
        ordered += ready or rest
        rest = [model for model in rest if ready and model not in ready]
    return ordered


def _pointers(model: type[Model], *kinds: str) -> Iterator[tuple[type[Model], str]]:
    """The foreign keys that point at a model: of rows that build on it, go along with it, or only mention it."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and (relation.one_to_many or relation.one_to_one):
            user: Any = relation.related_model
            key: Any = relation.field  # type: ignore[union-attr]
            if key.attname in part_of(user) or getattr(user, "is_derived", False):
                kind = ALONG
            else:
                strong = key.remote_field.on_delete in STRONG or issubclass(user, Record)
                kind = BUILDS if strong else MENTIONS
            if kind in kinds:
                yield user, key.attname
