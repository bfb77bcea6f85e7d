"""Payments as the pages need them."""

from typing import Any

from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.actor import Actor
from billing.models import Checkout, Payment
from crm.queries.filters import one


def payments_for(actor: Actor) -> QuerySet[Payment]:
    """Return the payments that the actor may read."""
    rows = actor.visible("payment:read", Payment.objects.all())
    return rows.select_related("contact", "deal", "proposal", "invoice")


def payment_for(actor: Actor, pk: int) -> Payment:
    """Return one payment; raises NotFound when the actor may not read it."""
    return one(payments_for(actor), pk, _("There is no such payment."))


def waiting_checkouts(actor: Actor) -> QuerySet[Checkout]:
    """Return the payment pages that are open, for proposals whose payments the actor may read."""
    rows = actor.visible("payment:read", Checkout.objects.all())
    return rows.filter(state__in=Checkout.LIVE).select_related("proposal", "proposal__contact")


def payment_sums(actor: Actor) -> list[dict[str, Any]]:
    """Return received minus refunded per currency, of what the actor may read."""
    return list(
        actor.visible("payment:read", Payment.objects.all())
        .values("currency")
        .annotate(minor=Sum(F("amount_minor") - F("refunded_minor")))
        .order_by("currency")
    )


def unrefunded(deal_id: int) -> bool:
    """Return whether money was paid for a deal and not all of it went back."""
    return Payment.objects.filter(deal_id=deal_id, refunded_minor__lt=F("amount_minor")).exists()
