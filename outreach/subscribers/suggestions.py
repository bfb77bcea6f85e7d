"""Drafting: an agent thinks without a transaction, then the draft is offered and the workflow's dial decides."""

from accounts.actor import Actor
from core.events import Meta, on
from crm.events import LeadCreated
from crm.models import Lead
from outreach.actions.runs import record_run
from outreach.actions.suggestions import offer, release_suggestion
from outreach.agents import writer
from outreach.events import ReplyClassified, SuggestionReady, SuggestionRequested
from outreach.models import Message, Suggestion
from outreach.queries.context import lead_brief, reply_context
from outreach.queries.outgoing import may_leave
from outreach.queries.suggestions import is_flooding, waiting_message
from outreach.queries.workflows import may_think, workflow_for
from outreach.subscribers.alerts import tell_owner
from outreach.values import Draft

NEEDS_WORDS = ("question", "unclear")


@on(LeadCreated)
def draft_first_message(event: LeadCreated, meta: Meta) -> None:
    """Draft the first message to a lead that just came in; imported lists are drafted on request only."""
    if event.source in ("import", "email"):
        return
    _draft_outreach(event.lead_id, f"first:{event.lead_id}")


@on(SuggestionRequested)
def draft_on_request(event: SuggestionRequested, meta: Meta) -> None:
    """Draft what a person asked for: an answer when a reply waits, else the next outreach."""
    message = waiting_message(event.contact_id)
    if message is not None:
        _draft_reply(message, meta.key, asked=not event.workflow)
    elif event.lead_id:
        _draft_outreach(event.lead_id, meta.key, asked=not event.workflow)


@on(ReplyClassified)
def draft_reply(event: ReplyClassified, meta: Meta) -> None:
    """Draft an answer to a reply that asks for words rather than for the next step."""
    message = Message.objects.select_related("contact", "lead", "conversation").filter(pk=event.message_id).first()
    if message is not None and event.intent in NEEDS_WORDS:
        _draft_reply(message, meta.key)


@on(SuggestionReady)
def decide_by_dial(event: SuggestionReady, meta: Meta) -> None:
    """Let the workflow send its draft where its dial says `auto`; otherwise tell the owner that it waits."""
    suggestion = Suggestion.objects.select_related("contact", "lead__owner").filter(pk=event.suggestion_id).first()
    if suggestion is None or suggestion.state != "pending":
        return
    if workflow_for(suggestion.workflow_key).runs_alone:
        actor = Actor.workflow(suggestion.workflow_key)
        suggestion = release_suggestion(suggestion, actor=actor, key=meta.key)
    if suggestion.state == "pending":
        tell_owner(
            suggestion,
            kind="suggestion.ready",
            text=f"{suggestion.get_kind_display()} for {suggestion.contact} is drafted. Approve it",
            key=meta.key,
        )


def _draft_outreach(lead_id: int, key: str, *, asked: bool = False) -> None:
    lead = Lead.objects.select_related("contact", "owner").filter(pk=lead_id).first()
    if lead is None:
        return
    kind = "first_message" if lead.stage == "NEW" else "follow_up"
    workflow = "lead_intake" if kind == "first_message" else "follow_up"
    contact = lead.contact
    if contact.do_not_ai or not may_think(workflow):
        return
    if may_leave(contact=contact, lead=lead, to_address=contact.email, purpose=kind):
        return
    automated = workflow_for(workflow).runs_alone
    attempt = 0 if kind == "first_message" else lead.messages.outgoing().filter(purpose="follow_up").count() + 1
    draft = writer.first_message(lead_brief(lead, automated=automated and not asked, attempt=attempt))
    _offer(draft, key=key, lead=lead, kind=kind, workflow="" if asked else workflow)


def _draft_reply(message: Message, key: str, *, asked: bool = False) -> None:
    if not message.answerable or message.contact.do_not_ai or not may_think("answer_reply"):
        return
    if not asked and is_flooding(message.contact_id):
        return
    draft = writer.reply(reply_context(message))
    _offer(draft, key=key, lead=message.lead, kind="reply", workflow="" if asked else "answer_reply", answered=message)


def _offer(
    draft: Draft, *, key: str, lead: Lead | None, kind: str, workflow: str, answered: Message | None = None
) -> None:
    actor = Actor.agent("writer", workflow=workflow)
    run = record_run(actor=actor, key=key, agent="writer", answer=draft, lead=lead, message=answered)
    contact = answered.contact if answered else lead.contact  # type: ignore[union-attr]
    offer(
        actor=actor,
        key=key,
        contact=contact,
        lead=lead,
        kind=kind,
        subject=draft.subject,
        body=draft.body,
        confidence=draft.confidence,
        in_reply_to=answered,
        workflow_key=workflow,
        sources=draft.sources,
        via=draft.via,
        prompt_version=draft.prompt_version,
        agent_run=run,
    )
