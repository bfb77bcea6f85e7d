"""Our own pages of money: who sees what, what the buttons do, how many queries they cost."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Invoice, Payment, Proposal
from core import clock
from tests.billing.selling import SECRET, accepted, drafted, interested_lead, on_stripe, post_event, sent, stripe_event
from tests.people import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(rita, settings, run_events) -> Payment:
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_1", SECRET
    post_event(Client(), stripe_event(on_stripe(accepted(rita))))
    run_events()
    return Payment.objects.get()


def test_anonymous_people_are_asked_to_sign_in(rita):
    proposal = drafted(rita)
    for url in (proposal.get_absolute_url(), reverse("billing:payment-list")):
        answer = Client().get(url)
        assert answer.status_code == 302
        assert "login" in answer["Location"]


def test_a_rep_sees_own_proposals_only(rita, ron):
    proposal = drafted(rita)
    assert browser(rita).get(proposal.get_absolute_url()).status_code == 200
    assert browser(ron).get(proposal.get_absolute_url()).status_code == 404
    assert proposal.reference not in browser(ron).get("/proposals/").content.decode()
    assert browser(ron).post(f"/proposals/{proposal.pk}/send/").status_code == 404
    proposal.refresh_from_db()
    assert proposal.queued_at is None


def test_a_viewer_reads_but_does_not_send(rita, vic):
    proposal = drafted(rita)
    page = browser(vic).get(proposal.get_absolute_url())
    assert page.status_code == 200
    assert "Send proposal" not in page.content.decode()
    assert browser(vic).post(f"/proposals/{proposal.pk}/send/").status_code == 403


def test_finance_lands_on_payments_and_reads_invoices(payment, fin, mia):
    for url in (
        reverse("billing:payment-list"),
        payment.get_absolute_url(),
        reverse("billing:invoice-list"),
        Invoice.objects.get().get_absolute_url(),
    ):
        assert browser(fin).get(url).status_code == 200, url
        assert browser(mia).get(url).status_code == 403, url


def test_a_proposal_is_written_from_the_lead_page_and_sent_in_two_taps(rita, run_events):
    lead = interested_lead(rita)
    url = reverse("billing:proposal-new", args=[lead.pk])
    client = browser(rita)
    assert client.get(url).status_code == 200
    lines = {
        "line_item": ["", ""],
        "line_name": ["Website", ""],
        "line_description": ["Five pages", ""],
        "line_quantity": ["2", ""],
        "line_price": ["30,000.50", ""],
    }
    answer = client.post(url, {"title": "A site", **lines})
    proposal = Proposal.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, proposal.get_absolute_url())
    assert proposal.subtotal_minor == 6_000_100
    assert client.get(url)["Location"] == proposal.get_absolute_url()
    assert client.post(f"/proposals/{proposal.pk}/send/").status_code == 303
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "sent"


@pytest.mark.parametrize(
    ("price", "quantity", "words"),
    [
        ("", "1", "Enter a price"),
        ("x", "1", "like 12000"),
        ("1", "0", "above 0"),
        ("1.005", "1", "decimals"),
        ("-1", "1", "0 or more"),
        ("NaN", "1", "like 12000"),
    ],
)
def test_a_wrong_line_says_which_and_why_and_keeps_what_was_typed(rita, price, quantity, words):
    lead = interested_lead(rita)
    url = reverse("billing:proposal-new", args=[lead.pk])
    data = {
        "title": "A site",
        "summary": "Typed before",
        "line_item": [""],
        "line_name": ["Website"],
        "line_description": [""],
        "line_quantity": [quantity],
        "line_price": [price],
    }
    answer = browser(rita).post(url, data)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 1" in text
    assert words in text
    assert "Typed before" in text
    assert not Proposal.objects.exists()


def test_more_lines_saves_nothing(rita):
    lead = interested_lead(rita)
    answer = browser(rita).post(reverse("billing:proposal-new", args=[lead.pk]), {"more": "1"})
    assert answer.status_code == 200
    assert not Proposal.objects.exists()


def test_the_lead_page_s_panel_follows_the_sale(rita, run_events):
    lead = interested_lead(rita)
    client = browser(rita)
    url = reverse("billing:lead-panel", args=[lead.pk])
    assert "Draft the proposal" in client.get(url).content.decode()
    proposal = sent(rita, email="other@example.com")
    url = reverse("billing:lead-panel", args=[proposal.lead_id])
    assert proposal.reference in client.get(url).content.decode()
    assert "Sent" in client.get(url).content.decode()


def test_the_panel_keeps_money_from_those_who_may_not_see_it(payment, mia, vic):
    url = reverse("billing:lead-panel", args=[payment.lead_id])
    for person in (mia, vic):
        text = browser(person).get(url).content.decode()
        assert f"/billing/payments/{payment.pk}/" not in text
        assert Invoice.objects.get().number not in text


def test_finance_refunds_from_the_page(payment, fin, rita):
    url = f"/billing/payments/{payment.pk}/refund/"
    assert browser(rita).post(url, {"reason": "x"}).status_code == 403
    assert browser(fin).get(url).status_code == 200
    assert browser(fin).post(url, {"reason": ""}).status_code == 422
    assert browser(fin).post(url, {"reason": "Asked", "amount": "100"}).status_code == 303
    assert payment.refunds.get().amount_minor == 10_000


def test_a_list_costs_the_same_for_one_and_for_many(payment, ada, rita, run_events):
    client = browser(ada)
    paths = ("/proposals/", "/billing/", "/billing/invoices/")
    before = [cost(client, path) for path in paths]
    for number in range(3):
        checkout = on_stripe(accepted(rita, email=f"more{number}@example.com"), number + 2)
        post_event(Client(), stripe_event(checkout, event_id=f"evt_m{number}"))
    run_events()
    assert [cost(client, path) for path in paths] == before


def cost(client: Client, path: str) -> int:
    """Answer how many queries a page takes, once everything is warm."""
    client.get(path)
    with queries() as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def queries():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return CaptureQueriesContext(connection)


@pytest.mark.parametrize("query", ["", "?view=review", "?review=yes"])
def test_a_payment_that_fits_nothing_stands_in_the_list_and_in_the_file(fin, query):
    Payment.objects.create(
        provider="stripe", external_id="pi_stray", amount_minor=500, currency="INR", paid_at=clock.now(),
        needs_review=True, review_reason="It belongs to no page of ours.",
    )  # fmt: skip
    page = browser(fin).get(reverse("billing:payment-list") + query)
    assert page.status_code == 200 and "Needs review" in page.content.decode()
    file = browser(fin).get(f"{reverse('billing:payment-export')}{query or '?'}&format=csv")
    assert file.status_code == 200 and "no page of ours" in b"".join(file.streaming_content).decode()
