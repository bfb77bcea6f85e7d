"""The payment page of an install without a Stripe key; it says what it is, and no money moves."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.actions.payments import sandbox_allowed
from billing.links import token_of
from billing.models import Checkout
from billing.views.webhooks import receive
from core import clock
from core.crypto import fingerprint
from core.doors import public
from core.errors import NotFound, Refused
from core.pages import page
from outreach.connectors.stripe import signature

OUTCOMES = {"paid": "checkout.session.completed", "refused": "checkout.session.expired"}


@public(methods=("GET", "HEAD", "POST"))
def pay(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the sandbox, or deliver what it was told as a signed event, like Stripe would."""
    if not sandbox_allowed():
        raise NotFound(_("There is no sandbox here. Payments run on Stripe."))
    found = Checkout.objects.select_related("proposal__contact")
    checkout = found.filter(reference=reference, mode="sandbox").first()
    if checkout is None:
        raise NotFound(_("There is no such payment page."))
    back = reverse("billing:public-proposal", args=[token_of(checkout.proposal)])
    if request.method != "POST":
        context = {"checkout": checkout, "proposal": checkout.proposal, "back": back}
        return page(request, "billing/public/sandbox.html", context)
    if checkout.state != "open":
        raise Refused(_("This payment page is closed already."))
    outcome = "refused" if request.POST.get("outcome") == "refused" else "paid"
    deliver(checkout, outcome)
    response = HttpResponseRedirect(f"{back}?done=1" if outcome == "paid" else back)
    response.status_code = 303
    return response


def deliver(checkout: Checkout, outcome: str) -> HttpResponse:
    """Sign the sandbox's event and hand it to the same door as Stripe's."""
    body = json.dumps(_event(checkout, outcome)).encode()
    secret = fingerprint("sandbox", "stripe")
    return receive("stripe-sandbox", body, signature(body, secret, clock.now()), secret)


def _event(checkout: Checkout, outcome: str) -> dict[str, Any]:
    is_paid = outcome == "paid"
    return {
        "id": f"evt_sandbox_{outcome}_{checkout.reference}",
        "object": "event",
        "type": OUTCOMES[outcome],
        "created": int(clock.now().timestamp()),
        "livemode": False,
        "data": {
            "object": {
                "id": checkout.external_id,
                "object": "checkout.session",
                "client_reference_id": checkout.reference,
                "mode": "payment",
                "payment_status": "paid" if is_paid else "unpaid",
                "payment_intent": f"pi_sandbox_{checkout.reference}" if is_paid else None,
                "amount_total": checkout.amount_minor,
                "currency": checkout.currency.lower(),
                "metadata": {"checkout": checkout.reference},
            }
        },
    }
