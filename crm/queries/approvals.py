"""Whether a deal needs a second pair of eyes, and whether it got them."""

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import Workspace
from core.crypto import sha256
from core.money import Money, short_money
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
    return deal.value.decimal >= large_from().decimal


def large_from() -> Money:
    """Return from which value on a deal is large."""
    workspace = Workspace.current()
    return Money(workspace.high_value_threshold_minor, workspace.currency)


def is_approved(deal: Deal) -> bool:
    """Return whether somebody who is neither owner nor requester approved exactly this deal."""
    rows = Approval.objects.filter(deal=deal, state=Approval.State.APPROVED).exclude(
        decided_by=None
    )
    if deal.owner_id is not None:
        rows = rows.exclude(decided_by=deal.owner_id)
    found = rows.values_list("fingerprint", flat=True)
    return any(mark == deal_fingerprint(deal) for mark in found)


def approval_missing(deal: Deal) -> str:
    """Return that a manager must agree first, and from which value on; "" when none is needed or it is there."""
    if not needs_approval(deal) or is_approved(deal):
        return ""
    limit = short_money(large_from())
    if pending_approval(deal):
        return f"Deals of {limit} or more need a manager’s approval. It is asked for and not given yet."
    return f"Deals of {limit} or more need a manager’s approval. Ask for it first."


def pending_approval(deal: Deal) -> Approval | None:
    """Return the request that waits for a decision on a deal."""
    return deal.approvals.filter(state=Approval.State.PENDING).first()


def approvals_for(actor: Actor, *, permission: str = "deal:approve") -> QuerySet[Approval]:
    """Return the approvals that the actor may decide or see, newest first."""
    rows = Approval.objects.select_related("deal__contact", "deal__owner", "requested_by")
    rows = rows.prefetch_related("deal__lines")
    return actor.visible(permission, rows).order_by("-created_at", "-id")


def approval_for(actor: Actor, pk: int, permission: str = "deal:read") -> Approval:
    """Return one approval of a deal that the actor may see; raises NotFound."""
    rows = approvals_for(actor, permission=permission)
    return one(rows, pk, "There is no such approval. Its deal may have been deleted.")
