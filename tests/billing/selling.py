"""Steps of a sale, each by the action that the product uses, so that tests begin where they mean to."""

import json
from decimal import Decimal
from typing import Any

from accounts.actor import Actor
from accounts.models import User
from billing.actions.acceptance import accept_proposal
from billing.actions.payments import start_checkout
from billing.actions.proposals import draft_for_lead
from billing.actions.sending import record_sent, send_proposal
from billing.links import token_of
from billing.models import Checkout, Proposal
from billing.values import Evidence, Line
from core import clock
from crm.actions.leads import create_lead, mark_interested, record_outreach
from crm.models import Lead
from outreach.connectors.stripe import signature
from tests.people import as_actor

SYSTEM = Actor.system("tests")
VISITOR = Actor.anonymous(ip="203.0.113.7")
SECRET = "whsec_of_the_tests"
LINES = (Line("Website and booking page", Decimal(1), 3_000_000), Line("Reminders", Decimal(12), 150_000))
MEERA = {"email": "meera@sharmadental.example", "first_name": "Meera", "last_name": "Sharma"}


def new_lead(owner: User, **values: Any) -> Lead:
    """Answer a lead that just came in."""
    given = {**MEERA, "business_name": "Sharma Dental Care", "city": "Jaipur", **values}
    return create_lead(actor=SYSTEM, owner=owner, source="web", **given)


def interested_lead(owner: User, **values: Any) -> Lead:
    """Answer a lead that was written to and answered with interest."""
    lead = record_outreach(new_lead(owner, **values), actor=SYSTEM, channel="email")
    return mark_interested(lead, actor=SYSTEM, intent="asking_price", confidence=0.95)


def drafted(owner: User, lines=LINES, **values: Any) -> Proposal:
    """Answer a proposal that its owner wrote for an interested lead."""
    lead = interested_lead(owner, **values)
    return draft_for_lead(lead, actor=as_actor(owner), lines=lines, title="A clinic site")


def sent(owner: User, **values: Any) -> Proposal:
    """Answer a proposal whose mail was accepted."""
    proposal = send_proposal(drafted(owner, **values), actor=as_actor(owner))
    return record_sent(proposal, actor=SYSTEM)


def accepted(owner: User, **values: Any) -> Proposal:
    """Answer a signed proposal."""
    evidence = Evidence("Meera Sharma", "203.0.113.7", "Firefox")
    return accept_proposal(sent(owner, **values), actor=VISITOR, evidence=evidence)


def on_stripe(proposal: Proposal, number: int = 1) -> Checkout:
    """Answer an open Stripe page for a signed proposal; settings must hold a key."""
    from billing.actions.payments import record_checkout_open

    checkout = start_checkout(proposal, actor=VISITOR)
    return record_checkout_open(
        checkout, actor=SYSTEM, external_id=f"cs_test_{number}", url="https://checkout.stripe.com/x"
    )


def public(proposal: Proposal, rest: str = "") -> str:
    """Answer the address of a public page."""
    return f"/p/{token_of(proposal)}/{rest}"


def stripe_event(
    checkout: Checkout, kind: str = "checkout.session.completed", event_id: str = "evt_1", **changes: Any
) -> dict[str, Any]:
    """Answer what Stripe says about a page; `changes` go into the object, `livemode` into the event."""
    livemode = changes.pop("livemode", False)
    thing = {
        "id": checkout.external_id,
        "object": "checkout.session",
        "client_reference_id": checkout.reference,
        "mode": "payment",
        "payment_status": "paid",
        "payment_intent": f"pi_{checkout.pk}",
        "amount_total": checkout.amount_minor,
        "currency": checkout.currency.lower(),
        "metadata": {"checkout": checkout.reference},
        **changes,
    }
    return {
        "id": event_id,
        "object": "event",
        "type": kind,
        "created": int(clock.now().timestamp()),
        "livemode": livemode,
        "data": {"object": thing},
    }


def post_event(client: Any, event: Any, *, secret: str = SECRET, age: int = 0) -> Any:
    """Deliver an event as Stripe does."""
    from datetime import timedelta

    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    header = signature(body, secret, clock.now() - timedelta(seconds=age))
    return client.post("/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": header})
