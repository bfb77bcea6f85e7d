"""A released proposal becomes a mail; the mail's fate comes back to the proposal."""

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.sending import mail_proposal, record_not_sent, record_sent
from billing.events import ProposalReleased
from billing.links import public_url, token_of
from billing.models import Proposal
from billing.queries.proposals import proposal_named, proposal_of_event
from billing.subscribers.drafting import WORKFLOW
from billing.subscribers.printing import attachment, print_proposal
from billing.subscribers.telling import tell_owner
from core.errors import HouseError
from core.events import Meta, on
from core.pages import render_text
from outreach.events import MessageFailed, MessageSent

SYSTEM = Actor.system("proposals")


@on(ProposalReleased)
def mail_released_proposal(event: ProposalReleased, meta: Meta) -> None:
    """Print the proposal and put its mail into the outbox; a refusal goes back to the owner."""
    proposal = proposal_of_event(event.proposal_id)
    if proposal is None or not proposal.is_on_its_way:
        return
    path = print_proposal(proposal)
    owner = proposal.deal.owner
    workspace = Workspace.current()
    body = render_text(
        "mail/proposal.txt",
        {
            "proposal": proposal,
            "link": public_url("billing:public-proposal", token_of(proposal)),
            "first_name": proposal.contact.first_name or proposal.contact.name,
            "sender": owner.name if owner else workspace.sender_name,
            "business": workspace.name,
            "has_pdf": bool(path),
        },
    )
    by_machine = meta.actor.kind == "workflow"
    try:
        mail_proposal(
            proposal,
            actor=meta.actor,
            key=meta.key,
            subject=f"Proposal {proposal.reference}: {proposal.title}",
            body_text=body,
            attachments=attachment(path, f"Proposal {proposal.reference.replace('/', '-')}"),
            workflow_key=WORKFLOW if by_machine else "",
        )
    except HouseError as error:
        record_not_sent(proposal, actor=SYSTEM, key=f"{meta.key}:not", reason=error.message)
        words = f"was not sent. {error.message}"
        tell_owner(proposal, "proposal.not_sent", words, f"{meta.key}:tell")


@on(MessageSent)
def note_proposal_sent(event: MessageSent, meta: Meta) -> None:
    """Move proposal, lead and deal once the mail was accepted."""
    proposal = _named(event.purpose, event.subject_ref)
    if proposal is not None:
        record_sent(proposal, actor=SYSTEM, key=meta.key)


@on(MessageFailed)
def note_proposal_not_sent(event: MessageFailed, meta: Meta) -> None:
    """Let the owner send the proposal again when its mail did not leave."""
    proposal = _named(event.purpose, event.subject_ref)
    if proposal is not None:
        record_not_sent(proposal, actor=SYSTEM, key=meta.key, reason=event.reason)


def _named(purpose: str, reference: str) -> Proposal | None:
    return proposal_named(reference) if purpose == "proposal" else None
