"""What a reply means for its lead: certain ones act, doubtful ones become a task."""

from datetime import timedelta

from accounts.actor import Actor
from accounts.models import Workspace
from core.clock import now
from core.errors import HouseError
from core.events import Meta, on
from crm.actions.activities import create_activity
from crm.actions.consent import withdraw_consent
from crm.actions.leads import mark_interested
from outreach.events import ReplyClassified
from outreach.models import Message
from outreach.queries.tickets import asks_support

INTERESTED = ("interested", "asking_price")


@on(ReplyClassified)
def act_on_reply(event: ReplyClassified, meta: Meta) -> None:
    """Move the lead, honour an opt-out, or ask the owner to read.

    An agent moves a lead alone only when it is sure enough and model and rules agree; a person's correction counts.
    """
    message = Message.objects.select_related("contact", "lead__owner").filter(pk=event.message_id).first()
    if message is None:
        return
    if event.intent == "unsubscribe":
        _stop(message, meta)
    elif event.intent in INTERESTED:
        _interest(message, event, meta)
    elif event.intent == "not_interested":
        _task(message, meta, f"{message.contact} is not interested. Disqualify the lead, or answer")
    elif asks_support(message, event.intent):
        return  # The ticket is the task.
    elif event.intent in ("question", "unclear") and event.via != "person":
        _task(message, meta, f"Read the reply of {message.contact}")


def _interest(message: Message, event: ReplyClassified, meta: Meta) -> None:
    by_person = event.via == "person"
    sure = by_person or (event.agreed and event.confidence >= Workspace.current().interest_threshold)
    if message.lead is None or not sure:
        _task(message, meta, f"Read the reply of {message.contact}: it may be interested")
        return
    actor = meta.actor if by_person else Actor.agent("intent", workflow="reply_to_cash")
    try:
        mark_interested(message.lead, actor=actor, intent=event.intent, confidence=event.confidence, key=meta.key)
    except HouseError as error:
        _task(message, meta, f"{message.contact} is interested", error.message)


def _stop(message: Message, meta: Meta) -> None:
    withdraw_consent(
        message.contact,
        actor=Actor.system("inbox"),
        channel=message.channel,
        reason="Asked to stop in a reply",
        key=meta.key,
    )


def _task(message: Message, meta: Meta, subject: str, body: str = "") -> None:
    owner = (message.lead.owner if message.lead else None) or message.contact.owner
    create_activity(
        actor=Actor.system("inbox"),
        key=meta.key,
        type="task",
        subject=subject[:200],
        body=body,
        contact=message.contact,
        lead=message.lead,
        assignee=owner,
        due_at=now() + timedelta(hours=4),
    )
