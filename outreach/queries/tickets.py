"""Which mail is about a ticket."""

from accounts.models import Workspace
from crm.matching import fold_email
from crm.models import Contact, Ticket
from outreach.models import Message
from outreach.queries.matching import message_answered
from outreach.values import InboundMessage

SUPPORT = "support"  # the subject_ref of a mail to the support address


def is_for_support(inbound: InboundMessage) -> bool:
    """Return whether a mail was written to the support address."""
    ours = fold_email(Workspace.current().support_email)
    return bool(ours) and any(fold_email(address) == ours for address in inbound.to_addresses)


def ticket_answered(message: Message) -> Ticket | None:
    """Return the ticket in whose thread a message is, by what it answers; a closed one has ended."""
    answered: Message | None = message
    if message.ticket_id is None:
        answered = message_answered(
            InboundMessage(
                in_reply_to=message.in_reply_to,
                references=tuple(message.references),
                to_addresses=tuple(message.to_address.split(", ")),
            )
        )
    ticket = answered.ticket if answered is not None else None
    return ticket if ticket is not None and ticket.status != Ticket.Status.CLOSED else None


def asks_support(message: Message, intent: str = "") -> bool:
    """Return whether a message is a matter of a ticket: by its address, a customer's question, or its thread."""
    is_question = intent == "question" and message.contact.stage == Contact.Stage.CUSTOMER
    return message.subject_ref == SUPPORT or is_question or ticket_answered(message) is not None
