"""Two editors of one row: what only one of them changed is merged, what both changed is asked field by field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Model
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.actions import CATALOGUE, run
from core.errors import NotFound, Refused
from core.models import Event

TRIES = 5  # merges in a row, while others keep saving
SOMEBODY = _("Somebody")
FIRST = _("{} changed this while you were editing.")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two people set to different values: as it is posted, and as people read it."""

    name: str
    label: str
    mine: str
    theirs: str
    mine_shown: str
    theirs_shown: str
    who: str = ""
    at: datetime | None = None


class Conflict(Refused):
    """Somebody was first, and both set the same fields; `data` is what was sent, all else merged."""

    def __init__(self, fields: list[Difference], version: int, data: Any) -> None:
        who = next((one.who for one in fields if one.who), SOMEBODY)
        now = "; ".join(
            gettext("%(label)s is “%(now)s” now") % {"label": one.label, "now": one.theirs_shown} for one in fields
        )
        words = (FIRST.format(who), f"{now}." if now else "", gettext("Look again, then save."))
        super().__init__(" ".join(filter(None, words)), code="stale")
        self.fields, self.version, self.data, self.who = fields, version, data, who

    def rest(self) -> list[tuple[str, str]]:
        """Return what a page sends again beside the choices."""
        pairs = [(name, value) for name, values in self.data.lists() for value in values]
        return [pair for pair in pairs if not pair[0].startswith(("pick-", "csrf"))]

    def as_json(self) -> dict[str, dict[str, str]]:
        """Return each field with both values, for programs."""
        return {one.name: {"yours": one.mine, "now": one.theirs} for one in self.fields}


def looks(form: forms.Form) -> dict[str, str]:
    """Return what a browser would send if nobody touched this unbound form."""
    return {name: _text(form[name].field, form[name].value()) for name in form.fields}


def base_of(form: forms.Form) -> str:
    """Return how an update's form looked, to be sent back with it as `was`; "" for forms without a version."""
    if form.is_bound or "version" not in form.fields:
        return ""
    return json.dumps(looks(form), ensure_ascii=False, separators=(",", ":"))


def run_merged(name: str, subject: Any, *, actor: Any, data: Any, key: str | None = None) -> tuple[Any, list[str]]:
    """Run an action with what a page sent; returns the result and the labels of what others changed meanwhile.

    Raises Conflict when somebody changed the same fields first. A field's `pick-<name>=theirs` takes theirs.
    """
    form_class = CATALOGUE[name].form
    data = _picked(data)
    kept: list[str] = []
    for _try in range(TRIES):
        try:
            return run(name, subject, actor=actor, data=data, key=key), kept
        except Refused as error:
            if error.code != "stale" or form_class is None or not hasattr(form_class, "values"):
                raise
            stale = error
        subject = _again(subject)
        differences, data, others = merge(form_class, subject, data)
        if differences:
            raise Conflict(differences, subject.version, data) from stale
        if others is None:
            raise stale
        kept = others
    raise stale


def run_sent(name: str, subject: Any, *, actor: Any, sent: dict[str, Any], partial: bool) -> Any:
    """Run an action with what a program sent; an update (`partial`) keeps what was not sent.

    With a `version` that is not the row's, raises Conflict with the sent fields that differ. Without one the fields
    sent are written over whatever they hold, and no other field goes back to what it was.
    """
    form_class: Any = CATALOGUE[name].form
    version = str(sent.get("version") or "")
    if subject is not None and version.isdigit() and "version" not in form_class.base_fields:
        subject.check_version(int(version))
    for _try in range(TRIES):
        data = {**held_by(form_class, subject), **sent} if partial else sent
        try:
            return run(name, subject, actor=actor, data=data)
        except Refused as error:
            if error.code != "stale" or subject is None or not hasattr(form_class, "values"):
                raise
            stale = error
        if sent.get("version") is not None:
            raise conflict_of(form_class, subject, sent) from stale
        subject = _again(subject)
    raise stale


def held_by(form_class: Any, row: Any) -> dict[str, Any]:
    """Return what a row holds under the names of a form's fields; a form whose fields are no columns says it itself."""
    if hasattr(form_class, "values"):
        return dict(form_class.values(row))
    return {name: getattr(row, name) for name in form_class.base_fields if hasattr(row, name)}


def conflict_of(form_class: Any, row: Any, sent: Any) -> Conflict:
    """Return the conflict between what was sent and what the row holds by now."""
    fresh = _again(row)
    mine = {key: sent.get(key) for key in form_class.base_fields if key in sent}
    return Conflict(merge(form_class, fresh, mine)[0], fresh.version, sent)


