"""What the customer does on the public page: look, ask, sign, decline."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.proposals import facts
from billing.events import ProposalAccepted, ProposalDeclined, ProposalQuestionAsked, ProposalViewed
from billing.models import Proposal
from billing.queries.proposals import content_digest
from billing.values import Evidence
from core import clock
from core.actions import action
from core.errors import Refused
from core.events import publish
from crm.actions.activities import create_activity

MAX_QUESTIONS = 10


@action("proposal.record_view", permission=None)
def record_view(proposal: Proposal, *, actor: Actor) -> Proposal:
    """Note the customer's first look. Publishes ProposalViewed."""
    if proposal.state != "sent":
        return proposal
    proposal.record_view()
    proposal.store("state", viewed_at=clock.now())
    publish(ProposalViewed(**facts(proposal)), actor=actor)
    return proposal


@action("proposal.accept", permission=None)
def accept_proposal(proposal: Proposal, *, actor: Actor, evidence: Evidence, digest: str = "") -> Proposal:
    """Record the signature: name, time, address, browser and the hash of what was shown.

    Signing again changes nothing. Publishes ProposalAccepted.
    """
    if proposal.state in {"accepted", "paid"}:
        return proposal
    refuse_unless_open(proposal)
    shown = content_digest(proposal)
    if digest and digest != shown:
        changed = gettext("The proposal has changed. Load the page again before you sign.")
        raise Refused(changed, code="stale")
    proposal.accept()
    proposal.store(
        "state",
        accepted_at=clock.now(),
        accepted_name=evidence.name,
        accepted_ip=evidence.ip or None,
        accepted_agent=evidence.agent[:255],
        accepted_digest=shown,
        viewed_at=proposal.viewed_at or clock.now(),
        pdf_path="",
    )
    sums: dict[str, Any] = {"total_minor": proposal.total_minor, "currency": proposal.currency}
    publish(ProposalAccepted(**facts(proposal), name=evidence.name, **sums), actor=actor)
    return proposal


@action("proposal.decline", permission=None)
def decline_proposal(proposal: Proposal, *, actor: Actor, reason: str = "") -> Proposal:
    """Record the customer's no. Publishes ProposalDeclined."""
    if proposal.state == "declined":
        return proposal
    refuse_unless_open(proposal)
    proposal.decline()
    proposal.store("state", closed_reason=reason[:500])
    publish(ProposalDeclined(**facts(proposal), reason=reason[:500]), actor=actor)
    return proposal


@action("proposal.ask_question", permission=None)
def ask_question(proposal: Proposal, *, actor: Actor, question: str) -> Proposal:
    """Turn the customer's question into a task for the owner. Publishes ProposalQuestionAsked."""
    asked = proposal.deal.activities.filter(
        source_key__startswith=f"question:{proposal.pk}:", completed_at=None
    ).count()
    if asked >= MAX_QUESTIONS:
        raise Refused(gettext("We have your questions and answer them soon. Call us if it is urgent."))
    now = clock.now()
    task = create_activity(
        actor=Actor.system("proposal page"),
        type="task",
        subject=f"Answer the question on {proposal.reference}",
        body=question,
        contact=proposal.contact,
        lead=proposal.lead,
        deal=proposal.deal,
        assignee=proposal.deal.owner,
        due_at=now + timedelta(hours=4),
        source_key=f"question:{proposal.pk}:{now.timestamp():.6f}",
    )
    publish(ProposalQuestionAsked(**facts(proposal), activity_id=task.pk), actor=actor)
    return proposal


def refuse_unless_open(proposal: Proposal) -> None:
    """Raise Refused, in the customer's words, unless the proposal can still be answered."""
    if not proposal.waits_for_customer:
        raise Refused(CLOSED_WORDS.get(str(proposal.state), gettext("This proposal is not open yet.")))
    if proposal.valid_until < clock.today(Workspace.current().timezone):
        raise Refused(CLOSED_WORDS["expired"])


CLOSED_WORDS = {
    "accepted": _("This proposal is accepted already."),
    "paid": _("This proposal is paid already."),
    "declined": _("You said no to this proposal. Ask us for a new one if you changed your mind."),
    "expired": _("This proposal has expired. Ask for a new one."),
    "withdrawn": _("This proposal was withdrawn. Ask us what changed."),
    "replaced": _("There is a newer version of this proposal. Look for our latest message."),
}
