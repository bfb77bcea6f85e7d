"""Invoices: issued once per sale, numbered without gaps, never changed."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.numbers import next_number
from billing.events import InvoiceIssued, InvoicePaid, InvoiceVoided
from billing.forms.payments import MarkPaidForm, VoidForm
from billing.links import new_link, public_url, token_of
from billing.models import Invoice, Payment, Proposal, ProposalLine
from billing.queries.invoices import bill_of
from billing.queries.proposals import seller
from billing.texts import DUE_DAYS, tax_name
from billing.totals import totals
from core import clock
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from crm.models import Deal, DealLine
from outreach.actions.messages import queue_message


@action("invoice.issue", permission="invoice:issue")
def issue_invoice(deal: Deal, *, actor: Actor) -> Invoice:
    """Issue the invoice of a won deal; one that has a valid invoice returns it.

    Publishes InvoiceIssued.
    """
    if deal.status != "won":
        raise Refused(_("Only a won deal gets an invoice. Mark it won first."))
    return issue_for(deal, actor=actor)


@action("invoice.issue_won", permission=None)
def issue_won(deal: Deal, *, actor: Actor) -> Invoice | None:
    """Issue the invoice that a win brings, unless the payment brought it already."""
    if deal.status != "won" or deal.value_minor <= 0:
        return None
    return issue_for(deal, actor=actor)


def issue_for(deal: Deal, *, actor: Actor, proposal: Proposal | None = None, payment: Payment | None = None) -> Invoice:
    """Issue a deal's invoice, or mark the one it has as paid; call it inside an action.

    The number is drawn last and in the same transaction, so a rollback leaves no gap.
    """
    Deal.objects.select_for_update(no_key=True).get(pk=deal.pk)
    invoice = bill_of(deal)
    if invoice is None:
        invoice = _compose(deal, proposal or _accepted(deal))
        invoice.sequence = next_number(f"invoice {invoice.year}")
        prefix = Workspace.current().invoice_prefix
        invoice.number = f"{prefix}-{invoice.year}-{invoice.sequence:04d}"
        invoice.save()
        sums: dict[str, Any] = {"total_minor": invoice.total_minor, "currency": invoice.currency}
        publish(InvoiceIssued(**_named(invoice), **sums), actor=actor)
    if payment is not None and invoice.state == "issued":
        invoice.record_paid()
        invoice.store("state", payment=payment, paid_on=_today(), pdf_path="")
    return invoice


@action("invoice.mark_paid", permission="payment:update", form=MarkPaidForm)
def mark_invoice_paid(invoice: Invoice, *, actor: Actor, paid_on: date | None = None) -> Invoice:
    """Record that an invoice was paid outside the payment page; the lead does not become PAID.

    Publishes InvoicePaid.
    """
    if invoice.state != "issued":
        raise Refused(_("This invoice is %(state)s already.") % {"state": invoice.get_state_display().lower()})
    if paid_on and paid_on > _today():
        raise Invalid({"paid_on": [_("Choose today or an earlier day.")]})
    payment = Payment.objects.create(
        provider="offline",
        external_id=f"invoice:{invoice.pk}",
        deal=invoice.deal,
        contact=invoice.contact,
        amount_minor=invoice.total_minor,
        currency=invoice.currency,
        paid_at=_moment(paid_on),
    )
    invoice.record_paid()
    invoice.store("state", payment=payment, paid_on=paid_on or _today(), pdf_path="")
    publish(InvoicePaid(**_named(invoice)), actor=actor)
    return invoice


@action("invoice.void", permission="invoice:issue", form=VoidForm)
def void_invoice(invoice: Invoice, *, actor: Actor, reason: str) -> Invoice:
    """Make an invoice count no more; its number stays taken. Publishes InvoiceVoided."""
    if invoice.state == "void":
        raise Refused(_("This invoice is void already."))
    payment = invoice.payment
    if payment is not None and payment.refunded_minor < payment.amount_minor:
        raise Refused(_("Refund the payment first, then void the invoice."))
    invoice.void()
    invoice.store("state", void_reason=reason[:255], pdf_path="")
    publish(InvoiceVoided(**_named(invoice)), actor=actor)
    return invoice


@action("invoice.send", permission="invoice:issue")
def send_invoice(invoice: Invoice, *, actor: Actor) -> Invoice:
    """Mail an unpaid invoice to the customer."""
    if invoice.state != "issued":
        raise Refused(_("This invoice is %(state)s already.") % {"state": invoice.get_state_display().lower()})
    name = invoice.seller.get("name", "")
    mail_invoice(
        invoice,
        actor=actor,
        subject=f"Invoice {invoice.number} from {name}",
        body=(
            f"Hello {invoice.contact.name},\n\nHere is invoice {invoice.number} over "
            f"{invoice.total}, due on {invoice.due_on:%d %B %Y}:\n"
            f"{public_url('billing:public-invoice', token_of(invoice))}\n\n{name}"
        ),
        purpose="notice",
    )
    return invoice


@action("invoice.mail", permission=None)
def mail_invoice(invoice: Invoice, *, actor: Actor, subject: str, body: str, purpose: str = "receipt") -> Invoice:
    """Put a mail with the invoice into the outbox."""
    files = []
    if invoice.pdf_path:
        name = f"{invoice.number}.pdf"
        files = [{"name": name, "content_type": "application/pdf", "path": invoice.pdf_path}]
    queue_message(
        actor=actor,
        contact=invoice.contact,
        lead=invoice.deal.lead if invoice.deal else None,
        subject=subject,
        body_text=body,
        purpose=purpose,
        subject_ref=f"invoice:{invoice.pk}",
        attachments=files,
    )
    return invoice


@action("invoice.attach_pdf", permission=None)
def attach_pdf(invoice: Invoice, *, actor: Actor, path: str) -> Invoice:
    """Remember the printed form."""
    invoice.store(pdf_path=path)
    return invoice


def _compose(deal: Deal, proposal: Proposal | None) -> Invoice:
    """Return the invoice of a deal, unnumbered and unsaved: copies of everything it says."""
    workspace = Workspace.current()
    lines = _lines(deal, proposal)
    rate = proposal.tax_rate_bp if proposal else workspace.tax_rate_bp
    today = _today()
    invoice = Invoice(
        deal=deal,
        contact=deal.contact,
        proposal=proposal,
        issued_on=today,
        year=today.year,
        due_on=today + timedelta(days=DUE_DAYS),
        seller=seller(),
        buyer={
            "name": deal.contact.name,
            "company": deal.contact.company_name,
            "email": deal.contact.email,
            "city": deal.contact.city,
            "country": deal.contact.country,
        },
        lines=lines,
        currency=proposal.currency if proposal else deal.currency,
        tax_name=proposal.tax_name if proposal else tax_name(workspace.country),
        tax_rate_bp=rate,
        **vars(totals((line["amount_minor"] for line in lines), rate)),
    )
    new_link(invoice)
    return invoice


def _accepted(deal: Deal) -> Proposal | None:
    """Return the proposal whose lines and tax the invoice repeats, if its sum is the deal's."""
    found = Proposal.objects.filter(deal=deal, state__in=("accepted", "paid", "sent", "viewed"))
    proposal = found.order_by("-pk").first()
    return proposal if proposal and proposal.subtotal_minor == deal.value_minor else None


