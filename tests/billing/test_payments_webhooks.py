"""What Stripe says is believed only where it fits; then everything follows, once."""

import random

import pytest
from django.test import Client

from billing.actions.invoices import mark_invoice_paid
from billing.actions.payments import record_confirming, start_checkout
from billing.actions.proposals import withdraw_proposal
from billing.models import Checkout, Invoice, Payment
from core import clock
from core.errors import Refused
from core.models import Effect, Event
from crm.actions.deals import lose_deal, win_deal
from crm.models import Activity, Deal
from outreach.models import Message, Receipt
from tests.billing.selling import (
    SECRET,
    VISITOR,
    accepted,
    drafted,
    new_lead,
    on_stripe,
    post_event,
    public,
    sent,
    stripe_event,
)
from tests.people import as_actor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stripe_account(settings):
    settings.STRIPE_API_KEY = "sk_test_of_the_tests"
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.STRIPE_WEBHOOK_SECRET = SECRET


def paid_once(proposal) -> None:
    """Assert the one end state of a paid proposal, with nothing twice."""
    proposal.refresh_from_db()
    assert proposal.state == "paid"
    assert (proposal.lead.status, proposal.lead.stage) == ("converted", "PAID")
    assert proposal.deal.status == "won"
    assert proposal.contact.stage == "customer"
    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.needs_review) == (proposal.total_minor, False)
    invoice = Invoice.objects.get()
    assert (invoice.payment, invoice.state, invoice.sequence) == (payment, "paid", 1)
    tasks = Activity.objects.filter(source_key__startswith="onboarding:")
    assert tasks.count() == 5
    for name in ("lead.paid", "deal.won", "payment.received", "invoice.issued"):
        assert Event.objects.filter(name=name).count() == 1, name
    assert Message.objects.filter(purpose="receipt").count() == 1


def test_a_verified_payment_brings_everything(rita, run_events):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    answer = post_event(Client(), stripe_event(checkout))
    assert answer.status_code == 200
    assert Receipt.objects.get(vendor="stripe").external_id == "evt_1"
    run_events()
    paid_once(proposal)


@pytest.mark.parametrize("seed", range(3))
def test_twenty_deliveries_in_any_order_pay_once(rita, run_events, seed):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    expired = "checkout.session.expired"
    events = [stripe_event(checkout) for _ in range(8)]
    events += [stripe_event(checkout, event_id=f"evt_{n}") for n in range(2, 8)]
    events += [stripe_event(checkout, expired, "evt_x", payment_status="unpaid")] * 2
    events += [stripe_event(checkout, "checkout.session.async_payment_succeeded", "evt_a")] * 2
    events += [{**stripe_event(checkout), "id": "evt_u", "type": "payout.paid"}] * 2
    dice = random.Random(seed)
    dice.shuffle(events)
    client = Client()
    for event in events:
        assert post_event(client, event).status_code == 200
        if dice.random() < 0.4:
            run_events()
    run_events()
    paid_once(proposal)


@pytest.mark.parametrize(
    ("secret", "age", "configured"),
    [("whsec_wrong", 0, SECRET), (SECRET, 900, SECRET), (SECRET, -900, SECRET), ("", 0, "")],
)
def test_a_delivery_that_is_not_stripe_s_is_refused_and_not_stored(rita, settings, secret, age, configured):
    checkout = on_stripe(accepted(rita))
    settings.STRIPE_WEBHOOK_SECRET = configured
    answer = post_event(Client(), stripe_event(checkout), secret=secret, age=age)
    assert answer.status_code == 401
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"not json"])
def test_a_signed_body_that_is_no_event_is_refused_and_not_stored(db, body):
    assert post_event(Client(), body).status_code == 400
    assert not Receipt.objects.exists()


def test_a_delivery_without_a_signature_is_refused(db):
    answer = Client().post("/webhooks/stripe/", "{}", content_type="application/json")
    assert answer.status_code == 401
    assert Client().get("/webhooks/stripe/").status_code == 405


