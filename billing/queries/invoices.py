"""Invoices as the pages need them."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from billing.models import Invoice
from billing.queries.proposals import by_token
from crm.models import Deal
from crm.queries.filters import one


def invoices_for(actor: Actor) -> QuerySet[Invoice]:
    """Return the invoices that the actor may read."""
    rows = Invoice.objects.select_related("contact", "deal", "payment")
    return actor.visible("invoice:read", rows)


def invoice_for(actor: Actor, pk: int) -> Invoice:
    """Return one invoice; raises NotFound when the actor may not read it."""
    return one(invoices_for(actor), pk, _("There is no such invoice."))


def bill_of(deal: Deal) -> Invoice | None:
    """Return the invoice that counts for a deal."""
    return Invoice.objects.filter(deal=deal).exclude(state="void").first()


def invoice_by_token(token: str) -> Invoice:
    """Return the invoice behind a public link; raises NotFound for any other token."""
    return by_token(Invoice.objects.select_related("contact"), token)
