"""Whether a deal needs a second pair of eyes, and whether it got them."""

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import Workspace
from core.crypto import sha256
from core.money import Money
from crm.models import Approval, Deal
from crm.queries.filters import one


def deal_fingerprint(deal: Deal) -> str:
    """Return a hash of what an approval is about: value, currency and lines."""
    lines = deal.lines.order_by("order", "id")
    parts = [
        f"{line.item_id}|{line.description}|{line.quantity.normalize()}|{line.unit_price_minor}"
        for line in lines
    ]
    return sha256(str(deal.value_minor), deal.currency, *parts)


def needs_approval(deal: Deal) -> bool:
    """Return whether the deal is so large that a manager must agree; the number counts in every currency."""
    workspace = Workspace.current()
    large = Money(workspace.high_value_threshold_minor, workspace.currency)
    return deal.value.decimal >= large.decimal


def is_approved(deal: Deal) -> bool:
    """Return whether somebody who is neither owner nor requester approved exactly this deal."""
    rows = Approval.objects.filter(deal=deal, state=Approval.State.APPROVED).exclude(
        decided_by=None
    )
    if deal.owner_id is not None:
        rows = rows.exclude(decided_by=deal.owner_id)
    found = rows.values_list("fingerprint", flat=True)
    return any(mark == deal_fingerprint(deal) for mark in found)


def approvals_for(actor: Actor, *, permission: str = "deal:approve") -> QuerySet[Approval]:
    """Return the approvals that the actor may decide or see, newest first."""
    rows = Approval.objects.select_related("deal__contact", "deal__owner", "requested_by")
    return actor.visible(permission, rows).order_by("-created_at", "-id")


def approval_for(actor: Actor, pk: int, permission: str = "deal:read") -> Approval:
    """Return one approval of a deal that the actor may see; raises NotFound."""
    rows = approvals_for(actor, permission=permission)
    return one(rows, pk, "There is no such approval. Its deal may have been deleted.")