def test_an_unknown_type_is_stored_and_ignored(db, run_events):
    event = {"id": "evt_9", "type": "radar.early_fraud_warning", "data": {"object": {}}}
    assert post_event(Client(), event).status_code == 200
    run_events()
    assert Receipt.objects.get().state == "ignored"
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_total": 1},
        {"amount_total": 5_664_001},
        {"currency": "usd"},
        {"livemode": True},
        {"mode": "subscription"},
        {"id": "cs_test_other"},
    ],
)
def test_money_that_does_not_fit_is_recorded_for_review_and_nobody_is_paid(rita, ada, fin, run_events, changes):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    post_event(Client(), stripe_event(checkout, **changes))
    run_events()
    payment = Payment.objects.get()
    assert payment.needs_review
    assert payment.review_reason
    proposal.refresh_from_db()
    assert (proposal.state, proposal.lead.stage) == ("accepted", "PROPOSAL_SENT")
    assert proposal.deal.status == "open"
    assert not Invoice.objects.exists()
    for person in (ada, fin, rita):
        assert person.notifications.filter(kind="payment.needs_review").count() == 1


def test_money_for_no_page_of_ours_is_recorded_for_review(rita, ada, run_events):
    checkout = on_stripe(accepted(rita))
    event = stripe_event(checkout, id="cs_foreign", metadata={}, client_reference_id=None)
    post_event(Client(), event)
    run_events()
    payment = Payment.objects.get()
    assert payment.needs_review
    assert payment.proposal is None


def test_a_bank_payment_counts_when_the_bank_says_so(rita, run_events):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    post_event(Client(), stripe_event(checkout, payment_status="unpaid"))
    run_events()
    checkout.refresh_from_db()
    assert checkout.state == "confirming"
    assert not Payment.objects.exists()
    with pytest.raises(Refused, match="bank"):
        withdraw_proposal(proposal, actor=as_actor(rita))
    late = stripe_event(checkout, "checkout.session.async_payment_succeeded", "evt_2")
    post_event(Client(), late)
    run_events()
    paid_once(proposal)


def test_a_bank_that_says_no_lets_the_customer_try_again(rita, run_events):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    post_event(Client(), stripe_event(checkout, payment_status="unpaid"))
    failed = "checkout.session.async_payment_failed"
    post_event(Client(), stripe_event(checkout, failed, "evt_2", payment_status="unpaid"))
    run_events()
    checkout.refresh_from_db()
    assert checkout.state == "failed"
    assert start_checkout(proposal, actor=VISITOR).pk != checkout.pk


def test_news_before_our_own_call_returned_waits_and_is_applied(rita, run_events):
    from billing.actions.payments import record_checkout_open
    from tests.billing.selling import SYSTEM

    proposal = accepted(rita)
    checkout = start_checkout(proposal, actor=VISITOR)
    event = stripe_event(checkout, id="cs_test_early")
    post_event(Client(), event)
    run_events()
    assert Receipt.objects.get().state == "stored"
    assert not Payment.objects.exists()
    record_checkout_open(checkout, actor=SYSTEM, external_id="cs_test_early", url="https://checkout.stripe.com/x")
    later(run_events)
    paid_once(proposal)


def later(run_events) -> None:
    """Make postponed deliveries due, and deliver them."""
    from core.models import Delivery

    Delivery.objects.filter(done_at=None).update(due_at=clock.now(), leased_until=None)
    run_events()


def test_a_page_is_planned_once_however_often_it_is_asked_for(rita):
    proposal = accepted(rita)
    pages = {start_checkout(proposal, actor=VISITOR).pk for _ in range(5)}
    assert len(pages) == 1
    assert Effect.objects.filter(kind="checkout").count() == 1


def test_a_page_past_its_time_is_replaced_by_a_new_one(rita):
    proposal = accepted(rita)
    first = on_stripe(proposal)
    Checkout.objects.filter(pk=first.pk).update(expires_at=clock.now())
    second = start_checkout(proposal, actor=VISITOR)
    first.refresh_from_db()
    assert (first.state, second.state) == ("expired", "planned")


def test_a_sandbox_page_gives_way_when_a_key_arrives(rita, settings):
    settings.STRIPE_API_KEY = ""
    proposal = accepted(rita)
    sandbox = start_checkout(proposal, actor=VISITOR)
    settings.STRIPE_API_KEY = "sk_test_1"
    page = Client().get(public(proposal, "pay/")).content.decode()
    assert "/pay/sandbox/" not in page
    Client().post(public(proposal, "pay/"))
    assert start_checkout(proposal, actor=VISITOR).mode == "stripe"
    sandbox.refresh_from_db()
    assert sandbox.state == "expired"


