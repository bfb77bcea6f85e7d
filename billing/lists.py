"""The lists of the money part: proposals, invoices, payments."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, Payment, Proposal
from billing.queries.invoices import invoices_for
from billing.queries.payments import payments_for
from billing.queries.proposals import proposals_for
from billing.templatetags.billing import standing
from core.cells import NONE, chips, day, moment, money, owned, quiet
from core.clauses import Filter, each
from core.lists import Column, ListSpec, View, register_list
from crm.lists import people

CUSTOMER = tuple(f"contact__{name}__icontains" for name in ("company_name", "first_name", "last_name"))


def customer(mark: Callable[[Any], str]) -> Column:
    """The first column: whose money it is, and the paper's number."""
    return Column("name", _("Customer"), css="c-who", fixed=True, who=lambda row: (
        row.contact.name if row.contact else gettext("Unknown payer"), mark(row), row.contact))  # fmt: skip


def _bill(row: Payment) -> Invoice | None:
    return getattr(row, "invoice", None)  # a payment that fits nothing has none


def _invoice(row: Payment) -> str:
    bill = _bill(row)
    return format_html('<a href="{}">{}</a>', bill.get_absolute_url(), bill.number) if bill else NONE


STATE = Column("state", _("State"), lambda row: standing(row)[0], chips(standing), css="c-st")
TOTAL = money("total", _("Total"), css="c-sc r num")
TOTAL_IS = Filter("total", _("Total"), "money", "total_minor")
PROPOSALS = ListSpec(
    "proposals", _("Proposals"), "proposal", "proposal:read", proposals_for,
    (
        customer(lambda row: row.reference),
        STATE,
        Column("title", _("Proposal"), show=quiet(lambda row: row.title), css="c-nx"),
        TOTAL,
        day("valid_until", _("Valid until")),
        owned(path="deal.owner"),
        moment("updated_at", _("Changed"), css="c-t r mut"),
    ),
    (
        Filter("state", _("State"), choices=Proposal.State.choices),
        Filter("owner", _("Owner"), "person", "deal__owner", people),
        TOTAL_IS,
        Filter("valid", _("Valid until"), "date", "valid_until"),
        Filter("changed", _("Changed"), "time", "updated_at"),
    ),
    (View("", _("All")), View("draft", _("Drafts"), "state=draft"),
     View("pending_approval", _("Waiting for approval"), "state=pending_approval"),
     View("sent", _("Sent"), "state=sent"),
     View("viewed", _("Viewed"), "state=viewed"), View("accepted", _("Accepted"), "state=accepted"),
     View("paid", _("Paid"), "state=paid")),
    url_name="billing:proposal-list", search=_("Number, title, customer"), export="deal:export",
    finds=("number__icontains", "title__icontains", *CUSTOMER),
    empty=(_("No proposals yet"),
           _("When a lead is interested, a proposal is drafted from your catalogue and waits here for you.")),
)  # fmt: skip

INVOICES = ListSpec(
    "invoices", _("Invoices"), "invoice", "invoice:read", invoices_for,
    (
        customer(lambda row: row.number),
        STATE,
        Column("deal", _("Deal"), lambda row: row.deal.title if row.deal else "",
               quiet(lambda row: row.deal.title if row.deal else ""), css="c-nx"),
        TOTAL,
        day("due_on", _("Due")),
        day("issued_on", _("Issued"), css="c-t r mut"),
        day("paid_on", _("Paid"), shown=False),
        Column("currency", _("Currency"), shown=False),
    ),
    (Filter("state", _("State"), choices=Invoice.State.choices), TOTAL_IS, Filter("due", _("Due"), "date", "due_on"),
     Filter("issued", _("Issued"), "date", "issued_on"), Filter("paid", _("Paid"), "date", "paid_on")),
    (View("", _("All")), View("issued", _("Unpaid"), "state=issued"), View("paid", _("Paid"), "state=paid"),
     View("void", _("Void"), "state=void"), View("late", _("Overdue"), "state=issued&due-op=older&due=0")),
    url_name="billing:invoice-list", search=_("Number, customer"), export="invoice:issue",
    finds=("number__icontains", *CUSTOMER),
    empty=(_("No invoices yet"), _("A paid proposal or a won deal brings its invoice by itself, numbered in order.")),
)  # fmt: skip

PAYMENTS = ListSpec(
    "payments", _("Payments"), "payment", "payment:read", payments_for,
    (
        customer(lambda row: row.proposal.reference if row.proposal else row.external_id),
        STATE,
        Column("deal", _("For"), lambda row: row.deal.title if row.deal else row.review_reason,
               quiet(lambda row: row.deal.title if row.deal else row.review_reason), css="c-nx"),
        money("amount", _("Amount"), css="c-sc r num"),
        Column("provider", _("Through"), lambda row: row.get_provider_display(), css="x sec"),
        Column("invoice", _("Invoice"), lambda row: getattr(_bill(row), "number", ""), _invoice),
        moment("paid_at", _("Paid"), css="c-t r mut"),
    ),
    (
        Filter("review", _("Needs review"), choices=(("yes", _("Yes")),), where=each(lambda _: Q(needs_review=True))),
        Filter("refunded", _("Refunded"), choices=(("yes", _("Yes")),), where=each(lambda _: Q(refunded_minor__gt=0))),
        Filter("provider", _("Through"), choices=Payment._meta.get_field("provider").choices or ()),
        Filter("amount", _("Amount"), "money", "amount_minor"),
        Filter("paid", _("Paid"), "time", "paid_at"),
    ),
    (View("", _("All")), View("review", _("Needs review"), "review=yes"),
     View("refunded", _("Refunded"), "refunded=yes")),
    ("-paid_at", "-pk"), "billing:payment-list", _("Customer, proposal, Stripe number"),
    ("external_id__icontains", "proposal__number__icontains", *CUSTOMER),
    (_("No payments yet"),
     _("A customer accepts a proposal and pays on its page. The money shows here as soon as it is confirmed.")),
    (("invoice:read", "billing:invoice-list", "note", _("Invoices"), "link"),),
    export="payment:update", above="billing/payments/_waiting.html",
)  # fmt: skip

register_list(PROPOSALS, INVOICES, PAYMENTS)
