"""Messages that come in: matched to a person, stored once, read once."""

from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.actions import action, clean
from core.clock import now
from core.errors import Refused
from core.events import publish
from core.models import Event
from crm.actions.consent import suppress_address, withdraw_consent
from crm.actions.contacts import create_contact
from crm.actions.leads import create_lead
from crm.actions.rotting import touch_deals_of
from crm.models import Contact, Lead
from crm.queries.consent import is_suppressed
from outreach.actions.conversations import conversation_of, one_line, touch, void_pending
from outreach.actions.messages import MAX_BODY
from outreach.events import MessageBounced, MessageReceived, ReplyClassified
from outreach.forms.messages import ClassificationForm, CorrectClassificationForm
from outreach.models import Message
from outreach.queries.matching import contact_of_address, latest_lead, message_answered, message_reported
from outreach.queries.tickets import SUPPORT, is_for_support
from outreach.values import BounceRecipient, InboundMessage

MAX_ID = 242
SOFT_MOST, SOFT_DAYS = 5, 30
REPORTS = ("bounce", "complaint", "delay")


@action("message.receive", permission=None)
def receive_message(*, actor: Actor, inbound: InboundMessage) -> Message | None:
    """Store a message that came in and return it, or None when it is nobody's.

    - The same Message-ID again returns the stored row, by whatever door it came.
    - Matched by the Message-IDs it answers, then by its reply token, then by its sender.
    - An unknown sender becomes a contact and a lead; who writes to the support address becomes a contact only.
    - Automatic mail of strangers is ignored.
    - Drafts that wait in the conversation become out of date.
    Publishes MessageReceived.
    """
    known = _message_id(inbound)
    stored = Message.objects.filter(message_id=known).first() if known else None
    if stored is not None:
        return stored if stored.direction == "in" else None
    answered = message_answered(inbound)
    contact, lead = _parties(inbound, answered, actor)
    if contact is None:
        return None
    conversation = conversation_of(contact, lead)
    message = Message.objects.create(
        conversation=conversation,
        contact=contact,
        lead=lead,
        direction="in",
        state="received",
        subject_ref=SUPPORT if is_for_support(inbound) else "",
        **_columns(inbound),
    )
    touch(conversation, message, needs_reply=conversation.needs_reply or message.answerable)
    if message.kind == "reply":
        void_pending(conversation, actor=actor)
        touch_deals_of(contact)
    publish(
        MessageReceived(message_id=message.pk, contact_id=contact.pk, lead_id=message.lead_id, kind=message.kind),
        actor=actor,
    )
    return message


@action("message.record_report", permission=None)
def record_report(*, actor: Actor, inbound: InboundMessage) -> Message | None:
    """Note on our own message what a delivery report says of it; None when the report is about nothing we sent.

    - A hard bounce suppresses the address that we wrote to, a complaint too; policy and delay suppress nothing, a soft
      bounce only as the fifth in thirty days with nothing delivered in between.
    - Only the address of the reported message can be suppressed, so that a forged report can hurt nobody else.
    Publishes MessageBounced, unless the report only says that the message is late.
    """
    message = message_reported(inbound)
    if message is None or message.direction != "out" or inbound.kind not in REPORTS:
        return None
    report = _about(message, inbound)
    if report is None or (message.kind == inbound.kind and inbound.kind != "delay"):
        return None
    message.kind = inbound.kind
    message.error = one_line(f"{report.status} {report.detail}".strip())
    message.save(update_fields=["kind", "error"])
    if inbound.kind == "delay":
        return message
    if report.cls in ("hard", "complaint") or (report.cls == "soft" and _is_soft_for_long(message)):
        suppress_address(actor=actor, channel="email", address=message.to_address, reason=report.cls)
    publish(
        MessageBounced(
            message_id=message.pk,
            contact_id=message.contact_id,
            lead_id=message.lead_id,
            cls=report.cls,
            status=report.status[:16],
        ),
        actor=actor,
    )
    return message


@action("message.stop", permission=None)
def stop_writing(message: Message, *, actor: Actor) -> Message:
    """Honour the way out that stood in a message: its receiver gets nothing more, to that address or any other."""
    if not is_suppressed("email", message.to_address):
        withdraw_consent(message.contact, actor=actor, channel="email", reason="The link in a message")
        suppress_address(actor=actor, channel="email", address=message.to_address, reason="withdrawn")
    return message


@action("message.record_classification", permission=None, form=ClassificationForm)
def record_classification(
    message: Message, *, actor: Actor, intent: str, confidence: float, via: str, quote: str = "", agreed: bool = False
) -> Message:
    """Note the intent of a reply; what is not one of the known intents is refused. Publishes ReplyClassified."""
    values = clean(
        ClassificationForm, {"intent": intent, "confidence": confidence, "via": via, "quote": one_line(quote)}
    )
    if message.direction != "in" or message.intent:
        return message
    message.intent, message.confidence = values["intent"], values["confidence"]
    message.intent_via, message.intent_quote = values["via"], values["quote"]
    message.intent_agreed = agreed
    message.save(update_fields=["intent", "confidence", "intent_via", "intent_quote", "intent_agreed"])
    _announce(message, actor)
    return message


