"""Our calls to Stripe through the ledger, over sockets, against the vendor's own description."""

from decimal import Decimal

import pytest
from django.test import Client

from billing.actions.payments import start_checkout
from billing.actions.proposals import withdraw_proposal
from billing.actions.refunds import refund_payment
from billing.jobs import fetch_missed_events
from billing.models import Checkout, Payment, Refund
from core.models import Effect
from outreach.models import Receipt
from tests.billing.selling import SECRET, VISITOR, accepted, post_event, public, stripe_event
from tests.people import as_actor

pytestmark = pytest.mark.django_db
CREATE = "POST /v1/checkout/sessions"


@pytest.fixture
def account(oracle, settings):
    settings.STRIPE_API_KEY = "sk_test_1"
    settings.STRIPE_API_BASE = oracle.url
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    return oracle


def test_signing_leads_to_stripe_s_page_and_back_to_paid(account, rita, run_events):
    proposal = accepted(rita)
    client = Client()
    client.post(public(proposal, "pay/"))
    assert "Preparing your payment page" in client.get(public(proposal, "pay/")).content.decode()
    run_events()
    checkout = Checkout.objects.get()
    account.assert_conforming()
    assert checkout.state == "open"
    assert checkout.url in client.get(public(proposal, "pay/")).content.decode()
    (call,) = account.calls(CREATE)
    assert call.data["line_items"][0]["price_data"]["unit_amount"] == proposal.total_minor
    assert call.data["metadata"]["checkout"] == checkout.reference
    post_event(client, stripe_event(checkout))
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "paid"


def test_a_lost_answer_makes_one_page(account, rita, run_events):
    account.fault("reset_after", operation=CREATE)
    start_checkout(accepted(rita), actor=VISITOR)
    run_events()
    assert Checkout.objects.get().state == "open"
    assert len(account.calls(CREATE, applied=True)) == 1


def test_a_crash_after_stripe_answered_finds_the_same_page(account, rita, run_events):
    checkout = start_checkout(accepted(rita), actor=VISITOR)
    run_events()
    first = Checkout.objects.get().external_id
    Checkout.objects.update(state="planned", external_id=None, url="")
    from core.models import Delivery

    again = Delivery.objects.filter(subscriber__contains="open_checkout")
    again.update(done_at=None, leased_until=None, due_at=checkout.created_at)
    run_events()
    assert Checkout.objects.get().external_id == first
    assert len(account.calls(CREATE, applied=True)) == 1


def test_a_busy_stripe_is_asked_again_with_the_same_key(account, rita, run_events):
    account.fault("status", status=503, times=3, operation=CREATE)
    start_checkout(accepted(rita), actor=VISITOR)
    run_events()
    assert Checkout.objects.get().state == "planned"
    assert Effect.objects.get(kind="checkout").state == "planned"
    keys = {call.headers["idempotency-key"] for call in account.calls(CREATE)}
    assert len(keys) == 1


def test_a_wrong_key_closes_the_page_and_says_so(account, rita, run_events):
    account.require(bearer="sk_other")
    proposal = accepted(rita)
    start_checkout(proposal, actor=VISITOR)
    run_events()
    checkout = Checkout.objects.get()
    assert checkout.state == "failed"
    assert "STRIPE_API_KEY" in checkout.error
    page = Client().get(public(proposal)).content.decode()
    assert "STRIPE_API_KEY" not in page
    assert "Try the payment again" in page


def test_a_withdrawn_proposal_closes_its_page_at_stripe(account, rita, run_events):
    proposal = accepted(rita)
    start_checkout(proposal, actor=VISITOR)
    run_events()
    withdraw_proposal(proposal, actor=as_actor(rita))
    run_events()
    assert Checkout.objects.get().state == "expired"
    assert len(account.calls("POST /v1/checkout/sessions/{session}/expire")) == 1


def test_a_refund_goes_out_once_under_our_key(account, rita, fin, run_events):
    proposal = accepted(rita)
    start_checkout(proposal, actor=VISITOR)
    run_events()
    post_event(Client(), stripe_event(Checkout.objects.get()))
    run_events()
    payment = Payment.objects.get()
    account.fault("reset_after", operation="POST /v1/refunds")
    account.reply("POST /v1/refunds", {"id": "re_1", "object": "refund", "status": "succeeded"}, check=False)
    refund_payment(payment, actor=as_actor(fin), reason="Asked", amount=Decimal(100))
    run_events()
    assert Refund.objects.get().state == "done"
    assert len(account.calls("POST /v1/refunds", applied=True)) == 1
    payment.refresh_from_db()
    assert payment.refunded_minor == 10_000


def test_an_event_that_went_astray_is_fetched(account, rita, run_events):
    proposal = accepted(rita)
    start_checkout(proposal, actor=VISITOR)
    run_events()
    event = stripe_event(Checkout.objects.get())
    listed = {"object": "list", "has_more": False, "url": "/v1/events", "data": [event]}
    account.reply("GET /v1/events", listed, check=False)
    fetch_missed_events()
    assert Receipt.objects.get(vendor="stripe").external_id == "evt_1"
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "paid"
