"""Money: proposals, the payments for them, the invoices that follow."""

from billing.models.counter import Counter
from billing.models.invoice import Invoice
from billing.models.payment import Checkout, Payment, Refund
from billing.models.proposal import Proposal, ProposalLine

__all__ = ["Checkout", "Counter", "Invoice", "Payment", "Proposal", "ProposalLine", "Refund"]
