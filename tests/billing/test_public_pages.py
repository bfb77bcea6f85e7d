"""The customer's pages: what each state shows, signs, refuses, and never reveals."""

import re

import pytest
from django.test import Client

from billing.actions.proposals import expire_proposal, replace_proposal, withdraw_proposal
from billing.actions.sending import send_proposal
from billing.links import token_of
from billing.models import Checkout, Invoice, Payment, Proposal
from billing.queries.proposals import content_digest
from core.models import Event
from crm.models import Activity
from tests.billing.selling import SYSTEM, accepted, drafted, public, sent
from tests.people import as_actor

pytestmark = pytest.mark.django_db
SIGN = {"name": "Meera Sharma", "agree": "on"}


def test_the_page_shows_the_offer_to_whoever_has_the_link_and_to_no_search_engine(rita):
    proposal = sent(rita)
    answer = Client().get(public(proposal))
    text = answer.content.decode()
    assert answer.status_code == 200
    for words in ("A clinic site", "₹56,640", "GST 18%", "Reminders", "Accept and pay"):
        assert words in text
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("token", ["x", "a" * 32, "../../etc/passwd"])
def test_any_other_token_finds_nothing(rita, token):
    sent(rita)
    assert Client().get(f"/p/{token}/").status_code == 404


def test_a_draft_has_no_page(rita):
    proposal = drafted(rita)
    assert token_of(proposal) == ""
    send_proposal(proposal, actor=as_actor(rita))
    proposal.refresh_from_db()
    assert "Opening soon" in Client().get(public(proposal)).content.decode()


def test_looking_changes_nothing_and_the_page_reports_the_first_look(rita):
    proposal = sent(rita)
    client = Client()
    for _ in range(3):
        client.get(public(proposal))
    proposal.refresh_from_db()
    assert proposal.state == "sent"
    assert client.get(public(proposal, "seen/")).status_code == 405
    for _ in range(3):
        assert client.post(public(proposal, "seen/")).status_code == 204
    proposal.refresh_from_db()
    assert proposal.state == "viewed"
    assert Event.objects.filter(name="proposal.viewed").count() == 1


def test_signing_keeps_the_evidence_and_leads_to_the_payment(rita):
    proposal = sent(rita)
    shown = content_digest(proposal)
    answer = Client().post(public(proposal, "accept/"), SIGN | {"digest": shown}, headers={"User-Agent": "Firefox"})
    assert (answer.status_code, answer["Location"]) == (303, public(proposal, "pay/"))
    proposal.refresh_from_db()
    assert proposal.state == "accepted"
    assert proposal.accepted_name == "Meera Sharma"
    assert proposal.accepted_ip == "127.0.0.1"
    assert proposal.accepted_agent == "Firefox"
    assert proposal.accepted_digest == shown
    assert Checkout.objects.get().state == "open"


@pytest.mark.parametrize("data", [{}, {"name": "Meera"}, {"agree": "on"}, {"name": " ", "agree": "on"}])
def test_signing_needs_a_name_and_the_tick(rita, data):
    proposal = sent(rita)
    answer = Client().post(public(proposal, "accept/"), data)
    assert answer.status_code == 422
    proposal.refresh_from_db()
    assert proposal.state == "sent"
    assert not Checkout.objects.exists()


def test_signing_what_was_not_shown_is_refused(rita):
    proposal = sent(rita)
    answer = Client().post(public(proposal, "accept/"), SIGN | {"digest": "0" * 64})
    assert answer.status_code == 409
    proposal.refresh_from_db()
    assert proposal.state == "sent"


def test_signing_twice_signs_once(rita):
    proposal = sent(rita)
    client = Client()
    client.post(public(proposal, "accept/"), SIGN)
    answer = client.post(public(proposal, "accept/"), SIGN | {"name": "Somebody else"})
    assert answer.status_code == 303
    proposal.refresh_from_db()
    assert proposal.accepted_name == "Meera Sharma"
    assert Checkout.objects.count() == 1


def test_a_no_with_its_reason_reaches_us(rita, run_events):
    proposal = sent(rita)
    Client().post(public(proposal, "decline/"), {"reason": "Too dear"})
    proposal.refresh_from_db()
    assert (proposal.state, proposal.closed_reason) == ("declined", "Too dear")
    run_events()
    assert rita.notifications.filter(kind="proposal.declined", text__contains="Too dear").exists()


def test_a_question_becomes_a_task_of_the_owner(rita):
    proposal = sent(rita)
    assert Client().post(public(proposal, "question/"), {"question": ""}).status_code == 422
    answer = Client().post(public(proposal, "question/"), {"question": "Is <b>Hindi</b> in it?"})
    assert answer.status_code == 303
    task = Activity.objects.get(source_key__startswith="question:")
    assert (task.body, task.actor) == ("Is <b>Hindi</b> in it?", rita)


def test_a_flood_of_questions_is_stopped(rita):
    proposal = sent(rita)
    answers = [Client().post(public(proposal, "question/"), {"question": f"Q{n}"}).status_code for n in range(12)]
    assert answers == [303] * 10 + [409] * 2


