"""An interested lead becomes a drafted proposal, as far as the workflow's dial allows."""

from datetime import timedelta

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.proposals import ask_approval, draft_for_lead, record_decision
from billing.actions.sending import send_proposal, wants_approval
from billing.events import ProposalApproved, ProposalDrafted
from billing.models import Proposal
from billing.queries.proposals import catalog, proposal_of_event
from billing.subscribers.telling import tell_owner
from billing.values import copied
from core import clock
from core.errors import HouseError
from core.events import Meta, on
from crm.actions.activities import create_activity
from crm.events import ApprovalDecided, ApprovalVoided, LeadInterested
from crm.models import Approval, Lead
from outreach.actions.runs import record_run
from outreach.agents import proposal as writer
from outreach.models import Message
from outreach.queries.context import lead_brief
from outreach.queries.workflows import may_think, workflow_for
from outreach.values import ProposalBrief

WORKFLOW = "reply_to_cash"


@on(LeadInterested)
def draft_proposal_for_lead(event: LeadInterested, meta: Meta) -> None:
    """Let the proposal agent choose from the catalogue, then convert the lead and store the draft.

    Where nothing in the catalogue fits, the owner gets a task instead.
    """
    lead = Lead.objects.select_related("contact", "owner").filter(pk=event.lead_id).first()
    if lead is None or not may_think(WORKFLOW) or lead.status not in {"qualified", "converted"}:
        return
    if lead.stage != "INTERESTED" or Proposal.objects.filter(lead=lead).exists():
        return
    brief = _brief(lead)
    draft = writer.write(brief, catalog(brief.currency))
    agent = Actor.agent("proposal", workflow=WORKFLOW)
    record_run(actor=agent, key=meta.key, agent="proposal", answer=draft, lead=lead)
    if not draft.lines:
        _ask_owner(lead, meta, "Nothing in the catalogue fits what they asked for.")
        return
    try:
        draft_for_lead(
            lead,
            actor=agent,
            key=meta.key,
            lines=[copied(line) for line in draft.lines],
            title=draft.title,
            summary=draft.summary,
            written_by=draft.via,
            confidence=draft.confidence,
            sources=draft.sources,
        )
    except HouseError as error:
        _ask_owner(lead, meta, error.message)


@on(ProposalDrafted)
def decide_by_dial(event: ProposalDrafted, meta: Meta) -> None:
    """Send a machine's draft where the dial says `auto`; otherwise tell the owner that it waits."""
    proposal = proposal_of_event(event.proposal_id)
    if proposal is None or event.written_by == "person" or proposal.state != "draft":
        return
    if not workflow_for(WORKFLOW).runs_alone or not may_think(WORKFLOW):
        tell_owner(proposal, "proposal.drafted", "is drafted. Review and send it", meta.key)
        return
    actor = Actor.workflow(WORKFLOW)
    try:
        if wants_approval(proposal):
            ask_approval(proposal, actor=actor, key=meta.key)
        else:
            send_proposal(proposal, actor=actor, key=meta.key)
    except HouseError as error:
        tell_owner(proposal, "proposal.drafted", f"is drafted. {error.message}", meta.key)


@on(ApprovalDecided)
def follow_decision(event: ApprovalDecided, meta: Meta) -> None:
    """Bring the manager's answer to the proposal that waits for it."""
    proposal = Proposal.objects.filter(deal_id=event.deal_id, state="pending_approval").first()
    approval = Approval.objects.filter(pk=event.approval_id).first()
    if proposal is not None and approval is not None:
        record_decision(
            proposal, actor=meta.actor, key=meta.key, approved=event.state == "approved", reason=approval.reason
        )
        if event.state != "approved":
            words = f"was not approved. {approval.reason}".strip()
            tell_owner(proposal, "proposal.rejected", words, meta.key)


@on(ApprovalVoided)
def follow_void(event: ApprovalVoided, meta: Meta) -> None:
    """Take a waiting proposal back to draft when its deal changed under the approval."""
    proposal = Proposal.objects.filter(deal_id=event.deal_id, state="pending_approval").first()
    if proposal is not None:
        reason = "The deal changed, so ask for approval again."
        record_decision(proposal, actor=meta.actor, key=meta.key, approved=False, reason=reason)


@on(ProposalApproved)
def send_approved(event: ProposalApproved, meta: Meta) -> None:
    """Send an approved proposal of a machine where the dial says `auto`; else tell the owner."""
    proposal = proposal_of_event(event.proposal_id)
    if proposal is None or proposal.state != "approved" or proposal.queued_at:
        return
    alone = proposal.written_by != "person" and workflow_for(WORKFLOW).runs_alone
    words = "is approved. Send it"
    if alone and may_think(WORKFLOW):
        try:
            send_proposal(proposal, actor=Actor.workflow(WORKFLOW), key=meta.key)
        except HouseError as error:
            words = f"is approved. {error.message}"
        else:
            return
    tell_owner(proposal, "proposal.approved", words, meta.key)


def _brief(lead: Lead) -> ProposalBrief:
    currency = lead.currency or Workspace.current().currency
    said = Message.objects.incoming().filter(contact=lead.contact, kind="reply").order_by("-pk")
    wishes = "\n\n".join(message.words for message in said[:3])
    return ProposalBrief(
        lead=lead_brief(lead), wishes=wishes[:6000], currency=currency, budget_minor=lead.estimated_value_minor
    )


def _ask_owner(lead: Lead, meta: Meta, why: str) -> None:
    create_activity(
        actor=Actor.system("proposals"),
        key=f"{meta.key}:task",
        type="task",
        subject=f"Write a proposal for {lead.contact.name}",
        body=why,
        contact=lead.contact,
        lead=lead,
        assignee=lead.owner,
        due_at=clock.now() + timedelta(hours=4),
    )
