"""How a proposal, an invoice or a payment stands, as the chip that every page and list shows."""

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from billing.models import Invoice, Payment, Proposal
from core.templatetags import ui

register = template.Library()
PROPOSALS = {
    "draft": ("",), "pending_approval": ("warn", "shield"), "approved": ("good",), "sent": ("blue",),
    "viewed": ("blue", "eye"), "accepted": ("good",), "paid": ("good", "check"),
}  # fmt: skip


@register.simple_tag
def state(row: Proposal | Invoice | Payment) -> SafeString:
    """The chip of a row."""
    return ui.chip(*standing(row))


def standing(row: Proposal | Invoice | Payment) -> tuple[str, ...]:
    """Return how a row stands: the words, their colour and, where it has one, the sign."""
    if isinstance(row, Proposal):
        if row.is_on_its_way:
            return gettext("On its way"), "info", "send"
        return row.get_state_display(), *PROPOSALS.get(row.state, ("bad",))
    if isinstance(row, Invoice):
        paid, void, unpaid = (gettext("Paid"), "good", "check"), (gettext("Void"), "bad"), (gettext("Unpaid"), "warn")
        return {"paid": paid, "void": void}.get(row.state, unpaid)
    return _payment(row)


def _payment(row: Payment) -> tuple[str, ...]:
    if row.needs_review:
        return gettext("Needs review"), "bad", "alert"
    if row.state == "refunded":
        return gettext("Refunded"), "warn", "undo"
    if row.state == "part_refunded":
        return gettext("Partly refunded"), "warn"
    if row.is_win_pending:
        return gettext("Won, approval pending"), "warn", "shield"
    return gettext("Received"), "good", "check"