@action("message.correct_classification", permission="message:send", form=CorrectClassificationForm)
def correct_classification(message: Message, *, actor: Actor, intent: str) -> Message:
    """Set the true intent of a reply on a person's word; what it leads to then happens in that person's name.

    The lead's stage never goes back; an opt-out read from the reply stays too. Publishes ReplyClassified.
    """
    if message.direction != "in" or not message.intent:
        raise Refused(_("Only a reply that was read can be corrected."))
    if intent == message.intent and message.intent_via == "person":
        return message
    message.corrected_from = message.corrected_from or message.intent
    message.intent, message.confidence, message.intent_via = intent, 1.0, "person"
    message.intent_quote, message.intent_agreed = "", True
    message.save(
        update_fields=["corrected_from", "intent", "confidence", "intent_via", "intent_quote", "intent_agreed"]
    )
    _announce(message, actor)
    return message


def _columns(inbound: InboundMessage) -> dict[str, Any]:
    """Return what a message keeps of the mail: cut to size, headers on one line, files by name only."""
    return {
        "channel": inbound.channel,
        "kind": inbound.kind,
        "subject": one_line(inbound.subject),
        "body_text": _storable(inbound.text),
        "reply_text": _storable(inbound.reply_text),
        "from_address": one_line(inbound.from_address),
        "to_address": one_line(", ".join(inbound.to_addresses)),
        "message_id": _message_id(inbound),
        "in_reply_to": inbound.in_reply_to[:255],
        "references": [reference[:255] for reference in inbound.references[-20:]],
        "answerable": inbound.answerable and inbound.kind == "reply",
        "attachments": [
            {"name": one_line(file.name), "content_type": file.content_type[:100], "size": len(file.content)}
            for file in inbound.attachments[:20]
        ],
        "received_at": inbound.received_at or now(),
    }


def _message_id(inbound: InboundMessage) -> str | None:
    """Return the id under which a mail can be answered; one that no header could carry counts as none."""
    return inbound.message_id if 0 < len(inbound.message_id) <= MAX_ID else None


def _parties(inbound: InboundMessage, answered: Message | None, actor: Actor) -> tuple[Contact | None, Lead | None]:
    if answered is not None:
        return answered.contact, answered.lead or latest_lead(answered.contact)
    contact = contact_of_address(inbound.from_address)
    if contact is not None:
        return contact, latest_lead(contact)
    if inbound.kind != "reply" or not inbound.answerable or not inbound.from_address:
        return None, None
    first, _space, last = one_line(inbound.from_name).partition(" ")
    if is_for_support(inbound):
        names: dict[str, Any] = {"first_name": first[:80], "last_name": last[:80]}
        contact = create_contact(actor=actor, source="email", email=inbound.from_address, **names)
        return contact, None
    lead = create_lead(
        actor=actor,
        email=inbound.from_address,
        first_name=first[:80],
        last_name=last[:80],
        source="email",
        title=one_line(inbound.subject)[:120],
        note=_storable(inbound.reply_text)[:2000],
        on_duplicate="join",
    )
    return lead.contact, lead


def _about(message: Message, inbound: InboundMessage) -> BounceRecipient | None:
    ours = message.to_address.lower()
    for report in inbound.recipients:
        if report.address.lower() == ours:
            return report
    if inbound.kind == "complaint":
        return BounceRecipient(message.to_address, cls="complaint")
    if len(inbound.recipients) == 1 and not inbound.recipients[0].address:
        return inbound.recipients[0]
    return None


def _is_soft_for_long(message: Message) -> bool:
    """Whether this soft bounce is the last of so many that the address counts as dead."""
    rows = Message.objects.outgoing().filter(
        to_address__iexact=message.to_address, created_at__gte=now() - timedelta(days=SOFT_DAYS)
    )
    delivered = rows.filter(state__in=("sent", "settled"), kind__in=("", "complaint")).aggregate(at=Max("created_at"))
    if delivered["at"]:
        rows = rows.filter(created_at__gt=delivered["at"])
    known = Event.objects.filter(name="message.bounced", subject_type="message", data__cls="soft")
    return known.filter(subject_id__in=rows.values("pk")).count() + 1 >= SOFT_MOST


def _storable(text: str) -> str:
    return text.replace("\x00", "")[:MAX_BODY]


def _announce(message: Message, actor: Actor) -> None:
    publish(
        ReplyClassified(
            message_id=message.pk,
            contact_id=message.contact_id,
            lead_id=message.lead_id,
            intent=message.intent,
            confidence=message.confidence or 0.0,
            via=message.intent_via,
            agreed=message.intent_agreed,
        ),
        actor=actor,
    )
