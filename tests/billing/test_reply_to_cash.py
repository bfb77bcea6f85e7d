"""From an interested reply to a paid invoice, with the dial on `approve` and on `auto`."""

import re

import pytest
from django.test import Client

from accounts.models import Workspace
from billing.models import Invoice, Payment, Proposal
from core.models import Delivery
from crm.actions.approvals import approve_deal
from crm.models import Activity, Approval, Item
from outreach.models import AgentRun, Message, Workflow
from tests.billing.selling import interested_lead, public
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(db) -> Item:
    return Item.objects.create(
        sku="SITE",
        name="Website for a dental clinic",
        name_folded="website for a dental clinic",
        description="Five pages, Hindi and English",
        unit_price_minor=4_800_000,
        currency="INR",
    )


def turn(autonomy: str, *, is_on: bool = True) -> None:
    Workflow.objects.update_or_create(
        key="reply_to_cash", defaults={"name": "Reply to cash", "autonomy": autonomy, "is_on": is_on}
    )


def nothing_buried() -> bool:
    return not Delivery.objects.exclude(buried_at=None).exists() and not Delivery.objects.exclude(error="").exists()


def test_on_approve_the_draft_waits_for_two_taps(rita, catalogue, run_events):
    turn("approve")
    lead = interested_lead(rita, industry="dental clinic")
    run_events()
    proposal = Proposal.objects.get()
    assert (proposal.state, proposal.written_by) == ("draft", "rules")
    assert proposal.lines.get().item == catalogue
    assert AgentRun.objects.filter(agent="proposal").count() == 1
    lead.refresh_from_db()
    assert (lead.status, lead.stage) == ("converted", "INTERESTED")
    assert not Message.objects.filter(purpose="proposal").exists()
    assert rita.notifications.filter(kind="proposal.drafted").count() == 1
    panel = browser(rita).get(f"/leads/{lead.pk}/money/").content.decode()
    assert "Send proposal" in panel
    browser(rita).post(f"/proposals/{proposal.pk}/send/")
    run_events()
    lead.refresh_from_db()
    assert lead.stage == "PROPOSAL_SENT"
    assert nothing_buried()


def test_on_auto_the_whole_way_runs_untouched(rita, catalogue, run_events):
    turn("auto")
    lead = interested_lead(rita, industry="dental clinic")
    run_events()
    proposal = Proposal.objects.get()
    mail = Message.objects.get(purpose="proposal")
    assert (proposal.state, mail.state, mail.automatic) == ("sent", "sent", True)
    visitor = Client()
    link = re.search(r"/p/[^/\s]+/", mail.body_text)[0]
    assert link == public(proposal)
    visitor.post(f"{link}accept/", {"name": "Meera Sharma", "agree": "on"})
    sandbox = re.search(r"/pay/sandbox/[^/\"]+/", visitor.get(f"{link}pay/").content.decode())[0]
    visitor.post(sandbox, {"outcome": "paid"})
    run_events()
    lead.refresh_from_db()
    assert (lead.status, lead.stage) == ("converted", "PAID")
    assert lead.converted_deal.status == "won"
    assert Payment.objects.count() == Invoice.objects.count() == 1
    assert Activity.objects.filter(source_key__startswith="onboarding:").count() == 5
    assert lead.contact.stage == "customer"
    receipt = Message.objects.get(purpose="receipt")
    assert receipt.attachments
    assert nothing_buried()


def test_on_auto_a_large_proposal_waits_for_a_manager_and_then_goes(rita, max_, catalogue, run_events):
    turn("auto")
    workspace = Workspace.current()
    workspace.high_value_threshold_minor = 1_000_000
    workspace.save()
    interested_lead(rita, industry="dental clinic")
    run_events()
    proposal = Proposal.objects.get()
    assert proposal.state == "pending_approval"
    approve_deal(Approval.objects.get(), actor=as_actor(max_))
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "sent"
    assert nothing_buried()


@pytest.mark.parametrize("switch", ["workflow", "workspace"])
def test_a_switch_that_is_off_drafts_nothing(rita, catalogue, run_events, switch):
    turn("auto", is_on=switch != "workflow")
    if switch == "workspace":
        workspace = Workspace.current()
        workspace.automation_paused = True
        workspace.save()
    interested_lead(rita, industry="dental clinic")
    run_events()
    assert not Proposal.objects.exists()
    assert not AgentRun.objects.filter(agent="proposal").exists()


def test_an_empty_catalogue_makes_a_task_for_the_owner(rita, run_events):
    interested_lead(rita)
    run_events()
    assert not Proposal.objects.exists()
    assert Activity.objects.get(subject__startswith="Write a proposal").actor == rita
    assert nothing_buried()
