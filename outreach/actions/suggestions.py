"""Drafts of machines and what people make of them."""

import difflib
from collections.abc import Sequence
from typing import cast

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from core.actions import action, lock
from core.errors import Refused
from core.events import publish
from crm.models import Contact, Lead
from outreach.actions.conversations import conversation_of, decide, honest_subject, one_line, void_pending
from outreach.actions.messages import queue_message
from outreach.events import SuggestionReady, SuggestionRequested
from outreach.forms.suggestions import ApproveSuggestionForm, RejectSuggestionForm
from outreach.models import AgentRun, Conversation, Message, Suggestion, Workflow
from outreach.models.suggestion import content_fingerprint
from outreach.queries.outgoing import may_leave
from outreach.queries.workflows import over_limit, workflow_for

CHANGED = _("This draft or its recipient changed since it was shown. Look at it again.")


@action("suggestion.offer", permission=None)
def offer(
    *,
    actor: Actor,
    contact: Contact,
    kind: str,
    subject: str,
    body: str,
    confidence: float,
    lead: Lead | None = None,
    in_reply_to: Message | None = None,
    workflow_key: str = "",
    sources: Sequence[str] = (),
    via: str = "rules",
    prompt_version: str = "",
    agent_run: AgentRun | None = None,
) -> Suggestion:
    """Offer a draft for approval; an earlier draft that still waits becomes out of date. Publishes SuggestionReady."""
    conversation = conversation_of(contact, lead)
    void_pending(conversation, actor=actor)
    subject, body = honest_subject(subject, conversation, in_reply_to), body.strip()
    suggestion = Suggestion.objects.create(
        contact=contact,
        lead=lead,
        conversation=conversation,
        in_reply_to=in_reply_to,
        workflow_key=workflow_key,
        kind=kind,
        to_address=contact.email,
        subject=subject,
        body=body,
        fingerprint=content_fingerprint(to_address=contact.email, channel="email", subject=subject, body=body),
        confidence=min(max(confidence, 0.0), 1.0),
        sources=list(sources),
        via=via,
        prompt_version=prompt_version,
        agent_run=agent_run,
    )
    publish(
        SuggestionReady(suggestion_id=suggestion.pk, lead_id=suggestion.lead_id, contact_id=contact.pk, kind=kind),
        actor=actor,
    )
    return suggestion


@action("suggestion.request", permission="message:send")
def request_draft(to: Conversation | Lead, *, actor: Actor, workflow: str = "") -> Conversation:
    """Ask for a draft; the writer answers within seconds. Publishes SuggestionRequested.

    With `workflow` the draft belongs to that workflow, whose dial decides whether it leaves by itself.
    """
    lead = to if isinstance(to, Lead) else to.lead
    conversation = conversation_of(to.contact, lead)
    publish(
        SuggestionRequested(
            conversation_id=conversation.pk,
            contact_id=to.contact_id,
            lead_id=lead.pk if lead else None,
            workflow=workflow,
        ),
        actor=actor,
    )
    return conversation


@action("suggestion.approve", permission="suggestion:approve", form=ApproveSuggestionForm)
def approve_suggestion(
    suggestion: Suggestion, *, actor: Actor, body: str = "", subject: str = "", fingerprint: str = ""
) -> Suggestion:
    """Send a draft as it was shown, or as the person rewrote it; the approval is good for exactly these words.

    - Refused when it was decided already, when it changed since it was shown, or when the recipient changed.
    - Rewritten words are kept as "modified", with the difference.
    Publishes SuggestionDecided; the message is queued in the same transaction.
    """
    _check_current(suggestion, fingerprint)
    body, subject = (body.replace("\r\n", "\n").strip() or suggestion.body, one_line(subject) or suggestion.subject)
    if (subject, body) == (suggestion.subject, suggestion.body):
        suggestion.approve()
    else:
        suggestion.modify(_difference(suggestion, subject, body))
    return _let_go(suggestion, actor=actor, subject=subject, body=body, automatic=False)


@action("suggestion.release", permission="suggestion:approve")
def release_suggestion(suggestion: Suggestion, *, actor: Actor) -> Suggestion:
    """Let a workflow send its own draft, within its dial and limits; otherwise it waits for a person, with the reason.

    The dial is locked while its limits are counted, so that two workers cannot go over them together.
    Publishes SuggestionDecided when it leaves.
    """
    if suggestion.state != "pending":
        return suggestion
    workflow = workflow_for(suggestion.workflow_key)
    if workflow.pk:
        workflow = cast("Workflow", lock(workflow))
    reason = (
        over_limit(workflow, suggestion)
        or _changed(suggestion)
        or may_leave(
            contact=suggestion.contact, lead=suggestion.lead, to_address=suggestion.to_address, purpose=suggestion.kind
        )
    )
    if reason:
        suggestion.held_because = reason[:255]
        suggestion.save(update_fields=["held_because"])
        return suggestion
    suggestion.approve()
    return _let_go(suggestion, actor=actor, subject=suggestion.subject, body=suggestion.body, automatic=True)


@action("suggestion.reject", permission="suggestion:approve", form=RejectSuggestionForm)
def reject_suggestion(suggestion: Suggestion, *, actor: Actor, reason: str = "") -> Suggestion:
    """Turn a draft down; it never leaves. Publishes SuggestionDecided."""
    _check_pending(suggestion)
    suggestion.reject(reason)
    decide(suggestion, actor)
    return suggestion


def _let_go(suggestion: Suggestion, *, actor: Actor, subject: str, body: str, automatic: bool) -> Suggestion:
    suggestion.message = queue_message(
        actor=actor,
        contact=suggestion.contact,
        lead=suggestion.lead,
        to_address=suggestion.to_address,
        subject=subject,
        body_text=body,
        purpose=suggestion.kind,
        in_reply_to=suggestion.in_reply_to,
        sent_by_ai=suggestion.state == "approved",
        workflow_key=suggestion.workflow_key,
        automatic=automatic,
    )
    decide(suggestion, actor)
    return suggestion


def _check_pending(suggestion: Suggestion) -> None:
    if suggestion.state == "void":
        raise Refused(
            gettext("This draft is out of date: something newer happened. Look at the conversation."), code="stale"
        )
    if suggestion.state != "pending":
        raise Refused(gettext("Somebody decided this already."), code="decided")


def _check_current(suggestion: Suggestion, seen: str) -> None:
    _check_pending(suggestion)
    changed = _changed(suggestion)
    if changed or (seen and seen != suggestion.fingerprint):
        raise Refused(changed or CHANGED, code="stale")


def _changed(suggestion: Suggestion) -> str:
    reads = content_fingerprint(
        to_address=suggestion.contact.email,
        channel=suggestion.channel,
        subject=suggestion.subject,
        body=suggestion.body,
    )
    return "" if suggestion.fingerprint == reads else str(CHANGED)


def _difference(suggestion: Suggestion, subject: str, body: str) -> str:
    before = [f"Subject: {suggestion.subject}", *suggestion.body.splitlines()]
    after = [f"Subject: {subject}", *body.splitlines()]
    return "\n".join(difflib.unified_diff(before, after, "drafted", "sent", lineterm=""))
