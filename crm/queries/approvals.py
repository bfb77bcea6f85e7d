"""Whether a deal needs a second pair of eyes, and whether it got them."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Workspace
from core.crypto import sha256
from core.money import Money, short_money
from crm.models import Approval, Deal
from crm.queries.filters import one


def deal_fingerprint(deal: Deal) -> str:
    """Return a hash of what an approval is about: value, currency and lines."""
    lines = sorted(deal.lines.all(), key=lambda line: (line.order, line.pk))
    parts = [f"{line.item_id}|{line.description}|{line.quantity.normalize()}|{line.unit_price_minor}" for line in lines]
    return sha256(str(deal.value_minor), deal.currency, *parts)


def needs_approval(deal: Deal) -> bool:
    """Return whether the deal is so large that a manager must agree; the number counts in every currency."""
    return deal.value.decimal >= large_from().decimal


def large_from() -> Money:
    """Return from which value on a deal is large."""
    workspace = Workspace.current()
    return Money(workspace.high_value_threshold_minor, workspace.currency)


def is_approved(deal: Deal, rows: Iterable[Approval] | None = None) -> bool:
    """Return whether somebody who is neither owner nor requester approved exactly this deal.

    `rows` are its approvals, where they are known.
    """
    known = deal.approvals.filter(state=Approval.State.APPROVED) if rows is None else rows
    marks = {
        row.fingerprint
        for row in known
        if row.state == Approval.State.APPROVED and row.decided_by_id not in {None, deal.owner_id}
    }
    return bool(marks) and deal_fingerprint(deal) in marks


def approval_missing(deal: Deal, rows: Sequence[Approval] | None = None) -> str:
    """Return that a manager must agree first, and from which value on; "" when none is needed or it is there."""
    if not needs_approval(deal):
        return ""
    known = list(deal.approvals.all()) if rows is None else rows
    if is_approved(deal, known):
        return ""
    limit = short_money(large_from())
    if any(row.state == Approval.State.PENDING for row in known):
        return _("Deals of %(limit)s or more need a manager’s approval. It is asked for and not given yet.") % {
            "limit": limit
        }
    return _("Deals of %(limit)s or more need a manager’s approval. Ask for it first.") % {"limit": limit}


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
    return one(rows, pk, _("There is no such approval. Its deal may have been deleted."))