def test_a_proposal_that_is_not_accepted_has_no_page_to_pay_on(rita):
    for proposal in (drafted(rita), sent(rita, email="two@example.com")):
        with pytest.raises(Refused, match="Accept the proposal first"):
            start_checkout(proposal, actor=VISITOR)
    assert not Checkout.objects.exists()


def test_money_after_the_deal_was_lost_needs_review(rita, run_events):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    lose_deal(proposal.deal, actor=as_actor(rita), reason="Went elsewhere")
    post_event(Client(), stripe_event(checkout))
    run_events()
    assert Payment.objects.get().needs_review
    proposal.refresh_from_db()
    assert proposal.lead.stage == "PROPOSAL_SENT"


def test_a_second_payment_for_the_same_proposal_needs_review(rita, run_events):
    proposal = accepted(rita)
    first = on_stripe(proposal)
    post_event(Client(), stripe_event(first, "checkout.session.expired", payment_status="unpaid"))
    run_events()
    second = on_stripe(proposal, 2)
    post_event(Client(), stripe_event(second, event_id="evt_2"))
    post_event(Client(), stripe_event(first, event_id="evt_3"))
    run_events()
    assert sorted(Payment.objects.values_list("needs_review", flat=True)) == [False, True]
    assert Invoice.objects.count() == 1


def test_a_paid_lead_gets_no_further_proposal(rita, run_events):
    from billing.actions.proposals import replace_proposal

    proposal = accepted(rita)
    post_event(Client(), stripe_event(on_stripe(proposal)))
    run_events()
    proposal.refresh_from_db()
    with pytest.raises(Refused):
        replace_proposal(proposal, actor=as_actor(rita))
    with pytest.raises(Refused, match="paid already"):
        start_checkout(proposal, actor=VISITOR)


def test_a_stranger_s_contact_stays_as_it_was(rita, run_events):
    before = new_lead(rita, email="else@example.com")
    post_event(Client(), stripe_event(on_stripe(accepted(rita))))
    run_events()
    before.refresh_from_db()
    assert before.stage == "NEW"
    assert before.contact.stage != "customer"


def test_money_for_a_deal_that_was_paid_by_bank_needs_review(rita, fin, run_events):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    win_deal(proposal.deal, actor=as_actor(rita), closed_on=clock.today("Asia/Kolkata"))
    run_events()
    mark_invoice_paid(Invoice.objects.get(), actor=as_actor(fin))
    page = Client().get(public(proposal)).content.decode()
    assert "Paid. Thank you" in page and public(proposal, "pay/") not in page
    assert Client().get(public(proposal, "pay/")).status_code == 303
    with pytest.raises(Refused, match="paid already"):
        start_checkout(proposal, actor=VISITOR)
    post_event(Client(), stripe_event(checkout))
    run_events()
    payment = Payment.objects.get(provider="stripe")
    assert payment.needs_review and "The invoice was paid already." in payment.review_reason
    assert Event.objects.filter(name="payment.needs_review").count() == 1


def test_money_of_another_sum_than_the_invoice_does_not_pay_it(rita, ada, run_events):
    proposal = accepted(rita)
    checkout = on_stripe(proposal)
    deal = proposal.deal
    Deal.objects.filter(pk=deal.pk).update(value_minor=deal.value_minor + 1_000)
    deal.lines.all().delete()
    win_deal(Deal.objects.get(pk=deal.pk), actor=as_actor(ada), closed_on=clock.today("Asia/Kolkata"))
    run_events()
    post_event(Client(), stripe_event(checkout))
    run_events()
    assert Invoice.objects.get().state == "issued"
    assert "The invoice says another sum." in Payment.objects.get().review_reason


def test_while_the_bank_confirms_nobody_is_told_that_nothing_was_charged(rita):
    proposal = accepted(rita)
    record_confirming(on_stripe(proposal), actor=VISITOR)
    answer = Client().get(public(proposal, "pay/"))
    assert (answer.status_code, answer["Location"]) == (303, public(proposal))
    assert "Payment received by your bank" in Client().get(public(proposal)).content.decode()
