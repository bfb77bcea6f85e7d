"""Telling people what happened at the wall."""

from django.urls import reverse

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import User
from core.events import Meta, on
from outreach.events import MessageBounced, MessageFailed, MessageReceived, MessageUnknown
from outreach.models import Message, Suggestion

BOUNCE_WORDS = {
    "hard": "The address does not exist, so nothing more is sent there.",
    "complaint": "It was reported as spam, so nothing more is sent there.",
    "soft": "The mailbox cannot take mail now.",
    "policy": "Their server refuses our mail. Check the sending domain.",
    "content": "Their server refuses this message.",
}


@on(MessageReceived)
def tell_of_reply(event: MessageReceived, meta: Meta) -> None:
    """Tell the owner that somebody wrote."""
    message = _message(event.message_id)
    if message is not None and message.kind == "reply":
        tell_owner(message, kind="message.received", text=f"{message.contact} wrote. Read it", key=meta.key)


@on(MessageUnknown)
def tell_of_unknown(event: MessageUnknown, meta: Meta) -> None:
    """Tell the owner that nobody knows whether a message arrived."""
    message = _message(event.message_id)
    if message is not None:
        tell_owner(
            message,
            kind="message.unknown",
            text=f"Nobody knows whether the message to {message.contact} arrived. Send it again or settle it",
            key=meta.key,
            url=reverse("outreach:unknown-sends"),
        )


@on(MessageFailed)
def tell_of_failure(event: MessageFailed, meta: Meta) -> None:
    """Tell the owner that a message did not leave."""
    message = _message(event.message_id)
    if message is not None:
        text = f"Not sent to {message.contact}. {event.reason}"
        tell_owner(message, kind="message.failed", text=text, key=meta.key)


@on(MessageBounced)
def tell_of_bounce(event: MessageBounced, meta: Meta) -> None:
    """Tell the owner what a delivery report said."""
    message = _message(event.message_id)
    if message is not None:
        text = f"Not delivered to {message.contact}. {BOUNCE_WORDS.get(event.cls, '')}".strip()
        tell_owner(message, kind="message.bounced", text=text, key=meta.key)


def tell_owner(subject: Message | Suggestion, *, kind: str, text: str, key: str, url: str = "") -> None:
    """Notify the owner of the lead, else of the contact, if there is one."""
    owner: User | None = (subject.lead.owner if subject.lead else None) or subject.contact.owner
    if owner is not None:
        notify(owner, actor=Actor.system("inbox"), kind=kind, text=text, url=url or subject.get_absolute_url(), key=key)


def _message(pk: int) -> Message | None:
    return Message.objects.select_related("contact__owner", "lead__owner").filter(pk=pk).first()