def closed(proposal: Proposal, state: str, rita) -> None:
    if state == "withdrawn":
        withdraw_proposal(proposal, actor=as_actor(rita))
    elif state == "replaced":
        replace_proposal(proposal, actor=as_actor(rita))
    else:
        Proposal.objects.filter(pk=proposal.pk).update(valid_until="2020-01-01")
        expire_proposal(proposal, actor=SYSTEM)


@pytest.mark.parametrize(
    ("state", "words"),
    [("withdrawn", "was withdrawn"), ("replaced", "newer version"), ("expired", "Ask for a new one")],
)
def test_a_closed_proposal_says_so_and_refuses_a_signature(rita, state, words):
    proposal = sent(rita)
    closed(proposal, state, rita)
    answer = Client().get(public(proposal))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Client().post(public(proposal, "accept/"), SIGN).status_code == 409
    proposal.refresh_from_db()
    assert proposal.state == state
    assert not Checkout.objects.exists()


def test_a_proposal_past_its_date_is_refused_before_the_job_ran(rita):
    proposal = sent(rita)
    Proposal.objects.filter(pk=proposal.pk).update(valid_until="2020-01-01")
    assert Client().post(public(proposal, "accept/"), SIGN).status_code == 409


def test_the_sandbox_says_what_it_is_and_pays_through_the_same_door(rita, run_events):
    proposal = sent(rita)
    client = Client()
    client.post(public(proposal, "accept/"), SIGN)
    way = client.get(public(proposal, "pay/")).content.decode()
    sandbox = re.search(r"/pay/sandbox/[^/\"]+/", way)[0]
    page = client.get(sandbox).content.decode()
    assert "No money moves" in page
    assert not Payment.objects.exists()
    answer = client.post(sandbox, {"outcome": "paid"})
    assert answer["Location"] == public(proposal, "?done=1")
    assert "we are confirming" in client.get(answer["Location"]).content.decode()
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "paid"
    assert proposal.deal.status == "won"
    assert Payment.objects.get().provider == "sandbox"
    paid = client.get(public(proposal)).content.decode()
    assert Invoice.objects.get().number in paid
    assert client.post(sandbox, {"outcome": "paid"}).status_code == 409


def test_a_refused_sandbox_payment_can_be_tried_again(rita, run_events):
    proposal = accepted(rita)
    client = Client()
    client.post(public(proposal, "pay/"))
    first = Checkout.objects.get()
    client.post(f"/pay/sandbox/{first.reference}/", {"outcome": "refused"})
    run_events()
    first.refresh_from_db()
    assert first.state == "expired"
    client.post(public(proposal, "pay/"))
    assert Checkout.objects.filter(state="open").count() == 1


@pytest.mark.parametrize("change", [{"CRM_PROFILE": "production"}, {"STRIPE_API_KEY": "sk_live_1"}])
def test_there_is_no_sandbox_in_production_or_beside_a_key(rita, settings, run_events, change):
    proposal = accepted(rita)
    client = Client()
    client.post(public(proposal, "pay/"))
    reference = Checkout.objects.get().reference
    for name, value in change.items():
        setattr(settings, name, value)
    assert client.get(f"/pay/sandbox/{reference}/").status_code == 404
    assert client.post(f"/pay/sandbox/{reference}/", {"outcome": "paid"}).status_code == 404
    run_events()
    assert not Payment.objects.exists()


def test_production_without_a_key_takes_signatures_but_offers_no_payment(rita, settings):
    proposal = sent(rita)
    settings.CRM_PROFILE = "production"
    answer = Client().post(public(proposal, "accept/"), SIGN)
    assert answer["Location"] == public(proposal)
    assert not Checkout.objects.exists()


def test_the_papers_are_pdf(rita, run_events):
    proposal = sent(rita)
    answer = Client().get(public(proposal, "pdf/"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


@pytest.mark.parametrize("field", ["title", "summary"])
def test_what_strangers_or_machines_wrote_is_shown_as_text(rita, field):
    proposal = sent(rita)
    Proposal.objects.filter(pk=proposal.pk).update(**{field: "<script>alert(1)</script>"})
    for answer in (Client().get(public(proposal)), Client().get(public(proposal, "pay/"))):
        assert "<script>alert" not in answer.content.decode()


def test_a_form_without_its_csrf_token_is_refused(rita):
    proposal = sent(rita)
    answer = Client(enforce_csrf_checks=True).post(public(proposal, "accept/"), SIGN)
    assert answer.status_code == 403
    proposal.refresh_from_db()
    assert proposal.state == "sent"


def test_the_page_promises_only_what_is_true_of_this_sale(rita, settings):
    rupees, euros = sent(rita), sent(rita, email="e@example.de")
    Proposal.objects.filter(pk=euros.pk).update(currency="EUR")
    page = Client().get(public(rupees)).content.decode()
    assert "Net banking" in page and "Payment runs in a sandbox" in page and "Week 3" not in page
    assert "Net banking" not in Client().get(public(euros)).content.decode()
    settings.STRIPE_API_KEY = "sk_test_1"
    assert "Payment runs on Stripe" in Client().get(public(rupees)).content.decode()


def test_a_withdrawn_proposal_gets_a_new_version(rita):
    proposal = withdraw_proposal(sent(rita), actor=as_actor(rita), reason="Typo")
    assert replace_proposal(proposal, actor=as_actor(rita)).reference.endswith("/2")
