"""Pages of invoices, for us."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.listing import export_page, list_page
from billing.links import public_url, token_of
from billing.lists import INVOICES
from billing.queries.invoices import invoice_for
from billing.views.documents import document
from core.actions import run
from core.doors import door
from core.pages import done, page
from crm.queries.deals import deal_for
from crm.sheets import sheet

list_ = list_page(INVOICES)
export = export_page(INVOICES)


@door("invoice:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One invoice."""
    invoice = invoice_for(request.actor, pk)
    token = token_of(invoice)
    context = {
        "invoice": invoice,
        "link": public_url("billing:public-invoice", token) if token else "",
        "can_issue": request.actor.can("invoice:issue", invoice),
        "can_pay": request.actor.can("payment:update", invoice),
    }
    return page(request, "billing/invoices/detail.html", context)


@door("invoice:read")
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The invoice on paper."""
    invoice = invoice_for(request.actor, pk)
    context = {"invoice": invoice}
    return document(request, invoice.pdf_path, "pdf/invoice.html", context, invoice.number)


@door("invoice:issue", methods=("POST",))
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Issue the invoice of a won deal."""
    invoice = run("invoice.issue", deal_for(request.actor, pk), actor=request.actor, data={})
    return done(request, invoice, gettext("Invoice %(invoice)s is issued.") % {"invoice": invoice.number})


@door("invoice:issue", methods=("POST",))
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Mail it."""
    invoice = invoice_for(request.actor, pk)
    run("invoice.send", invoice, actor=request.actor, data={})
    return done(request, invoice, gettext("Invoice %(invoice)s is on its way.") % {"invoice": invoice.number})


mark_paid = sheet(
    "invoice.mark_paid",
    invoice_for,
    title=_("{.total} arrived"),
    submit=_("Mark paid"),
    message=lambda invoice: gettext("Invoice %(invoice)s is paid.") % {"invoice": invoice.number},
)
void = sheet(
    "invoice.void",
    invoice_for,
    title=_("Void {.number}"),
    submit=_("Void invoice"),
    message=lambda invoice: gettext("Invoice %(invoice)s is void.") % {"invoice": invoice.number},
    intro=_("The number stays taken, so that none is missing."),
    danger=True,
)
