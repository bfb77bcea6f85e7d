"""REST for operations: many rows at once, and undoing."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from core.api import rest
from core.verbs import browse, offer
from crm.api.shapes import person
from crm.models import Operation
from crm.queries.operations import entries, operation_for, operations_for

router = Router(tags=["Operations"])


def operation(row: Operation) -> dict[str, Any]:
    """Return an operation; a bulk change that was made at once answers for each row."""
    names = "id kind title state total row_count failed_count conflict_count created_at undo_until undone_at"
    made = {"results": row.results} if hasattr(row, "results") else {}
    return {
        **{name: getattr(row, name) for name in names.split()},
        "created_by": person(row.created_by),
        "undone_by": person(row.undone_by),
        **made,
    }


def explained(row: Operation) -> dict[str, Any]:
    """Return an operation with the first of its failures, and of the conflicts that its undo met."""
    return operation(row) | {
        "failures": entries(row, "failure"),
        "conflicts": entries(row, "conflict"),
    }


browse(
    router,
    "/operations",
    "contact:read",
    operation,
    operations_for,
    filters={"kind": "kind", "state": "state"},
)


@rest(router, "GET", "/operations/{int:pk}", permission="contact:read")
def detail(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return one operation with its failures and conflicts."""
    return explained(operation_for(request.actor, pk))


offer(router, "POST /operations/{int:pk}/undo", "operation.undo", explained, operation_for)
for noun in ("contact", "lead", "deal"):
    offer(router, f"POST /{noun}s/bulk", f"{noun}.bulk", operation)
