"""Money that goes back: decided by finance, done once, and what it unlocks."""

from decimal import Decimal

import pytest
from django.test import Client

from billing.actions.refunds import record_refunded, refund_payment
from billing.models import Payment, Refund
from core.errors import Denied, Invalid, Refused
from core.registry import refusals
from crm.actions.deals import reopen_deal
from tests.billing.selling import SECRET, SYSTEM, accepted, on_stripe, post_event, stripe_event
from tests.people import as_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(rita, settings, run_events) -> Payment:
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_1", SECRET
    post_event(Client(), stripe_event(on_stripe(accepted(rita))))
    run_events()
    return Payment.objects.get()


def refunded(payment: Payment, amount: int, event_id: str = "evt_r") -> dict:
    thing = {
        "id": "ch_1",
        "object": "charge",
        "payment_intent": payment.external_id,
        "amount": payment.amount_minor,
        "amount_refunded": amount,
        "currency": "inr",
    }
    return {"id": event_id, "type": "charge.refunded", "created": 1, "livemode": False, "data": {"object": thing}}


def test_reps_and_managers_refund_nothing(payment, rita, max_):
    for person in (rita, max_):
        with pytest.raises(Denied):
            refund_payment(payment, actor=as_actor(person), reason="Asked")
    assert not Refund.objects.exists()


def test_more_than_was_paid_does_not_go_back(payment, fin):
    with pytest.raises(Invalid, match="At most"):
        refund_payment(payment, actor=as_actor(fin), reason="Asked", amount=Decimal(9_999_999))
    with pytest.raises(Invalid):
        refund_payment(payment, actor=as_actor(fin), reason="Asked", amount=Decimal(-1))


def test_one_refund_at_a_time(payment, fin):
    refund_payment(payment, actor=as_actor(fin), reason="Asked", amount=Decimal(100))
    with pytest.raises(Refused, match="on its way"):
        refund_payment(payment, actor=as_actor(fin), reason="Asked", amount=Decimal(100))


def test_stripe_s_word_on_refunds_never_goes_back(payment, run_events):
    client = Client()
    for amount, name in ((200, "a"), (100, "b"), (payment.amount_minor, "c"), (200, "d")):
        post_event(client, refunded(payment, amount, f"evt_{name}"))
    run_events()
    payment.refresh_from_db()
    assert (payment.state, payment.refunded_minor) == ("refunded", payment.amount_minor)


def test_our_refund_and_its_webhook_count_once(payment, fin, run_events):
    from billing.actions.refunds import record_refund_done

    refund = refund_payment(payment, actor=as_actor(fin), reason="Asked", amount=Decimal(100))
    post_event(Client(), refunded(payment, 10_000))
    from core.models import Delivery

    Delivery.objects.filter(subscriber__contains="send_refund").update(done_at="2026-01-01T00:00Z")
    run_events()
    record_refund_done(refund, actor=SYSTEM, external_id="re_1")
    payment.refresh_from_db()
    assert payment.refunded_minor == 10_000
    assert payment.state == "part_refunded"


def test_a_refund_of_an_unknown_payment_waits(payment, run_events):
    from outreach.models import Receipt

    event = refunded(payment, 100)
    event["data"]["object"]["payment_intent"] = "pi_unknown"
    post_event(Client(), event)
    run_events()
    assert Receipt.objects.get(external_id="evt_r").state == "stored"


def test_a_paid_deal_is_not_reopened_until_the_money_went_back(payment, max_):
    deal = payment.deal
    assert refusals("deal.reopen", deal) == ["Refund the payment first, then reopen the deal."]
    with pytest.raises(Refused):
        reopen_deal(deal, actor=as_actor(max_))
    record_refunded(payment, actor=SYSTEM, refunded_minor=payment.amount_minor)
    assert reopen_deal(deal, actor=as_actor(max_)).status == "open"
