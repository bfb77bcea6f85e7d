"""Outgoing messages: queued in a transaction, sent by a subscriber, reported back here."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import effects
from core.actions import action
from core.errors import HouseError, Invalid, Refused
from core.events import publish
from core.models import Effect
from core.registry import refusals
from crm.actions.leads import record_outreach
from crm.actions.rotting import touch_deals_of
from crm.models import Contact, Lead, Ticket
from outreach import mailbuild
from outreach.actions.conversations import answer_subject, conversation_of, honest_subject, touch, void_pending
from outreach.eligibility import OUTREACH, purpose_for
from outreach.events import MessageFailed, MessageQueued, MessageSent, MessageSettled, MessageUnknown
from outreach.forms.messages import SendMessageForm
from outreach.models import Conversation, Message
from outreach.models.suggestion import content_fingerprint
from outreach.queries.outgoing import may_leave

MAX_BODY = 100_000


@action("message.queue", permission=None)
def queue_message(
    *,
    actor: Actor,
    contact: Contact,
    subject: str,
    body_text: str,
    purpose: str,
    lead: Lead | None = None,
    to_address: str = "",
    subject_ref: str = "",
    attachments: Sequence[dict[str, Any]] = (),
    in_reply_to: Message | None = None,
    sent_by_ai: bool = False,
    workflow_key: str = "",
    automatic: bool = False,
    ticket: Ticket | None = None,
) -> Message:
    """Put a message into the outbox: it leaves after the commit, at most once. Publishes MessageQueued.

    - Refused when consent, suppression or the lead's stage forbid it; asked again at the moment of hand-over.
    - `attachments` are dicts of name, content_type and path (as core.files.store returned it).
    - `automatic` marks what no person saw; such messages stop with the kill switch and the workflow's dial.
    """
    to_address, body = (to_address or contact.email).strip(), body_text.strip()[:MAX_BODY]
    _check(contact, lead, to_address, purpose, body)
    conversation = conversation_of(contact, lead)
    answered = in_reply_to if ticket else in_reply_to or _last_incoming(conversation, purpose)
    content: dict[str, Any] = {
        "to_address": to_address,
        "channel": "email",
        "subject": honest_subject(subject, conversation, answered),
        "attachments": [dict(file) for file in attachments],
    }
    message = Message.objects.create(
        **content,
        body_text=body,
        fingerprint=content_fingerprint(**content, body=body),
        conversation=conversation,
        contact=contact,
        lead=lead,
        direction="out",
        purpose=purpose,
        subject_ref=subject_ref,
        **_thread(answered, ticket),
        written_by_id=actor.user_id,
        sent_by_ai=sent_by_ai,
        automatic=automatic,
        workflow_key=workflow_key,
    )
    return _plan(message, actor)


@action("message.send", permission="message:send", form=SendMessageForm)
def send_message(to: Conversation | Lead, *, actor: Actor, body: str, subject: str = "") -> Message:
    """Send what a person wrote, to a lead or within a conversation; waiting drafts become out of date."""
    lead = to if isinstance(to, Lead) else to.lead
    contact = to.contact
    conversation = conversation_of(contact, lead)
    wrote = conversation.messages.incoming().exists()
    purpose = purpose_for(lead.status, lead.stage, was_written_to_us=wrote) if lead else "reply"
    void_pending(conversation, actor=actor)
    return queue_message(
        actor=actor,
        contact=contact,
        lead=lead,
        subject=subject or answer_subject(conversation),
        body_text=body,
        purpose=purpose,
    )


@action("message.record_sent", permission=None)
def record_sent(message: Message, *, actor: Actor, external_id: str = "") -> Message:
    """Note that the receiving server took the message; outreach moves the lead to contacted.

    Publishes MessageSent.
    """
    if message.state != "queued":
        return message
    message.mark_sent(external_id[:255])
    message.save(update_fields=["state", "external_id", "error", "sent_at"])
    _count_as_outreach(message, actor)
    publish(
        MessageSent(
            message_id=message.pk,
            contact_id=message.contact_id,
            lead_id=message.lead_id,
            purpose=message.purpose,
            subject_ref=message.subject_ref,
        ),
        actor=actor,
    )
    return message


@action("message.record_failed", permission=None)
def record_failed(message: Message, *, actor: Actor, error: str) -> Message:
    """Note that the message did not leave and why. Publishes MessageFailed."""
    if message.state != "queued":
        return message
    message.mark_failed(error)
    message.save(update_fields=["state", "error"])
    publish(
        MessageFailed(
            message_id=message.pk,
            contact_id=message.contact_id,
            lead_id=message.lead_id,
            purpose=message.purpose,
            subject_ref=message.subject_ref,
            reason=error[:255],
        ),
        actor=actor,
    )
    return message


@action("message.record_unknown", permission=None)
def record_unknown(message: Message, *, actor: Actor, error: str) -> Message:
    """Note that nobody can say whether the message arrived; a person decides. Publishes MessageUnknown."""
    if message.state != "queued":
        return message
    message.mark_unknown(error)
    message.save(update_fields=["state", "error"])
    publish(MessageUnknown(message_id=message.pk, contact_id=message.contact_id, lead_id=message.lead_id), actor=actor)
    return message


@action("message.resend", permission="message:send")
def resend_message(message: Message, *, actor: Actor) -> Message:
    """Send an unknown or failed message again, on a person's word; it may arrive twice. Publishes MessageQueued."""
    if message.state not in ("unknown", "failed"):
        raise Refused(_("Only a message that failed, or of which nothing is known, can be sent again."))
    _check(message.contact, message.lead, message.to_address, message.purpose, message.body_text)
    if said := refusals("message.leave", message):
        raise Refused(said[0])
    message.queue_again()
    message.automatic = False
    message.save(update_fields=["state", "error", "automatic"])
    effects.reopen(_effect(message))
    publish(MessageQueued(message_id=message.pk, contact_id=message.contact_id, lead_id=message.lead_id), actor=actor)
    return message