def _lines(deal: Deal, proposal: Proposal | None) -> list[dict[str, Any]]:
    if proposal is not None:
        return [_line(line, line.name, line.description, line.amount_minor) for line in proposal.lines.all()]
    lines = [_line(line, line.description, "", line.total_minor) for line in deal.lines.order_by("order", "pk")]
    if sum(line["amount_minor"] for line in lines) != deal.value_minor:
        whole = DealLine(quantity=Decimal(1), unit_price_minor=deal.value_minor)
        lines = [_line(whole, deal.title, "", deal.value_minor)]
    return lines


def _line(line: ProposalLine | DealLine, name: str, description: str, amount_minor: int) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "quantity": f"{line.quantity.normalize():f}",
        "unit_price_minor": line.unit_price_minor,
        "amount_minor": amount_minor,
    }


def _named(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_id": invoice.pk,
        "deal_id": invoice.deal_id,
        "contact_id": invoice.contact_id,
        "number": invoice.number,
    }


def _moment(paid_on: date | None) -> datetime:
    """Return when money came of which only the day is known: at noon, where the business is."""
    if paid_on is None:
        return clock.now()
    return min(clock.now(), datetime.combine(paid_on, time(12), ZoneInfo(Workspace.current().timezone)))


def _today() -> date:
    return clock.today(Workspace.current().timezone)
