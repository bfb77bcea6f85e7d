"""After contacts were merged or parted: what the inbox shows of their conversations."""

from accounts.actor import Actor
from core.events import Meta, on
from crm.events import ContactMerged, OperationUndone
from outreach.actions.conversations import recount_conversation
from outreach.models import Conversation


@on(ContactMerged, OperationUndone)
def sum_up_conversations(event: ContactMerged | OperationUndone, meta: Meta) -> None:
    """A conversation that took in another one's messages, or gave some back, shows its last one."""
    ids = [event.contact_id] if isinstance(event, ContactMerged) else event.contact_ids
    for conversation in Conversation.objects.filter(contact__in=ids):
        recount_conversation(conversation, actor=Actor.system("inbox"))