@action("message.settle", permission="message:send")
def settle_message(message: Message, *, actor: Actor) -> Message:
    """Count an unknown message as sent; it will not be sent again. Publishes MessageSettled and MessageSent."""
    if message.state != "unknown":
        raise Refused(_("Only a message of which nothing is known can be settled."))
    message.settle()
    message.save(update_fields=["state", "sent_at"])
    effects.settle(_effect(message))
    _count_as_outreach(message, actor)
    facts: dict[str, Any] = {
        "message_id": message.pk,
        "contact_id": message.contact_id,
        "lead_id": message.lead_id,
        "purpose": message.purpose,
        "subject_ref": message.subject_ref,
    }
    publish(MessageSettled(**facts), actor=actor)
    publish(MessageSent(**facts), actor=actor)
    return message


def _check(contact: Contact, lead: Lead | None, to_address: str, purpose: str, body: str) -> None:
    if not body:
        raise Invalid({"body": [_("Write something first.")]})
    refusal = may_leave(contact=contact, lead=lead, to_address=to_address, purpose=purpose)
    if refusal:
        raise Refused(refusal, code="may_not_send")


def _plan(message: Message, actor: Actor) -> Message:
    """Write the effect and the announcement of a new message; the Message-ID is known before it leaves."""
    message.message_id = mailbuild.message_id(message.effect_key)
    message.save(update_fields=["message_id"])
    is_repeatable = not settings.EMAIL_URL  # a file written twice is one file; a mail sent twice is two
    effects.plan(message.effect_key, kind="email", subject=("message", message.pk), repeatable=is_repeatable)
    conversation = message.conversation
    answers = message.purpose not in ("receipt", "notice")
    touch(conversation, message, needs_reply=conversation.needs_reply and not answers)
    if actor.is_person and not message.automatic:
        touch_deals_of(message.contact)
    publish(MessageQueued(message_id=message.pk, contact_id=message.contact_id, lead_id=message.lead_id), actor=actor)
    return message


def _last_incoming(conversation: Conversation, purpose: str) -> Message | None:
    if purpose in OUTREACH:
        return None
    return conversation.messages.incoming().exclude(message_id=None).order_by("-pk").first()


def _thread(answered: Message | None, ticket: Ticket | None) -> dict[str, Any]:
    """What a message answers; what answers a message of an open ticket belongs to the ticket, too."""
    if answered is None or not answered.message_id:
        return {"ticket": ticket}
    if ticket is None and answered.ticket and answered.ticket.resolved_at is None:
        ticket = answered.ticket
    references = [*answered.references[-10:], answered.message_id]
    return {"ticket": ticket, "in_reply_to": answered.message_id, "references": references}


def _effect(message: Message) -> Effect:
    return Effect.objects.select_for_update().get(key=message.effect_key)


def _count_as_outreach(message: Message, actor: Actor) -> None:
    lead = message.lead
    if lead is None or not (message.purpose in OUTREACH or (message.purpose == "reply" and lead.status == "new")):
        return
    try:
        record_outreach(lead, actor=actor, channel=message.channel)
    except HouseError:
        return  # The lead moved on while the message was under way; the message counts all the same.
