"""Operations are undone: at once when they are small, else by the worker, step by step from the newest."""

from time import monotonic

from django.utils.translation import override

from accounts.actor import Actor
from core import clock
from core.actions import action
from core.errors import Denied, HouseError, Refused
from core.events import publish
from crm import events
from crm.actions.recording import PART
from crm.actions.scores import refresh_contact_score
from crm.actions.undoing import StepUndo
from crm.forms.leads import NothingForm
from crm.models import Contact, Deal, Lead, Operation, OperationPart
from crm.models.search import index_rows
from crm.queries.operations import undo_denial, undo_refusal

AT_ONCE = 200  # records; more is the worker's
WHOLE = frozenset({Operation.Kind.CONVERT})  # kinds that are undone completely or not at all


@action("operation.undo", permission="contact:read", form=NothingForm)
def undo_operation(operation: Operation, *, actor: Actor) -> Operation:
    """Take a merge, import, bulk change, deletion or conversion back. Publishes OperationUndone.

    - What still stands as the operation left it goes back; what somebody changed since is kept and listed.
    - Denied to others than who did it, unless they hold its verb for every row. Refused after 30 days.
    """
    if reason := undo_denial(operation, actor):
        raise Denied(reason)
    if reason := undo_refusal(operation):
        raise Refused(reason)
    stood = operation.parts.filter(kind=OperationPart.Kind.CONFLICT, step=operation.steps)
    operation.conflict_count -= stood.delete()[0]  # what ended the last try
    operation.store("conflict_count", state=Operation.State.UNDOING.value, undone_by=actor.user, undone_at=clock.now())
    if operation.row_count > AT_ONCE:
        publish(events.OperationRequested(operation_id=operation.pk), actor=actor)
    while operation.row_count <= AT_ONCE and operation.state == Operation.State.UNDOING:
        _take_back(operation, actor)
    return operation


@action("operation.undo_step", permission=None)
def undo_step(operation: Operation, *, actor: Actor, expected: int) -> Operation:
    """Take the newest step back; does nothing when somebody else has. Publishes OperationUndone."""
    if operation.state == Operation.State.UNDOING and operation.steps == expected:
        _take_back(operation, actor)
    return operation


@action("operation.give_up_undoing", permission=None)
def give_up_undoing(operation: Operation, *, actor: Actor, reason: str) -> Operation:
    """Stop undoing where a rule stands against it, which is listed; the steps that stand can be tried again."""
    said = {"noun": "change", "id": operation.pk, "name": str(operation), "field": "", "reason": reason}
    part = OperationPart(operation=operation, kind=OperationPart.Kind.CONFLICT, step=operation.steps, rows=[said])
    part.save()
    counted = operation.conflict_count + 1
    operation.store(state=Operation.State.DONE.value, conflict_count=counted, undone_by=None, undone_at=None)
    return operation


@action("operation.forget", permission=None)
def forget_operations(*, actor: Actor) -> int:
    """Drop what could be undone for 30 days and no longer; returns how many parts went."""
    old = OperationPart.objects.filter(operation__undo_until__lt=clock.now())
    return old.delete()[0]


def carry_on_undoing(operation: Operation, *, actor: Actor, seconds: float) -> bool:
    """Take back as many steps as fit into the time; True when it is over. Call outside a transaction."""
    end = monotonic() + seconds
    while operation.state == Operation.State.UNDOING and monotonic() < end:
        try:
            operation = undo_step(operation, actor=actor, expected=operation.steps)
        except HouseError as error:
            return not give_up_undoing(operation, actor=actor, reason=error.message).is_working
    return operation.state != Operation.State.UNDOING


def _take_back(operation: Operation, actor: Actor) -> None:
    step = StepUndo(operation, actor)
    with override("en"):  # what was kept is stored with its reasons
        step.run()
    if step.conflicts and operation.kind in WHOLE:
        first = step.conflicts[0]
        raise Refused(f"{first['name']}: {first['reason'] or first['field'] + ' was changed since.'}")
    for start in range(0, len(step.conflicts), PART):
        OperationPart.objects.create(
            operation=operation,
            kind=OperationPart.Kind.CONFLICT,
            step=operation.steps,
            rows=step.conflicts[start : start + PART],
        )
    operation.conflict_count += len(step.conflicts)
    operation.steps -= 1
    if not operation.steps:
        ended = Operation.State.PARTLY if operation.conflict_count else Operation.State.UNDONE
        operation.state = ended.value
    operation.store("conflict_count", "steps", "state")
    _say(operation, step, actor)


def _say(operation: Operation, step: StepUndo, actor: Actor) -> None:
    leads = Lead.objects.in_bulk(step.back.get(Lead, {}))
    deals = Deal.objects.in_bulk(step.back.get(Deal, {}))
    for pk, changes in step.back.get(Contact, {}).items():
        if changes:
            publish(events.ContactUpdated(contact_id=pk, changes=changes), actor=actor)
    for pk, lead in leads.items():
        if changes := step.back[Lead][pk]:
            publish(events.LeadUpdated(pk, lead.contact_id, changes=changes), actor=actor)
    for pk, deal in deals.items():
        if changes := step.back[Deal][pk]:
            publish(events.DealUpdated(pk, deal.contact_id, deal.owner_id, changes=changes), actor=actor)
    touched = {model: sorted(step.touched(model)) for model in (Contact, Lead, Deal)}
    for model, ids in touched.items():
        index_rows(model, ids)
    scored = {pk for model in (Lead, Deal) for pk in step.pointed(model, "contact_id")}
    for contact_id in scored.union(touched[Contact]):
        refresh_contact_score(contact_id)
    publish(
        events.OperationUndone(operation.pk, operation.kind, touched[Contact], touched[Lead], touched[Deal]),
        actor=actor,
    )
