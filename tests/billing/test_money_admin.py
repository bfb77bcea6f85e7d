"""The operator's door: lists, read-only rows, verbs under the same rules."""

import pytest

from billing.models import Invoice, Payment, Proposal
from tests.billing.selling import SECRET, accepted, drafted, on_stripe, post_event, stripe_event
from tests.people import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(rita, settings, run_events, client) -> Payment:
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_1", SECRET
    settings.REQUIRE_STAFF_MFA = False
    post_event(client, stripe_event(on_stripe(accepted(rita))))
    run_events()
    return Payment.objects.get()


@pytest.mark.parametrize("model", [Proposal, Payment, Invoice])
def test_an_administrator_reads_lists_and_rows_without_a_token(sold, ada, model):
    client = browser(ada)
    base = f"/admin/billing/{model._meta.model_name}/"
    assert client.get(base).status_code == 200
    row = model.objects.get()
    page = client.get(f"{base}{row.pk}/change/")
    assert page.status_code == 200
    for secret in (getattr(row, "token_hash", None), getattr(row, "token_sealed", None)):
        assert not secret or secret not in page.content.decode()
    assert client.get(f"{base}add/").status_code == 403


def test_a_state_cannot_be_typed_in(sold, ada):
    client = browser(ada)
    answer = client.post(f"/admin/billing/payment/{sold.pk}/change/", {"state": "refunded"})
    assert answer.status_code in {302, 403}
    sold.refresh_from_db()
    assert sold.state == "received"


def test_a_refund_is_a_verb(sold, ada):
    client = browser(ada)
    url = f"/admin/billing/payment/{sold.pk}/do/payment.refund/"
    assert client.get(url).status_code == 200
    client.post(url, {"reason": "Asked", "amount": "100"})
    assert sold.refunds.get().amount_minor == 10_000


def test_a_refusal_is_a_message(rita, ada, settings):
    settings.REQUIRE_STAFF_MFA = False
    proposal = drafted(rita)
    client = browser(ada)
    url = f"/admin/billing/proposal/{proposal.pk}/do/proposal.ask_approval/"
    answer = client.post(url, follow=True)
    assert "needs no approval" in answer.content.decode()
    proposal.refresh_from_db()
    assert proposal.state == "draft"
