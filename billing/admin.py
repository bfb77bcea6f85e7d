"""The operator's door to money: everything is read; what may change is a verb."""

from django.contrib import admin

from billing.models import Invoice, Payment, Proposal
from core.admin import HouseAdmin


class MoneyAdmin(HouseAdmin):
    """The newest first, with their contacts and without the secrets of their links."""

    ordering = ("-pk",)

    def shown(self, asked: list[str]) -> list[str]:
        """Hide the token's hash and its sealed form."""
        return [name for name in super().shown(asked) if not name.startswith("token_")]


@admin.register(Proposal)
class ProposalAdmin(MoneyAdmin):
    """Proposals; written on their own pages."""

    verbs = ("proposal.send", "proposal.ask_approval", "proposal.withdraw", "proposal.replace")
    list_display = ("number", "revision", "title", "contact", "state", "total", "valid_until")
    list_filter = ("state", "currency", "written_by")
    search_fields = ("number", "title", "contact__company_name", "contact__last_name")


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    """Payments; refunds and reviews are verbs."""

    verbs = ("payment.refund", "payment.review")
    list_display = (
        "external_id", "provider", "contact", "amount", "state", "needs_review", "paid_at",
    )  # fmt: skip
    list_filter = ("needs_review", "state", "provider", "currency")
    search_fields = ("external_id", "contact__company_name", "contact__last_name")


@admin.register(Invoice)
class InvoiceAdmin(MoneyAdmin):
    """Invoices; never edited."""

    verbs = ("invoice.send", "invoice.mark_paid", "invoice.void")
    list_display = ("number", "contact", "state", "total", "issued_on", "due_on")
    list_filter = ("state", "year", "currency")
    search_fields = ("number", "contact__company_name", "contact__last_name")
