"""Tickets and the wall: mail that comes in is filed, answers that left count, those that did not come back."""

from accounts.actor import Actor
from core.events import Meta, on
from crm.actions.tickets import receive_on_ticket, record_answer
from outreach.actions.tickets import file_message
from outreach.events import MessageFailed, MessageReceived, MessageSent, ReplyClassified
from outreach.models import Message
from outreach.queries.tickets import SUPPORT, asks_support


@on(MessageReceived)
def file_mail(event: MessageReceived, meta: Meta) -> None:
    """Mail of a ticket's thread goes into the ticket, other mail to the support address opens one."""
    if (message := _message(event.message_id)) is not None:
        opens = message.subject_ref == SUPPORT
        file_message(message, actor=Actor.system("support"), key=meta.key, opens=opens)


@on(ReplyClassified)
def open_ticket_of_customer(event: ReplyClassified, meta: Meta) -> None:
    """A customer who asks something has a ticket."""
    message = _message(event.message_id)
    if message is not None and asks_support(message, event.intent):
        file_message(message, actor=Actor.system("support"), key=meta.key, opens=True)


@on(MessageSent)
def count_answer(event: MessageSent, meta: Meta) -> None:
    """The first answer to a ticket counts from when it left."""
    message = _message(event.message_id)
    if message is not None and message.ticket is not None and not message.automatic:
        at = message.sent_at or meta.at
        record_answer(message.ticket, actor=Actor.system("support"), key=meta.key, at=at)


@on(MessageFailed)
def take_up_again(event: MessageFailed, meta: Meta) -> None:
    """A ticket whose answer did not leave is not answered: it is open again, and its assignee is told."""
    message = _message(event.message_id)
    if message is not None and message.ticket is not None and message.ticket.status != "closed":
        receive_on_ticket(message.ticket, actor=Actor.system("support"), key=meta.key)


def _message(pk: int) -> Message | None:
    return Message.objects.select_related("contact", "ticket").filter(pk=pk).first()
