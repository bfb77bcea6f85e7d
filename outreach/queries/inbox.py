"""The inbox and the thread of one person, as far as the reader may see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from core.errors import NotFound
from core.models import Event
from crm.models import Contact, Lead, Ticket
from crm.queries.search import matching
from outreach.models import Conversation, Message, Suggestion

PER_PAGE = 50
SOURCES = dict(Contact.Source.choices)
FOLDERS = (("waiting", _("Waiting")), ("drafts", _("AI drafts")), ("all", _("All")))
MARKS = {
    "lead.created": ("plus", _("Lead came in")),
    "lead.assigned": ("users", _("Assigned")),
    "lead.contacted": ("send", _("Moved to Contacted")),
    "lead.interested": ("spark", _("Moved to Interested")),
    "lead.qualified": ("check", _("Qualified")),
    "lead.converted": ("deal", _("Became a deal")),
    "lead.proposal_sent": ("doc", _("Proposal sent")),
    "lead.paid": ("check", _("Paid")),
    "lead.disqualified": ("x", _("Disqualified")),
    "lead.reopened": ("undo", _("Reopened")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a thread: a message, or something that happened between messages."""

    at: datetime
    message: Message | None = None
    icon: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """The newest lines of a conversation, oldest first, and where the earlier ones begin."""

    lines: list[Line]
    earlier: int | None


def conversations_for(actor: Actor, folder: str = "waiting", search: str = "") -> QuerySet[Conversation]:
    """Return the conversations of a folder that the actor may read."""
    draft = Suggestion.objects.filter(conversation=OuterRef("pk"), state="pending")
    rows = Conversation.objects.select_related("contact", "lead").annotate(has_draft=Exists(draft))
    rows = actor.visible("conversation:read", rows)
    if folder == "waiting":
        rows = rows.waiting()
    elif folder == "drafts":
        rows = rows.filter(has_draft=True)
    if search:
        rows = rows.filter(contact__in=matching(Contact.objects.filter(pk__in=rows.values("contact")), search))
    return rows.filter(last_message_at__isnull=False) if folder != "drafts" else rows


def waiting_count(actor: Actor) -> int:
    """Return how many conversations wait for an answer of somebody like the actor."""
    return actor.visible("conversation:read", Conversation.objects.waiting()).count()


def conversation_for(actor: Actor, pk: int) -> Conversation:
    """Return a conversation that the actor may read; NotFound otherwise."""
    rows = Conversation.objects.select_related("contact", "contact__owner", "lead", "lead__owner")
    conversation = actor.visible("conversation:read", rows).filter(pk=pk).first()
    if conversation is None:
        raise NotFound(gettext("This conversation is not there. It may have been deleted with its contact."))
    return conversation


def last_event(contact: Contact) -> int:
    """Return the id of the last thing that happened to a contact, 0 when nothing did."""
    newest = Event.objects.filter(contact_id=contact.pk).order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def conversation_of_lead(actor: Actor, lead: Lead) -> Conversation | None:
    """Return the conversation with a lead's contact, if there is one and the actor may read it."""
    return conversation_of_contact(actor, lead.contact)


def conversation_of_contact(actor: Actor, contact: Contact) -> Conversation | None:
    """Return the conversation with a contact, if there is one and the actor may read it."""
    rows = Conversation.objects.select_related("contact", "lead").filter(contact=contact)
    return actor.visible("conversation:read", rows).first()


def message_for(actor: Actor, pk: int) -> Message:
    """Return a message that the actor may read; NotFound otherwise."""
    rows = Message.objects.select_related("contact", "lead", "conversation")
    message = actor.visible("conversation:read", rows).filter(pk=pk).first()
    if message is None:
        raise NotFound(gettext("This message is not there. It may have been deleted with its contact."))
    return message


def unknown_sends(actor: Actor) -> QuerySet[Message]:
    """Return the messages of which nobody knows whether they arrived, that the actor may decide about."""
    rows = Message.objects.unknown().select_related("contact", "lead")
    return actor.visible("message:send", rows).order_by("-created_at", "-pk")


def sent_messages(actor: Actor) -> QuerySet[Message]:
    """Return the messages of ours that left, newest first."""
    rows = Message.objects.outgoing().filter(state__in=("sent", "settled")).select_related("contact", "lead")
    return actor.visible("conversation:read", rows)


def thread(
    conversation: Conversation | None, lead: Lead | None, before: int | None = None, ticket: Ticket | None = None
) -> Thread:
    """Return the lines of a conversation, up to fifty messages before the message `before`; of one ticket's only.

    What happened to the lead stands between its messages.
    """
    rows = Message.objects.none()
    if conversation is not None:
        rows = conversation.messages.select_related("written_by", "suggestion", "suggestion__decided_by")
        rows = rows.filter(ticket=ticket) if ticket is not None else rows
    if before:
        rows = rows.filter(pk__lt=before)
    messages = list(rows.order_by("-pk")[: PER_PAGE + 1])
    earlier = messages[PER_PAGE - 1].pk if len(messages) > PER_PAGE else None
    messages = messages[:PER_PAGE]
    lines = [Line(at=message.created_at, message=message) for message in messages]
    if lead is not None:
        since = messages[-1].created_at if earlier and messages else None
        until = messages[0].created_at if before and messages else None
        lines += _marks(lead, since, until)
    lines.sort(key=lambda line: (line.at, line.message.pk if line.message else 0))
    return Thread(lines, earlier)


def _marks(lead: Lead, since: datetime | None, until: datetime | None) -> list[Line]:
    events = Event.objects.filter(subject_type="lead", subject_id=lead.pk, name__in=MARKS)
    if since:
        events = events.filter(at__gte=since)
    if until:
        events = events.filter(at__lt=until)
    newest = reversed(events.order_by("-pk")[:PER_PAGE])
    return [Line(at=row.at, icon=MARKS[row.name][0], text=_words(row)) for row in newest]


def _words(row: Event) -> str:
    text = str(MARKS[row.name][1])
    data: dict[str, Any] = row.data
    if data.get("reason"):
        return f"{text}: {data['reason']}"
    if row.name == "lead.created" and data.get("source"):
        return f"{text}: {SOURCES.get(data['source'], data['source'])}"
    if row.actor_kind not in ("user", "key"):
        return text
    return gettext("%(what)s by %(person)s") % {"what": text, "person": row.actor_name}
