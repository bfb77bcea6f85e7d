"""Writing, approving and sending proposals, and everything that a state refuses."""

from decimal import Decimal

import pytest

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.proposals import (
    ask_approval,
    draft_for_lead,
    draft_proposal,
    replace_proposal,
    revise_proposal,
    withdraw_proposal,
)
from billing.actions.sending import mail_proposal, record_not_sent, send_proposal
from billing.models import Proposal
from billing.values import Line
from core import clock
from core.errors import Denied, Invalid, Refused
from core.models import Delivery
from crm.actions.approvals import approve_deal, reject_deal
from crm.actions.deals import create_deal
from crm.actions.leads import disqualify_lead, record_outreach
from crm.models import Approval, Item
from outreach.actions.messages import record_failed, resend_message
from outreach.models import Message
from tests.billing.selling import LINES, SYSTEM, accepted, drafted, interested_lead, new_lead, sent
from tests.people import as_actor

pytestmark = pytest.mark.django_db
LARGE = (Line("Everything", Decimal(1), 40_000_000),)


def test_a_draft_converts_the_lead_and_values_the_deal(rita):
    proposal = drafted(rita)
    lead = proposal.lead
    assert (lead.status, lead.stage) == ("converted", "INTERESTED")
    assert proposal.deal.value_minor == proposal.subtotal_minor == 4_800_000
    assert (proposal.tax_minor, proposal.total_minor) == (864_000, 5_664_000)
    assert [line.amount_minor for line in proposal.lines.all()] == [3_000_000, 1_800_000]
    assert proposal.number.startswith("P-")


@pytest.mark.parametrize("stage", ["NEW", "CONTACTED"])
def test_a_lead_that_is_not_interested_gets_no_proposal(rita, stage):
    lead = new_lead(rita)
    if stage == "CONTACTED":
        lead = record_outreach(lead, actor=SYSTEM, channel="email")
    with pytest.raises(Refused, match="Qualify it first"):
        draft_for_lead(lead, actor=as_actor(rita), lines=LINES)
    lead.refresh_from_db()
    assert lead.stage == stage
    assert not Proposal.objects.exists()


def test_a_disqualified_lead_gets_no_proposal(rita):
    lead = disqualify_lead(interested_lead(rita), actor=as_actor(rita), reason="No budget")
    with pytest.raises(Refused, match="Reopen it first"):
        draft_for_lead(lead, actor=as_actor(rita), lines=LINES)


def test_a_deal_has_one_current_proposal(rita):
    proposal = drafted(rita)
    with pytest.raises(Refused, match="already"):
        draft_proposal(proposal.deal, actor=as_actor(rita), lines=LINES)


def test_somebody_else_s_lead_is_denied(rita, ron):
    lead = interested_lead(rita)
    with pytest.raises(Denied):
        draft_for_lead(lead, actor=as_actor(ron), lines=LINES)
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("line", [Line("Invented", Decimal(1), 100), Line("Site", Decimal(1), 999, "", 1)])
def test_a_machine_may_only_offer_the_catalogue_at_its_prices(rita, line):
    lead = interested_lead(rita)
    Item.objects.create(pk=1, sku="SITE", name="Site", name_folded="site", unit_price_minor=1_000, currency="INR")
    agent = Actor.agent("proposal", workflow="reply_to_cash")
    with pytest.raises(Invalid, match="catalog prices"):
        draft_for_lead(lead, actor=agent, lines=[line])
    lead.refresh_from_db()
    assert lead.status == "qualified"
    right = Line("Site", Decimal(2), 1_000, "", 1)
    assert draft_for_lead(lead, actor=agent, lines=[right]).subtotal_minor == 2_000


def test_sending_releases_one_mail_with_a_link_and_the_paper(rita, run_events):
    proposal = drafted(rita)
    send_proposal(proposal, actor=as_actor(rita))
    run_events()
    proposal.refresh_from_db()
    mail = Message.objects.get(purpose="proposal")
    assert mail.to_address == "meera@sharmadental.example"
    assert "/p/" in mail.body_text
    assert [file["content_type"] for file in mail.attachments] == ["application/pdf"]
    assert mail.state == "sent"
    assert proposal.state == "sent"
    assert (proposal.lead.status, proposal.lead.stage) == ("converted", "PROPOSAL_SENT")
    assert proposal.deal.stage.is_proposal_sent


def test_the_token_is_stored_as_a_hash_only(rita, run_events):
    from billing.links import token_of

    proposal = sent(rita)
    token = token_of(proposal)
    assert len(token) == 32
    row = Proposal.objects.filter(pk=proposal.pk).values().get()
    assert token not in str(row)


def test_sending_twice_sends_one_mail(rita, run_events):
    proposal = send_proposal(drafted(rita), actor=as_actor(rita))
    with pytest.raises(Refused, match="on its way"):
        send_proposal(proposal, actor=as_actor(rita))
    run_events()
    with pytest.raises(Refused, match="sent already"):
        send_proposal(proposal, actor=as_actor(rita))
    assert Message.objects.filter(purpose="proposal").count() == 1


def test_a_mail_that_failed_lets_the_proposal_go_again(rita):
    proposal = send_proposal(drafted(rita), actor=as_actor(rita))
    record_not_sent(proposal, actor=SYSTEM, reason="Mailbox full")
    proposal.refresh_from_db()
    assert proposal.send_error == "Mailbox full"
    assert proposal.lead.stage == "INTERESTED"
    assert send_proposal(proposal, actor=as_actor(rita)).queued_at


