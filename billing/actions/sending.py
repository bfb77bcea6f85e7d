"""Sending a proposal: released, mailed, reported sent."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.proposals import facts, refuse_unless_proposable
from billing.events import ProposalReleased, ProposalSent
from billing.links import new_link
from billing.models import Proposal
from core import clock
from core.actions import action
from core.errors import Refused
from core.events import publish
from core.money import Money, short_money
from crm.actions.deals import note_proposal_sent
from crm.actions.leads import record_proposal_sent
from crm.queries.approvals import is_approved, needs_approval
from crm.queries.consent import may_contact
from outreach.actions.messages import queue_message


@action("proposal.send", permission="proposal:send")
def send_proposal(proposal: Proposal, *, actor: Actor) -> Proposal:
    """Release a proposal: its page opens and a mail with the PDF goes out after the commit.

    - Above the workspace's threshold a manager approves first.
    - The contact must have an email address that may be written to.
    Publishes ProposalReleased.
    """
    _refuse_unless_sendable(proposal)
    if proposal.state == "draft":
        proposal.approve()
    if not proposal.token_hash:
        new_link(proposal)
    proposal.store("state", "token_hash", "token_sealed", queued_at=clock.now(), send_error="")
    publish(ProposalReleased(**facts(proposal)), actor=actor)
    return proposal


@action("proposal.mail", permission=None)
def mail_proposal(proposal: Proposal, *, actor: Actor, workflow_key: str = "", **mail: Any) -> Proposal:
    """Put the mail with the proposal into the outbox; a refusal takes the release back."""
    if not proposal.is_on_its_way:
        return proposal
    queue_message(
        actor=actor,
        contact=proposal.contact,
        lead=proposal.lead,
        purpose="proposal",
        subject_ref=f"proposal:{proposal.pk}",
        **mail,
        sent_by_ai=bool(workflow_key),
        workflow_key=workflow_key,
        automatic=bool(workflow_key),
    )
    return proposal


@action("proposal.record_sent", permission=None)
def record_sent(proposal: Proposal, *, actor: Actor) -> Proposal:
    """Note that the mail was accepted: the lead is PROPOSAL_SENT, the deal moves to that stage.

    Publishes ProposalSent.
    """
    if not proposal.is_on_its_way:
        return proposal
    proposal.record_sent()
    trouble = _move_lead(proposal, actor)
    proposal.store("state", sent_at=clock.now(), queued_at=None, send_error=trouble)
    deal = proposal.deal
    note_proposal_sent(deal, actor=actor)
    sums: dict[str, Any] = {"total_minor": proposal.total_minor, "currency": proposal.currency}
    publish(ProposalSent(**facts(proposal), **sums), actor=actor)
    return proposal


@action("proposal.record_not_sent", permission=None)
def record_not_sent(proposal: Proposal, *, actor: Actor, reason: str) -> Proposal:
    """Note that the mail did not leave; the proposal can be sent again."""
    if proposal.is_on_its_way:
        proposal.store(queued_at=None, send_error=reason[:255])
    return proposal


def _move_lead(proposal: Proposal, actor: Actor) -> str:
    """Move the lead to PROPOSAL_SENT; returns why it would not, since the mail has left anyway."""
    lead = proposal.lead
    if lead is None or (lead.status, lead.stage) != ("converted", "INTERESTED"):
        return ""
    try:
        record_proposal_sent(lead, actor=actor)
    except Refused as refusal:
        return refusal.message[:255]
    return ""


def wants_approval(proposal: Proposal) -> bool:
    """Return whether a manager's yes is needed and not yet there."""
    return needs_approval(proposal.deal) and not is_approved(proposal.deal)


def _refuse_unless_sendable(proposal: Proposal) -> None:
    if proposal.is_on_its_way:
        raise Refused(_("This proposal is on its way already."))
    if proposal.state == "pending_approval":
        raise Refused(_("A manager has not approved this proposal yet."))
    if proposal.state not in {"draft", "approved"}:
        raise Refused(_("This proposal is %(state)s already.") % {"state": proposal.get_state_display().lower()})
    refuse_unless_proposable(proposal.deal)
    workspace = Workspace.current()
    if wants_approval(proposal):
        limit = Money(workspace.high_value_threshold_minor, workspace.currency)
        raise Refused(
            _("Over %(limit)s, so a manager approves it first. Ask for approval.") % {"limit": short_money(limit)},
            code="needs_approval",
        )
    if proposal.total_minor <= 0:
        raise Refused(_("The total is zero. Add a line with a price first."))
    if proposal.valid_until < clock.today(workspace.timezone):
        raise Refused(_("The date until which it is valid has passed. Choose a later one."))
    if not proposal.contact.email:
        raise Refused(_("Add an email address to the contact, so that the proposal can reach them."))
    verdict = may_contact(proposal.contact, "email")
    if not verdict:
        raise Refused(verdict.reason)
