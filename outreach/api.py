"""REST for what leaves through the wall: answers to tickets."""

from typing import Any

from ninja import Router

from core.openapi import shows
from core.verbs import offer
from crm.queries.tickets import ticket_for
from outreach.models import Message

router = Router(tags=["Messages"])


@shows(Message, "id contact_id ticket_id to_address subject body_text state created_at")
def message(row: Message) -> dict[str, Any]:
    """Return a message that leaves, and how far it is."""
    return {}


offer(router, "POST /tickets/{int:pk}/reply", "ticket.reply", message, ticket_for)
