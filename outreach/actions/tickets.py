"""Mail becomes tickets, finds its ticket, and answers leave from them."""

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.actions import action
from core.errors import Refused
from crm.actions.tickets import create_ticket, hold_ticket, receive_on_ticket, resolve_ticket
from crm.models import Ticket
from outreach.actions.conversations import void_pending
from outreach.actions.messages import queue_message
from outreach.forms.messages import ReplyToTicketForm
from outreach.mailbuild import without_prefix
from outreach.models import Message
from outreach.queries.tickets import ticket_answered

LONGEST = 20_000


@action("ticket.reply", permission="message:send", form=ReplyToTicketForm)
def reply_to_ticket(ticket: Ticket, *, actor: Actor, body: str, subject: str = "", then: str = "") -> Message:
    """Answer the customer in the ticket's thread; with `then` wait for them, or resolve, in one go."""
    actor.require("ticket:update", ticket)
    if ticket.status == Ticket.Status.CLOSED:
        raise Refused(_("This ticket is closed and stays so. Make a new one instead."))
    last = ticket.messages.incoming().exclude(message_id=None).last()
    message = queue_message(
        actor=actor,
        contact=ticket.contact,
        subject=subject or (f"Re: {ticket.subject}" if last else ticket.subject),
        body_text=body,
        purpose="reply",
        to_address=ticket.address,
        in_reply_to=last,
        ticket=ticket,
    )
    void_pending(message.conversation, actor=actor)
    if then == "wait" and ticket.status == Ticket.Status.OPEN:
        hold_ticket(ticket, actor=actor)
    elif then == "resolve" and ticket.status in {Ticket.Status.OPEN, Ticket.Status.PENDING}:
        resolve_ticket(ticket, actor=actor)
    return message


@action("message.file", permission=None)
def file_message(message: Message, *, actor: Actor, opens: bool = False) -> Message:
    """Put a message that came in into its ticket, with `opens` into a new one; none where it belongs to none.

    What a person wrote wakes the ticket up; automatic replies are only kept with it.
    """
    if message.ticket_id is not None or message.direction != "in":
        return message
    is_written = message.kind == "reply" and message.answerable
    ticket = ticket_answered(message)
    if ticket is not None:
        ticket = receive_on_ticket(ticket, actor=actor) if is_written else ticket
    elif opens and is_written:
        ticket = create_ticket(
            actor=actor,
            contact=message.contact,
            subject=without_prefix(message.subject) or _("Without a subject"),
            body=message.words[:LONGEST],
            requester=message.from_address[:254],
        )
    if ticket is not None:
        message.ticket = ticket
        message.save(update_fields=["ticket"])
    return message
