"""Where the money part stands in the menu, and what it says about other apps' verbs."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Proposal
from billing.queries.payments import unrefunded
from billing.queries.proposals import proposal_named
from core.registry import MenuEntry, register_guard, register_menu
from crm.models import Deal, Operation
from outreach.models import Message


def _keep_paid_deals(deal: Deal) -> str | None:
    return gettext("Refund the payment first, then reopen the deal.") if unrefunded(deal.pk) else None


def _keep_proposed_deals(operation: Operation) -> str | None:
    proposals = Proposal.objects.filter(deal=operation.details.get("deal_id"))
    if operation.kind != Operation.Kind.CONVERT or not proposals.exists():
        return None
    return gettext("A proposal was made for this deal. Mark the deal lost or abandoned instead.")


def _keep_stale_proposals(message: Message) -> str | None:
    """A proposal's mail leaves only while that release of it stands."""
    if message.purpose != Message.Purpose.PROPOSAL:
        return None
    proposal = proposal_named(message.subject_ref)
    if proposal and proposal.is_on_its_way and proposal.queued_at <= message.created_at:
        return None
    return gettext("This proposal was taken back. Send it from its page.")


register_guard("message.leave", _keep_stale_proposals)
register_guard("deal.reopen", _keep_paid_deals)
register_guard("operation.undo", _keep_proposed_deals)
register_menu(
    MenuEntry("proposals", _("Proposals"), "billing:proposal-list", "doc", "proposal:read", 60, _("Money")),
    MenuEntry("payments", _("Payments"), "billing:payment-list", "card", "payment:read", 61, _("Money")),
    MenuEntry("invoices", _("Invoices"), "billing:invoice-list", "note", "invoice:read", 62, _("Money")),
)
