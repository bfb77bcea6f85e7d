"""What follows from signatures, payments and wins."""

from accounts.actor import Actor
from billing.actions import invoices, payments
from billing.events import (
    CheckoutClosed,
    InvoiceIssued,
    PaymentNeedsReview,
    PaymentReceived,
    PaymentRefunded,
    ProposalAccepted,
    ProposalClosed,
    ProposalDeclined,
    ProposalQuestionAsked,
    ProposalViewed,
)
from billing.links import public_url, token_of
from billing.models import Checkout, Invoice, Payment, Proposal
from billing.subscribers.printing import print_invoice, print_proposal
from billing.subscribers.telling import alert_about, tell_owner
from core.errors import HouseError
from core.events import Meta, on
from core.money import Money
from core.pages import render_text
from crm.actions.contacts import become_customer
from crm.actions.processes import begin_processes
from crm.events import ApprovalDecided, DealReopened, DealWon
from crm.models import Deal

SYSTEM = Actor.system("billing")


@on(ProposalViewed)
def tell_of_view(event: ProposalViewed, meta: Meta) -> None:
    """Tell the owner that the customer is looking."""
    _tell(event.proposal_id, "proposal.viewed", "was opened. Call while they read it", meta)


@on(ProposalAccepted)
def tell_of_acceptance(event: ProposalAccepted, meta: Meta) -> None:
    """Tell the owner that the customer signed, and print the paper with the signature."""
    print_proposal(Proposal.objects.get(pk=event.proposal_id))
    amount = Money(event.total_minor, event.currency)
    _tell(event.proposal_id, "proposal.accepted", f"was accepted: {amount}", meta, email=True)


@on(ProposalDeclined)
def tell_of_decline(event: ProposalDeclined, meta: Meta) -> None:
    """Tell the owner that the customer said no, and why."""
    why = f": “{event.reason}”" if event.reason else ""
    _tell(event.proposal_id, "proposal.declined", f"was declined{why}", meta, email=True)


@on(ProposalQuestionAsked)
def tell_of_question(event: ProposalQuestionAsked, meta: Meta) -> None:
    """Tell the owner that the customer asked something."""
    words = "has a question. Answer it"
    _tell(event.proposal_id, "proposal.question", words, meta, email=True)


@on(ProposalClosed)
def tell_of_expiry(event: ProposalClosed, meta: Meta) -> None:
    """Tell the owner that nobody accepted in time."""
    if event.state == "expired":
        words = "has expired. Make a new version or let it go"
        _tell(event.proposal_id, "proposal.expired", words, meta)


@on(CheckoutClosed)
def tell_of_failed_page(event: CheckoutClosed, meta: Meta) -> None:
    """Tell the owner that the customer could not pay."""
    if event.state == "failed":
        error = Checkout.objects.get(pk=event.checkout_id).error
        words = f"could not be paid. {error}".strip()
        _tell(event.proposal_id, "payment.failed", words, meta, email=True)


@on(PaymentReceived)
def welcome_payer(event: PaymentReceived, meta: Meta) -> None:
    """Start the customer's onboarding when the money is there, even if the deal waits for a manager."""
    deal = Deal.objects.get(pk=event.deal_id)
    become_customer(deal.contact, actor=SYSTEM)
    begin_processes(deal, actor=SYSTEM, starts_on="deal.won")


@on(PaymentReceived)
def tell_of_payment(event: PaymentReceived, meta: Meta) -> None:
    """Tell the owner that the customer paid."""
    payment = Payment.objects.get(pk=event.payment_id)
    words = f"is paid: {payment.amount}"
    if payment.is_win_pending:
        words += ". The deal is won once a manager approves it"
    _tell(event.proposal_id, "payment.received", words, meta, email=True)


@on(DealWon)
def invoice_won_deal(event: DealWon, meta: Meta) -> None:
    """Issue the invoice of a deal that was won by hand."""
    deal = Deal.objects.filter(pk=event.deal_id).first()
    if deal is not None and deal.status == "won":
        invoices.issue_won(deal, actor=SYSTEM)


@on(DealReopened)
def void_reopened_invoice(event: DealReopened, meta: Meta) -> None:
    """Make the invoice of a reopened deal count no more."""
    for invoice in Invoice.objects.filter(deal_id=event.deal_id).exclude(state="void"):
        try:
            invoices.void_invoice(
                invoice, actor=SYSTEM, key=f"{meta.key}:{invoice.pk}", reason="The deal was reopened."
            )
        except HouseError:
            continue  # It was paid in the meantime; finance decides.


@on(InvoiceIssued)
def print_issued_invoice(event: InvoiceIssued, meta: Meta) -> None:
    """Have the paper ready before somebody asks for it."""
    print_invoice(Invoice.objects.get(pk=event.invoice_id))


@on(PaymentReceived)
def send_receipt(event: PaymentReceived, meta: Meta) -> None:
    """Mail the paid invoice to the customer."""
    invoice = Invoice.objects.select_related("contact", "deal__lead").get(pk=event.invoice_id)
    if not invoice.contact.email:
        return
    path = print_invoice(invoice)
    name = invoice.seller.get("name", "")
    body = render_text(
        "mail/receipt.txt",
        {
            "invoice": invoice,
            "first_name": invoice.contact.first_name or invoice.contact.name,
            "business": name,
            "link": public_url("billing:public-invoice", token_of(invoice)),
            "has_pdf": bool(path),
        },
    )
    try:
        invoices.mail_invoice(
            invoice, actor=SYSTEM, key=meta.key, subject=f"Paid: invoice {invoice.number} from {name}", body=body
        )
    except HouseError:
        return  # The customer wants no mail; the invoice is on the page.


@on(PaymentNeedsReview)
def alert_of_review(event: PaymentNeedsReview, meta: Meta) -> None:
    """Alert the people who look after money."""
    payment = Payment.objects.select_related("deal__owner").get(pk=event.payment_id)
    text = f"{payment.amount} arrived and needs review. {event.reason}"
    alert_about(payment, "payment.needs_review", text[:250], meta.key)


@on(PaymentRefunded)
def tell_of_refund(event: PaymentRefunded, meta: Meta) -> None:
    """Tell the people concerned that money went back."""
    payment = Payment.objects.select_related("deal__owner").get(pk=event.payment_id)
    amount = Money(event.amount_minor, event.currency)
    alert_about(payment, "payment.refunded", f"{amount} was refunded", meta.key)


@on(ApprovalDecided)
def win_paid_deal(event: ApprovalDecided, meta: Meta) -> None:
    """Win a deal whose payment came before the manager's yes."""
    if event.state != "approved":
        return
    for payment in Payment.objects.filter(deal_id=event.deal_id, is_win_pending=True):
        payments.finish_pending_win(payment, actor=SYSTEM, key=f"{meta.key}:{payment.pk}")


def _tell(pk: int, kind: str, words: str, meta: Meta, *, email: bool = False) -> None:
    found = Proposal.objects.select_related("deal__owner", "contact")
    tell_owner(found.get(pk=pk), kind, words, meta.key, email=email)
