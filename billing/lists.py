"""The lists of the money part: proposals, invoices, payments."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.html import format_html

from billing.models import Invoice, Payment, Proposal
from billing.queries.invoices import invoices_for
from billing.queries.payments import payments_for
from billing.queries.proposals import proposals_for
from core.cells import NONE, chips, day, moment, money, owned, quiet
from core.clauses import Filter, each
from core.lists import Column, ListSpec, View, register_list
from crm.lists import people

PROPOSAL_STATES = {
    "draft": "", "pending_approval": "warn", "approved": "good", "sent": "blue", "viewed": "blue",
    "accepted": "good", "paid": "good",
}  # fmt: skip
CUSTOMER = tuple(
    f"contact__{name}__icontains" for name in ("company_name", "first_name", "last_name")
)
INVOICE_STATES = {"paid": ("Paid", "good"), "void": ("Void", "bad"), "issued": ("Unpaid", "warn")}


def customer(mark: Callable[[Any], str]) -> Column:
    """The first column: whose money it is, and the paper's number."""
    return Column("name", "Customer", css="c-who", fixed=True, who=lambda row: (
        row.contact.name if row.contact else "Unknown payer", mark(row), row.contact))  # fmt: skip


def _proposal_state(row: Proposal) -> tuple[str, str]:
    if row.is_on_its_way:
        return "On its way", "info"
    return row.get_state_display(), PROPOSAL_STATES.get(row.state, "bad")


def _payment_state(row: Payment) -> tuple[str, str]:
    if row.needs_review:
        return "Needs review", "bad"
    states = {"refunded": ("Refunded", "warn"), "part_refunded": ("Partly refunded", "warn")}
    pending = ("Won, approval pending", "warn") if row.is_win_pending else ("Received", "good")
    return states.get(row.state, pending)


def _invoice(row: Payment) -> str:
    if row.invoice is None:
        return NONE
    to, number = row.invoice.get_absolute_url(), row.invoice.number
    return format_html('<a href="{}">{}</a>', to, number)


TOTAL = money("total", "Total", css="c-sc r num")
TOTAL_IS = Filter("total", "Total", "money", "total_minor")
PROPOSALS = ListSpec(
    "proposals", "Proposals", "proposal", "proposal:read", proposals_for,
    (
        customer(lambda row: row.reference),
        Column("state", "State", lambda row: _proposal_state(row)[0], chips(_proposal_state), css="c-st"),
        Column("title", "Proposal", show=quiet(lambda row: row.title), css="c-nx"),
        TOTAL,
        day("valid_until", "Valid until"),
        owned(path="deal.owner"),
        moment("updated_at", "Changed", css="c-t r mut"),
    ),
    (
        Filter("state", "State", choices=Proposal.State.choices),
        Filter("owner", "Owner", "person", "deal__owner", people),
        TOTAL_IS,
        Filter("valid", "Valid until", "date", "valid_until"),
        Filter("changed", "Changed", "time", "updated_at"),
    ),
    (View("", "All"), View("draft", "Drafts", "state=draft"),
     View("pending_approval", "Waiting for approval", "state=pending_approval"), View("sent", "Sent", "state=sent"),
     View("viewed", "Viewed", "state=viewed"), View("accepted", "Accepted", "state=accepted"),
     View("paid", "Paid", "state=paid")),
    url_name="billing:proposal-list", search="Number, title, customer", export="deal:export",
    finds=("number__icontains", "title__icontains", *CUSTOMER),
    empty=("No proposals yet",
           "When a lead is interested, a proposal is drafted from your catalogue and waits here for you."),
)  # fmt: skip

INVOICES = ListSpec(
    "invoices", "Invoices", "invoice", "invoice:read", invoices_for,
    (
        customer(lambda row: row.number),
        Column("state", "State", lambda row: INVOICE_STATES[row.state][0],
               chips(lambda row: INVOICE_STATES[row.state]), css="c-st"),
        Column("deal", "Deal", lambda row: row.deal.title if row.deal else "",
               quiet(lambda row: row.deal.title if row.deal else ""), css="c-nx"),
        TOTAL,
        day("due_on", "Due"),
        day("issued_on", "Issued", css="c-t r mut"),
        day("paid_on", "Paid", shown=False),
        Column("currency", "Currency", shown=False),
    ),
    (Filter("state", "State", choices=Invoice.State.choices), TOTAL_IS, Filter("due", "Due", "date", "due_on"),
     Filter("issued", "Issued", "date", "issued_on"), Filter("paid", "Paid", "date", "paid_on")),
    (View("", "All"), View("issued", "Unpaid", "state=issued"), View("paid", "Paid", "state=paid"),
     View("void", "Void", "state=void"), View("late", "Overdue", "state=issued&due-op=older&due=0")),
    url_name="billing:invoice-list", search="Number, customer", export="invoice:issue",
    finds=("number__icontains", *CUSTOMER),
    empty=("No invoices yet", "A paid proposal or a won deal brings its invoice by itself, numbered in order."),
)  # fmt: skip

PAYMENTS = ListSpec(
    "payments", "Payments", "payment", "payment:read", payments_for,
    (
        customer(lambda row: row.proposal.reference if row.proposal else row.external_id),
        Column("state", "State", lambda row: _payment_state(row)[0], chips(_payment_state), css="c-st"),
        Column("deal", "For", lambda row: row.deal.title if row.deal else row.review_reason,
               quiet(lambda row: row.deal.title if row.deal else row.review_reason), css="c-nx"),
        money("amount", "Amount", css="c-sc r num"),
        Column("provider", "Through", lambda row: row.get_provider_display(), css="x sec"),
        Column("invoice", "Invoice", lambda row: row.invoice.number if row.invoice else "", _invoice),
        moment("paid_at", "Paid", css="c-t r mut"),
    ),
    (
        Filter("review", "Needs review", choices=(("yes", "Yes"),), where=each(lambda _: Q(needs_review=True))),
        Filter("refunded", "Refunded", choices=(("yes", "Yes"),), where=each(lambda _: Q(refunded_minor__gt=0))),
        Filter("provider", "Through", choices=Payment._meta.get_field("provider").choices or ()),
        Filter("amount", "Amount", "money", "amount_minor"),
        Filter("paid", "Paid", "time", "paid_at"),
    ),
    (View("", "All"), View("review", "Needs review", "review=yes"), View("refunded", "Refunded", "refunded=yes")),
    ("-paid_at", "-pk"), "billing:payment-list", "Customer, proposal, Stripe number",
    ("external_id__icontains", "proposal__number__icontains", *CUSTOMER),
    ("No payments yet",
     "A customer accepts a proposal and pays on its page. The money shows here as soon as it is confirmed."),
    (("invoice:read", "billing:invoice-list", "note", "Invoices", "link"),),
    export="payment:update", above="billing/payments/_waiting.html",
)  # fmt: skip

register_list(PROPOSALS, INVOICES, PAYMENTS)
