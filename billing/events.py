"""What happens with money, as others may hear it."""

from dataclasses import dataclass

from core.events import event


@dataclass(frozen=True)
class _OfProposal:
    proposal_id: int
    deal_id: int
    contact_id: int
    lead_id: int | None


@dataclass(frozen=True)
class _OfCheckout:
    checkout_id: int
    proposal_id: int
    contact_id: int


@dataclass(frozen=True)
class _OfInvoice:
    invoice_id: int
    deal_id: int | None
    contact_id: int
    number: str


@event("proposal.drafted")
class ProposalDrafted(_OfProposal):
    """A proposal, or a new revision of one, was written."""

    written_by: str


@event("proposal.changed")
class ProposalChanged(_OfProposal):
    """A draft was edited."""


@event("proposal.approval_asked")
class ProposalApprovalAsked(_OfProposal):
    """A manager was asked whether it may go out."""


@event("proposal.approved")
class ProposalApproved(_OfProposal):
    """It may go out."""


@event("proposal.released")
class ProposalReleased(_OfProposal):
    """Somebody, or the workflow, decided to send it."""


@event("proposal.sent")
class ProposalSent(_OfProposal):
    """The mail with it was accepted for delivery."""

    total_minor: int
    currency: str


@event("proposal.viewed")
class ProposalViewed(_OfProposal):
    """The customer opened it for the first time."""


@event("proposal.question_asked")
class ProposalQuestionAsked(_OfProposal):
    """The customer asked something on the page."""

    activity_id: int


@event("proposal.accepted")
class ProposalAccepted(_OfProposal):
    """The customer signed."""

    name: str
    total_minor: int
    currency: str


@event("proposal.declined")
class ProposalDeclined(_OfProposal):
    """The customer said no."""

    reason: str


@event("proposal.closed")
class ProposalClosed(_OfProposal):
    """It can no longer be accepted: expired, withdrawn or replaced."""

    state: str


@event("checkout.planned")
class CheckoutPlanned(_OfCheckout):
    """A payment page is to be made."""


@event("checkout.closed")
class CheckoutClosed(_OfCheckout):
    """A payment page expired or failed before money came."""

    state: str


@event("payment.received")
class PaymentReceived(_OfProposal):
    """Verified money for an accepted proposal; the lead is PAID, the invoice issued."""

    payment_id: int
    invoice_id: int
    amount_minor: int
    currency: str


@event("payment.needs_review")
class PaymentNeedsReview:
    """Money came that fits nothing; a person looks at it."""

    payment_id: int
    deal_id: int | None
    contact_id: int | None
    reason: str


@event("payment.refund_planned")
class PaymentRefundPlanned:
    """Somebody decided to send money back."""

    payment_id: int
    refund_id: int
    contact_id: int | None


@event("payment.refunded")
class PaymentRefunded:
    """Money went back."""

    payment_id: int
    deal_id: int | None
    contact_id: int | None
    amount_minor: int
    currency: str
    is_full: bool


@event("invoice.issued")
class InvoiceIssued(_OfInvoice):
    """An invoice has its number."""

    total_minor: int
    currency: str


@event("invoice.voided")
class InvoiceVoided(_OfInvoice):
    """An invoice no longer counts."""


@event("invoice.paid")
class InvoicePaid(_OfInvoice):
    """An invoice was paid outside the payment page."""
