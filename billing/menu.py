"""Where the money part stands in the menu, and what it says about other apps' verbs."""

from billing.queries.payments import unrefunded
from core.registry import MenuEntry, register_guard, register_menu
from crm.models import Deal


def _keep_paid_deals(deal: Deal) -> str | None:
    return "Refund the payment first, then reopen the deal." if unrefunded(deal.pk) else None


register_guard("deal.reopen", _keep_paid_deals)
register_menu(
    MenuEntry(
        "proposals", "Proposals", "billing:proposal-list", "doc", "proposal:read", 60, "Money"
    ),
    MenuEntry("payments", "Payments", "billing:payment-list", "card", "payment:read", 61, "Money"),
    MenuEntry("invoices", "Invoices", "billing:invoice-list", "note", "invoice:read", 62, "Money"),
)