def test_a_large_proposal_waits_for_a_manager(rita, max_, run_events):
    proposal = drafted(rita, lines=LARGE)
    with pytest.raises(Refused, match="approves it first"):
        send_proposal(proposal, actor=as_actor(rita))
    ask_approval(proposal, actor=as_actor(rita))
    with pytest.raises(Refused, match="not approved"):
        send_proposal(proposal, actor=as_actor(rita))
    approve_deal(Approval.objects.get(state="pending"), actor=as_actor(max_))
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "approved"
    assert send_proposal(proposal, actor=as_actor(rita)).queued_at


def test_a_rejected_proposal_is_a_draft_again_with_the_reason(rita, max_, run_events):
    proposal = ask_approval(drafted(rita, lines=LARGE), actor=as_actor(rita))
    reject_deal(Approval.objects.get(state="pending"), actor=as_actor(max_), reason="Too cheap")
    run_events()
    proposal.refresh_from_db()
    assert (proposal.state, proposal.closed_reason) == ("draft", "Too cheap")


def test_an_edit_after_the_approval_needs_a_new_one(rita, max_, run_events):
    proposal = ask_approval(drafted(rita, lines=LARGE), actor=as_actor(rita))
    approve_deal(Approval.objects.get(state="pending"), actor=as_actor(max_))
    run_events()
    dearer = [Line("Everything", Decimal(2), 40_000_000)]
    revise_proposal(proposal, actor=as_actor(rita), title="More", lines=dearer)
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "draft"
    with pytest.raises(Refused, match="approves it first"):
        send_proposal(proposal, actor=as_actor(rita))


def test_a_stale_edit_is_refused(rita):
    proposal = drafted(rita)
    seen = proposal.version
    revise_proposal(proposal, actor=as_actor(rita), title="One", lines=LINES, version=seen)
    with pytest.raises(Refused) as refusal:
        revise_proposal(proposal, actor=as_actor(rita), title="Two", lines=LINES, version=seen)
    assert refusal.value.code == "stale"
    proposal.refresh_from_db()
    assert proposal.title == "One"


def test_a_sent_proposal_is_not_edited_but_replaced(rita):
    proposal = sent(rita)
    with pytest.raises(Refused, match="new version"):
        revise_proposal(proposal, actor=as_actor(rita), title="Two", lines=LINES)
    fresh = replace_proposal(proposal, actor=as_actor(rita))
    proposal.refresh_from_db()
    assert proposal.state == "replaced"
    assert (fresh.number, fresh.revision, fresh.state) == (proposal.number, 2, "draft")
    assert fresh.total_minor == proposal.total_minor


def test_a_withdrawn_proposal_is_withdrawn_once(rita):
    proposal = withdraw_proposal(sent(rita), actor=as_actor(rita), reason="Wrong price")
    assert (proposal.state, proposal.closed_reason) == ("withdrawn", "Wrong price")
    with pytest.raises(Refused):
        withdraw_proposal(proposal, actor=as_actor(rita))


def test_a_deal_without_a_lead_can_be_proposed(rita):
    lead = new_lead(rita)
    deal = create_deal(actor=as_actor(rita), contact=lead.contact, title="Extra", currency="INR")
    proposal = draft_proposal(deal, actor=as_actor(rita), lines=LINES)
    assert proposal.lead is None
    assert send_proposal(proposal, actor=as_actor(rita)).queued_at


def test_a_threshold_of_the_workspace_counts(rita):
    workspace = Workspace.current()
    workspace.high_value_threshold_minor = 100
    workspace.save()
    with pytest.raises(Refused, match="approves it first"):
        send_proposal(drafted(rita), actor=as_actor(rita))


def test_an_accepted_proposal_can_be_withdrawn_until_money_moves(rita):
    proposal = withdraw_proposal(accepted(rita), actor=as_actor(rita))
    assert proposal.state == "withdrawn"


def test_the_mail_of_a_proposal_that_was_taken_back_never_leaves(rita, run_events):
    proposal = drafted(rita)
    run_events()
    proposal = send_proposal(proposal, actor=as_actor(rita))
    mail_proposal(proposal, actor=as_actor(rita), subject="Proposal", body_text="Here it is")
    withdraw_proposal(proposal, actor=as_actor(rita), reason="Wrong price")
    run_events()
    message = Message.objects.get(purpose="proposal")
    assert (message.state, message.error) == ("failed", "This proposal was taken back. Send it from its page.")


def test_a_proposal_whose_mail_failed_is_sent_again_from_its_page_only(rita, run_events):
    proposal = send_proposal(drafted(rita), actor=as_actor(rita))
    mail_proposal(proposal, actor=as_actor(rita), subject="Proposal", body_text="Here it is")
    message = record_failed(Message.objects.get(purpose="proposal"), actor=SYSTEM, error="Down")
    record_not_sent(proposal, actor=SYSTEM, reason="Down")
    Delivery.objects.update(done_at=clock.now())
    with pytest.raises(Refused, match="Send it from its page"):
        resend_message(message, actor=as_actor(rita))
    send_proposal(proposal, actor=as_actor(rita))
    with pytest.raises(Refused, match="Send it from its page"):
        resend_message(message, actor=as_actor(rita))  # the page sends a mail of its own
    run_events()
    proposal.refresh_from_db()
    assert proposal.state == "sent"
    assert sorted(Message.objects.filter(purpose="proposal").values_list("state", flat=True)) == ["failed", "sent"]