def merge(form_class: Any, row: Any, data: Any) -> tuple[list[Difference], Any, list[str] | None]:
    """Return what both changed, the data to save (with the row's version), and what only others changed.

    Without `was` nobody knows who changed what: each field sent that differs counts as changed by both, and where
    none differs the last value is None.
    """
    was = _base(data)
    form = form_class(initial=form_class.values(row))
    now, sent = looks(form), _sent(form_class, data)
    both, merged, others = [], data.copy(), []
    for field, value in sent.items():
        before = (was or {}).get(field, "")
        if field == "version" or value == now[field]:
            continue
        if was is not None and value == before:
            _set(merged, form.fields[field], field, now[field])
            others.append(str(form[field].label))
        elif was is None or now[field] != before:
            both.append(field)
    merged["version"] = str(row.version)
    merged["was"] = json.dumps(now, ensure_ascii=False)
    if was is None and not both:
        return [], merged, None
    return differences(form, row, {field: sent[field] for field in both}), merged, others


def differences(form: forms.Form, row: Any, mine: Mapping[str, str]) -> list[Difference]:
    """Return the fields with both values, and who changed each last and when."""
    if not mine:
        return []
    now, found = looks(form), []
    noun = row._meta.model_name
    recent = Event.objects.filter(subject_type=noun, subject_id=row.pk, name__endswith=".updated")
    events = list(recent.order_by("-pk")[:50])
    for name, value in mine.items():
        bound = form[name]
        names = {name, f"{name}_minor"}
        last = next((one for one in events if names & set(one.data.get("changes", ()))), None)
        who, at = (last.actor_name, last.at) if last else ("", None)
        mine_shown, shown = (_shown(bound.field, text) for text in (value, now[name]))
        row_of = (name, str(bound.label), value, now[name], mine_shown, shown, who, at)
        found.append(Difference(*row_of))
    return found


def _picked(data: Any) -> Any:
    """What was sent, with their value where the reader picked theirs."""
    was = _base(data)
    theirs = [name for name in was or () if data.get(f"pick-{name}") == "theirs"]
    if not theirs:
        return data
    merged = data.copy()
    for name in theirs:
        merged[name] = (was or {})[name]
    return merged


def _base(data: Any) -> dict[str, str] | None:
    try:
        was = json.loads(data.get("was") or "null")
    except (ValueError, RecursionError):
        return None
    return {str(k): str(v) for k, v in was.items()} if isinstance(was, dict) else None


def _sent(form_class: Any, data: Any) -> dict[str, str]:
    """The values that were sent, by field; one that was not there at all was not touched, unless it is a box."""
    form, found = form_class(data), {}
    for name, field in form.fields.items():
        is_box = isinstance(field.widget, (forms.CheckboxInput, forms.CheckboxSelectMultiple))
        if name in data or (is_box and data.get("was")):
            found[name] = _text(field, form[name].value())
    return found


def _text(field: forms.Field, value: Any) -> str:
    """A value as one text, the same however it came: with the row, or back from a browser."""
    if isinstance(field.widget, forms.CheckboxInput):
        return "on" if value in (True, "on", "true", "True", "1") else ""
    if isinstance(value, (list, tuple)) and isinstance(field.widget, forms.SelectMultiple):
        return "\n".join(sorted(str(one) for one in value))
    if not isinstance(value, str):
        value = field.widget.format_value(value)
        value = value[0] if isinstance(value, list) and value else value
    return "" if value in (None, []) else str(value).replace("\r\n", "\n").strip()


def _set(data: Any, field: forms.Field, name: str, text: str) -> None:
    if isinstance(field.widget, forms.CheckboxInput) and not text:
        data.pop(name, None)
    elif isinstance(field.widget, forms.SelectMultiple) and isinstance(data, QueryDict):
        data.setlist(name, text.split("\n") if text else [])
    else:
        data[name] = text


def _shown(field: Any, text: str) -> str:
    if isinstance(field.widget, forms.CheckboxInput):
        return gettext("Yes") if text else gettext("No")
    choices = {str(value): str(label) for value, label in getattr(field, "choices", ()) or ()}
    return ", ".join(choices.get(one, one) for one in text.split("\n")) or gettext("empty")


def _again(subject: Model) -> Any:
    row = type(subject)._base_manager.filter(pk=subject.pk).first()
    if row is None:
        raise NotFound
    return row
