"""Reading operations: whose they are, whether they may be undone, and what stands against it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.permissions import facts_of
from accounts.roles import ALL, MATRIX
from core import clock
from core.links import route
from core.registry import refusals
from crm.models import Operation, OperationPart
from crm.queries.filters import one

# Actions of single records that leave an operation.
RECORDED = frozenset({
    "activity.delete", "contact.delete", "contact.merge", "lead.delete", "lead.convert", "deal.delete",
    "document.delete",
})  # fmt: skip
# Whole files reach further than single rows: an import is undone by who made it, or by an administrator.
OTHERS_NEED = {"import": "settings:manage"}


def operations_for(actor: Actor, *, permission: str = "contact:read") -> QuerySet[Operation]:
    """Return the operations that the actor did, or might undo for others, newest first."""
    rows = Operation.objects.select_related("created_by", "undone_by")
    if actor.user is not None and not actor.can("audit:read"):
        held = [name for name in MATRIX if _for_every_row(actor, name)]
        for_others = Q(permission__in=held)
        for kind, needed in OTHERS_NEED.items():
            if needed not in held:
                for_others &= ~Q(kind=kind)
        rows = rows.filter(Q(created_by_id=actor.user_id) | for_others)
    return rows.order_by("-created_at", "-id") if actor.can(permission) else rows.none()


def operation_for(actor: Actor, pk: int, permission: str = "contact:read") -> Operation:
    """Return one operation that the actor may see; raises NotFound."""
    return one(operations_for(actor, permission=permission), pk, _("There is no such change."))


def undo_denial(operation: Operation, actor: Actor) -> str:
    """Return why the actor may not undo this, "" when they may."""
    if not actor.can(operation.permission):
        return actor.can(operation.permission).reason
    needed = OTHERS_NEED.get(operation.kind, operation.permission)
    if operation.created_by_id == actor.user_id or _for_every_row(actor, needed):
        return ""
    return _("Only the person who did this, or an administrator, can undo it.")


def undo_refusal(operation: Operation, *, asks_others: bool = True) -> str:
    """Return why this cannot be undone by anybody, "" when it can; `asks_others` lets other apps object, too."""
    state, states = operation.state, Operation.State
    if state == states.RUNNING:
        return _("This is still under way. Undo it when it is done.")
    if state != states.DONE:
        return _("This is undone already.") if state != states.UNDOING else _("This is being undone.")
    if not operation.steps:
        return _("Nothing was changed, so there is nothing to undo.")
    if operation.undo_until < clock.now():
        return _("Changes can be undone for 30 days. Correct the records by hand instead.")
    return " ".join(refusals("operation.undo", operation)) if asks_others else ""


def undo_offer(operation: Operation | None) -> tuple[str, dict[str, Any]] | None:
    """Return what `core.pages.done` needs to offer an Undo; None when there is nothing to undo."""
    if operation is None or undo_refusal(operation):
        return None
    return route("crm:operation-undo", operation.pk), {}


def offer_after(name: str, actor: Actor) -> tuple[str, dict[str, Any]] | None:
    """Return the Undo to offer when the actor has just carried out an action; None where it left no operation."""
    if name not in RECORDED:
        return None
    return undo_offer(Operation.objects.filter(created_by_id=actor.user_id).order_by("-pk").first())


def entries(operation: Operation, kind: str, most: int = 200) -> list[Any]:
    """Return the first failures or conflicts of an operation."""
    return list(_each(operation, kind, most))


def _each(operation: Operation, kind: str, most: int) -> Iterator[Any]:
    parts = OperationPart.objects.filter(operation=operation, kind=kind).order_by("step", "pk")
    for rows in parts.values_list("rows", flat=True).iterator(chunk_size=10):
        for row in rows[:most]:
            # reasons are stored in English
            yield row | {"reason": _(row["reason"])} if row.get("reason") else row
            most -= 1
        if most <= 0:
            return


def _for_every_row(actor: Actor, permission: str) -> bool:
    if actor.user is None:
        return bool(actor.can(permission))
    return ALL in facts_of(actor.user).scopes(permission) and bool(actor.can(permission))
