"""Invoices as the pages need them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from accounts.actor import Actor
from billing.models import Invoice
from billing.queries.proposals import CUSTOMER, by_token
from crm.queries.filters import narrow, one


def invoices_for(actor: Actor, filters: Mapping[str, Any] | None = None) -> QuerySet[Invoice]:
    """Return the invoices that the actor may read."""
    rows = actor.visible(
        "invoice:read", Invoice.objects.select_related("contact", "deal", "payment")
    )
    return narrow(rows, filters, actor, ("state",), ("number__icontains", *CUSTOMER))


def invoice_for(actor: Actor, pk: int) -> Invoice:
    """Return one invoice; raises NotFound when the actor may not read it."""
    return one(invoices_for(actor), pk, "There is no such invoice.")


def invoice_by_token(token: str) -> Invoice:
    """Return the invoice behind a public link; raises NotFound for any other token."""
    return by_token(Invoice.objects.select_related("contact"), token)
