"""REST for operations: many rows at once, and undoing."""

from typing import Any

from ninja import Router

from core.openapi import PERSON, shows
from core.verbs import browse, offer
from crm.api.shapes import person
from crm.models import Operation
from crm.queries.operations import entries, operation_for, operations_for

router = Router(tags=["Operations"])


@shows(
    Operation,
    "id kind title state total row_count failed_count conflict_count created_at undo_until undone_at",
    created_by=PERSON,
    undone_by=PERSON,
)
def operation(row: Operation) -> dict[str, Any]:
    """Return an operation; a bulk change that was made at once answers for each row."""
    made = {"results": row.results} if hasattr(row, "results") else {}
    return {"created_by": person(row.created_by), "undone_by": person(row.undone_by), **made}


def explained(row: Operation) -> dict[str, Any]:
    """Return an operation with the first of its failures, and of the conflicts that its undo met."""
    return operation(row) | {"failures": entries(row, "failure"), "conflicts": entries(row, "conflict")}


browse(
    router,
    "/operations",
    "contact:read",
    operation,
    operations_for,
    find=operation_for,
    whole=explained,
    filters={"kind": "kind", "state": "state"},
)
offer(router, "POST /operations/{int:pk}/undo", "operation.undo", explained, operation_for)
for noun in ("contact", "lead", "deal", "ticket"):
    offer(router, f"POST /{noun}s/bulk", f"{noun}.bulk", operation)
offer(router, "POST /activities/bulk", "activity.bulk", operation)
