"""Many rows are changed at once: each by the action of a single one, together one operation that can be undone."""

from datetime import datetime
from time import monotonic
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.actor import Actor
from core.actions import action, run
from core.errors import HouseError, Invalid
from core.events import publish
from core.lists import SPECS
from crm.actions.recording import begin_operation, finish_operation, recording
from crm.events import OperationRequested
from crm.forms.bulk import BulkForm
from crm.models import Operation, OperationPart
from crm.queries.bulk import NOUNS, VERBS, Verb, chosen, traces, verb_of

AT_ONCE = 20  # rows; more is the worker's
AT_ONCE_FOR_PROGRAMS = 200
SLICE = 50


@action("operation.write", permission=None)
def write_slice(operation: Operation, *, actor: Actor, expected: int) -> Operation:
    """Change the next rows of a large operation; does nothing when somebody else has."""
    asked = operation.details
    if operation.state != Operation.State.RUNNING or asked["last"] != expected:
        return operation
    ids = asked["ids"]
    if ids is None:
        rows = chosen(actor, asked["noun"], None, asked["query"])
        rows = rows.filter(pk__gt=expected, pk__lte=asked["upto"])
        part = list(rows.order_by("pk").values_list("pk", flat=True)[:SLICE])
    else:
        part = [pk for pk in ids if pk > expected][:SLICE]
    if part:
        _change(operation, actor, part)
        asked["last"] = part[-1]
    operation.store("details")
    if len(part) < SLICE:
        _finish(operation)
    return operation


def carry_on_changing(operation: Operation, *, actor: Actor, seconds: float) -> bool:
    """Change as many slices as fit into the time; True when it is over. Call outside a transaction."""
    end = monotonic() + seconds
    while operation.state == Operation.State.RUNNING and monotonic() < end:
        operation = write_slice(operation, actor=actor, expected=operation.details["last"])
    return operation.state != Operation.State.RUNNING


def check_values(verb: Verb, data: dict[str, Any]) -> dict[str, Any]:
    """Return the cleaned values that are meant for every row; raises Invalid for those that fit none."""
    form = (verb.spec.form or forms.Form)(data)
    form.is_valid()
    whole = not verb.action.endswith(".update")
    wrong = {name: list(map(str, texts)) for name, texts in form.errors.items()}
    if errors := {name: texts for name, texts in wrong.items() if whole or name in data}:
        raise Invalid(errors)
    if unknown := data.keys() - form.fields.keys():
        raise Invalid({"data": [_("Unknown: %(unknown)s.") % {"unknown": ", ".join(sorted(unknown))[:200]}]})
    return {name: form.cleaned_data.get(name) for name in data if name in form.fields}


def _begin(
    noun: str,
    actor: Actor,
    *,
    verb: str,
    data: dict[str, Any],
    ids: list[int] | None = None,
    filters: str = "",
    **_rest: Any,
) -> Operation:
    wanted = verb_of(noun, verb)
    if wanted is None:
        known = ", ".join(one.key for one in VERBS[noun])
        raise Invalid({"verb": [_("There is no such verb. Known ones: %(known)s.") % {"known": known}]})
    actor.require(wanted.spec.permission or "")
    values = check_values(wanted, data)
    # The worker lives in no time zone.
    data = data | {name: value.isoformat() for name, value in values.items() if isinstance(value, datetime)}
    said = [str(value) for value in values.values() if value]
    if verb == "update":
        shown = {name.removeprefix("custom_").replace("_", " "): one for name, one in values.items()}
        said = [f"{name} {'cleared' if one in (None, '') else one}" for name, one in shown.items()]
    rows = chosen(actor, noun, None, filters) if ids is None else None
    total = len(ids or ()) if rows is None else rows.count()
    newest = None if rows is None else rows.order_by("-pk").values_list("pk", flat=True).first()
    nouns = noun if total != 1 else NOUNS[noun].one
    title = f"{wanted.done} {total:,} {nouns}" + (f": {', '.join(said)}" if said else "")
    operation = begin_operation(
        Operation.Kind.BULK_DELETE if verb == "delete" else Operation.Kind.BULK_EDIT,
        title,
        actor=actor,
        permission=wanted.spec.permission or "",
        total=total,
        details={
            "noun": noun, "verb": verb, "data": data, "ids": ids, "query": filters,
            "last": 0, "upto": newest or 0,
        },
    )  # fmt: skip
    if total > (AT_ONCE_FOR_PROGRAMS if actor.via == "api" else AT_ONCE):
        publish(OperationRequested(operation_id=operation.pk), actor=actor)
        return operation
    part = list(rows.order_by("pk").values_list("pk", flat=True)) if rows is not None else ids or []
    operation.results = _change(operation, actor, part)  # type: ignore[attr-defined]
    _finish(operation)
    return operation


def _finish(operation: Operation) -> None:
    if operation.failed_count:
        done = f"{operation.row_count:,} of {operation.total:,} "
        operation.title = operation.title.replace(f"{operation.total:,} ", done, 1)[:200]
        operation.save(update_fields=["title"])
    finish_operation(operation)


def _change(operation: Operation, actor: Actor, ids: list[int]) -> list[dict[str, Any]]:
    """Change these rows within one step; what fails is listed by name and reason, and changes nothing."""
    asked = operation.details
    verb = verb_of(asked["noun"], asked["verb"])
    assert verb is not None
    found = {row.pk: row for row in NOUNS[asked["noun"]].rows(actor).filter(pk__in=ids)}
    one = SPECS[asked["noun"]].one  # says why there is no such row
    assert one is not None
    results = []
    with recording(operation=operation, actor=actor) as record:
        record.counts = False
        if asked["verb"] == "delete":
            record.deleting(found.values())
        for queryset in traces(asked["noun"], ids) if asked["verb"] != "delete" else ():
            record.watch(queryset)
        for pk in ids:
            row = found.get(pk)
            result: dict[str, Any] = {"id": pk, "name": str(row or f"No. {pk}"), "ok": True}
            try:
                with override("en"):  # the reasons are kept
                    _run(verb, row or one(actor, pk), actor, asked["data"])
            except HouseError as error:
                result |= {"ok": False, "code": error.code, "reason": error.message}
            results.append(result)
    failures = [result for result in results if not result["ok"]]
    if failures:
        OperationPart.objects.create(
            operation=operation, kind=OperationPart.Kind.FAILURE, step=operation.steps, rows=failures
        )
    operation.row_count += len(results) - len(failures)
    operation.failed_count += len(failures)
    operation.save(update_fields=["row_count", "failed_count"])
    return results


def _run(verb: Verb, row: Any, actor: Actor, data: dict[str, Any]) -> None:
    form: Any = verb.spec.form
    sent = {**form.values(row), **data} if hasattr(form, "values") else data
    run(verb.action, row, actor=actor, data=sent)


def _offer(noun: str) -> None:
    """Make the action that changes many rows of a noun at once."""

    def change(*, actor: Actor, **asked: Any) -> Operation:
        return _begin(noun, actor, **asked)

    name, verbs = NOUNS[noun].action, ", ".join(verb.key for verb in VERBS[noun])
    change.__doc__ = f"Do with many {noun} what `verb` does with one: {verbs}."
    action(name, permission=f"{name.partition('.')[0]}:read", form=BulkForm)(change)


for _noun in NOUNS:
    _offer(_noun)
