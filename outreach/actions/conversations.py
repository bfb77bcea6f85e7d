"""Keeping a conversation's own facts right; every function here is called inside an action."""

from accounts.actor import Actor
from core.actions import action
from core.clock import now
from core.events import publish
from crm.models import Contact, Lead
from outreach.events import SuggestionDecided
from outreach.mailbuild import without_prefix
from outreach.models import Conversation, Message, Suggestion


def conversation_of(contact: Contact, lead: Lead | None) -> Conversation:
    """Return the contact's conversation, made when there is none."""
    conversation, _ = Conversation.objects.get_or_create(contact=contact, defaults={"lead": lead})
    if lead and conversation.lead_id != lead.pk:
        conversation.lead = lead
        conversation.save(update_fields=["lead"])
    return conversation


def touch(conversation: Conversation, message: Message, *, needs_reply: bool) -> None:
    """Note a new message on its conversation."""
    conversation.subject = conversation.subject or message.subject
    conversation.last_message_at = message.created_at
    conversation.last_line = _line(message)
    conversation.needs_reply = needs_reply
    conversation.save(update_fields=["subject", "last_message_at", "last_line", "needs_reply"])


@action("conversation.recount", permission=None)
def recount_conversation(conversation: Conversation, *, actor: Actor) -> Conversation:
    """Let a conversation show the last of the messages that it holds now, and whether that waits for an answer."""
    last = conversation.messages.order_by("-created_at", "-pk").first()
    conversation.last_message_at = last.created_at if last else None
    conversation.last_line = _line(last) if last else ""
    conversation.needs_reply = last is not None and last.direction == "in" and last.answerable
    conversation.save(update_fields=["last_message_at", "last_line", "needs_reply"])
    return conversation


def _line(message: Message) -> str:
    """What the inbox shows of a message; of a proposal or receipt no more than its subject, for amounts follow."""
    return one_line(message.subject if message.shows_money else message.words)[:160]


def void_pending(conversation: Conversation, *, actor: Actor) -> None:
    """Make the waiting draft of a conversation out of date. Publishes SuggestionDecided."""
    for suggestion in conversation.suggestions.select_for_update(no_key=True).filter(state="pending"):
        suggestion.void()
        decide(suggestion, actor)


def decide(suggestion: Suggestion, actor: Actor) -> None:
    """Note who decided a suggestion. Publishes SuggestionDecided."""
    suggestion.decided_by_id = actor.user_id
    suggestion.decided_via = actor.kind
    suggestion.decided_at = now()
    suggestion.save()
    publish(
        SuggestionDecided(
            suggestion_id=suggestion.pk,
            lead_id=suggestion.lead_id,
            contact_id=suggestion.contact_id,
            state=suggestion.state,
        ),
        actor=actor,
    )


def answer_subject(conversation: Conversation) -> str:
    """Return "Re: …" of the last mail that came in, or "" when none did."""
    last = conversation.messages.incoming().filter(kind="reply").exclude(message_id=None).order_by("-pk").first()
    if last is None:
        return ""
    subject = last.subject or conversation.subject or "your message"
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def honest_subject(subject: str, conversation: Conversation, answered: Message | None) -> str:
    """Return the subject as it may leave: on one line, never empty, and without a "Re:" that answers nothing."""
    subject = one_line(subject) or conversation.subject or "Hello"
    if answered is not None and answered.message_id:
        return subject
    return without_prefix(subject) or "Hello"


def one_line(text: str) -> str:
    """Return text on one line without control characters, so that no header can be smuggled in."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(visible.split())[:255]
