"""Stripe's signatures and events, and real calls over sockets to its stand-in."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import clock
from core.effects import Rejected, RetryLater
from outreach.connectors.stripe import BadEvent, BadSignature, Stripe, event_id, read_event, signature, verify

SPECS = Path(__file__).resolve().parents[3] / "shared" / "vendor-specs"
BODY = b'{"id": "evt_1", "type": "x"}'
SECRET = "whsec_one"


def header(body: bytes = BODY, secret: str = SECRET, age: int = 0) -> str:
    return signature(body, secret, clock.now() - timedelta(seconds=age))


@pytest.mark.parametrize("age", [0, 299, -299])
def test_a_signature_within_five_minutes_is_believed(age):
    verify(BODY, header(age=age), SECRET)


def test_two_secrets_are_believed_while_one_is_replaced():
    verify(BODY, header(secret="whsec_new"), "whsec_old, whsec_new")


def test_one_right_signature_among_several_is_enough():
    verify(BODY, header() + ",v1=" + "0" * 64 + ",v0=old", SECRET)


@pytest.mark.parametrize(
    ("body", "given", "secrets"),
    [
        (BODY, header(), ""),
        (BODY, header(), " , "),
        (BODY + b" ", header(), SECRET),
        (BODY, header(secret="other"), SECRET),
        (BODY, header(age=90_000), SECRET),
        (BODY, header(age=-90_000), SECRET),
        (BODY, "", SECRET),
        (BODY, "t=,v1=", SECRET),
        (BODY, "t=1,t=2,v1=00", SECRET),
        (BODY, "t=²,v1=00", SECRET),
        (BODY, header().replace("v1=", "v0="), SECRET),
        (BODY, header().partition(",")[0], SECRET),
        (BODY, "v1=é", SECRET),
    ],
    ids=range(13),  # a name with the time in it would differ between two collecting processes
)
def test_anything_else_is_refused(body, given, secrets):
    with pytest.raises(BadSignature):
        verify(body, given, secrets)


@pytest.mark.skipif(not SPECS.exists(), reason="../shared/vendor-specs is not here")
def test_the_vendor_s_own_vectors_are_believed(monkeypatch):
    vectors = json.loads((SPECS / "webhooks" / "vectors.json").read_text())
    found = vectors["vectors"] if isinstance(vectors, dict) and "vectors" in vectors else vectors
    rows = found.values() if isinstance(found, dict) else found
    stripe = [row for row in rows if str(row.get("scheme", row.get("vendor", ""))) == "stripe"]
    assert stripe
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(1772357400, UTC))
    for row in stripe:
        headers = {name.lower(): value for name, value in row["headers"].items()}
        verify(_body_of(row), headers["stripe-signature"], row["secret"])


def _body_of(row) -> bytes:
    import base64

    if "body_base64" in row:
        return base64.b64decode(row["body_base64"])
    body = row["body"]
    return body.encode() if isinstance(body, str) else bytes(body)


@pytest.mark.skipif(not SPECS.exists(), reason="../shared/vendor-specs is not here")
@pytest.mark.parametrize("name", ["checkout.session.completed", "checkout.session.expired", "charge.refunded"])
def test_the_vendor_s_examples_are_read(name):
    body = (SPECS / "webhooks" / f"stripe-{name}.json").read_text()
    event = read_event(body)
    assert event.type == name
    assert event.payment_id == "pi_test_1"
    assert event.currency == "INR"
    assert event.amount_minor == 499_900
    assert not event.livemode


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"not json", b'{"id": 7}', b'{"id": ""}', b'{"id": "' + b"x" * 300 + b'"}', b"[" * 100_000]
)
def test_a_body_without_an_id_is_no_event(body):
    with pytest.raises(BadEvent):
        event_id(body)


@pytest.mark.parametrize(
    "thing", [None, [], "x", {"amount_total": 1.5}, {"amount_total": "100"}, {"amount_total": True}, {"metadata": "x"}]
)
def test_odd_members_are_refused_rather_than_guessed(thing):
    event = {"id": "evt_1", "type": "checkout.session.completed", "data": {"object": thing}}
    with pytest.raises(BadEvent):
        read_event(json.dumps(event))


# --- over real sockets, against the vendor's own description ---------------------------------------


def vendor(oracle, key: str = "sk_test_1") -> Stripe:
    return Stripe(key, oracle.url, timeout=5)


def open_page(stripe: Stripe, key: str = "checkout-abc"):
    return stripe.open_page(
        key=key,
        reference="abc",
        name="P-2026-0001: A clinic site",
        amount_minor=5_664_000,
        currency="INR",
        email="meera@sharmadental.example",
        success_url="https://crm.example.com/p/t/?done=1",
        cancel_url="https://crm.example.com/p/t/",
        metadata={"proposal_id": "7", "lead_id": "42"},
    )


def test_a_payment_page_is_made_as_stripe_describes_it(oracle):
    page = open_page(vendor(oracle))
    oracle.assert_conforming()
    (call,) = oracle.calls("POST /v1/checkout/sessions")
    assert call.data["line_items"][0]["price_data"]["unit_amount"] == 5_664_000
    assert call.data["metadata"]["checkout"] == call.data["client_reference_id"] == "abc"
    assert call.headers["idempotency-key"] == "checkout-abc"
    assert page.external_id
    assert page.url.startswith("https://")


def test_a_lost_answer_does_not_make_two_pages(oracle):
    oracle.fault("reset_after", operation="POST /v1/checkout/sessions")
    page = open_page(vendor(oracle))
    assert page.external_id
    assert len(oracle.calls("POST /v1/checkout/sessions", applied=True)) == 1


def test_the_same_key_finds_the_same_page_again(oracle):
    first, second = open_page(vendor(oracle)), open_page(vendor(oracle))
    assert first.external_id == second.external_id
    assert open_page(vendor(oracle), "checkout-def").external_id != first.external_id


def test_a_refund_names_payment_amount_and_key(oracle):
    vendor(oracle).refund(key="refund-1", payment_id="pi_1", amount_minor=500)
    oracle.assert_conforming()
    (call,) = oracle.calls("POST /v1/refunds")
    assert (call.data["payment_intent"], call.data["amount"]) == ("pi_1", 500)
    assert call.headers["idempotency-key"] == "refund-1"


def test_a_page_is_closed_and_events_are_listed(oracle):
    stripe = vendor(oracle)
    stripe.close_page("cs_test_1")
    oracle.reply("GET /v1/events", {"object": "list", "data": [], "has_more": False, "url": "/v1/events"})
    assert list(stripe.events_since(clock.now() - timedelta(hours=1))) == []
    oracle.assert_conforming()


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_stripe_is_tried_again_later(oracle, status):
    oracle.fault("status", status=status, times=9, headers={"Retry-After": "1"})
    with pytest.raises(RetryLater):
        vendor(oracle).close_page("cs_test_1")


def test_a_wrong_key_is_not_tried_again(oracle):
    oracle.require(bearer="sk_live_2")
    with pytest.raises(Rejected, match="STRIPE_API_KEY"):
        open_page(vendor(oracle))


def test_an_unreachable_stripe_is_tried_again_later():
    with pytest.raises(RetryLater):
        open_page(Stripe("sk_test_1", "http://127.0.0.1:9", timeout=2))
