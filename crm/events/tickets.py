"""What happens to tickets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.events import event


@dataclass(frozen=True)
class OfTicket:
    """What every happening to a ticket names."""

    ticket_id: int
    contact_id: int
    assignee_id: int | None


@event("ticket.created")
class TicketCreated(OfTicket):
    """A customer wants something solved."""

    priority: str


@event("ticket.updated")
class TicketUpdated(OfTicket):
    """Facts of a ticket changed; `changes` maps a field to [before, after]."""

    changes: dict[str, list[Any]]


@event("ticket.assigned")
class TicketAssigned(OfTicket):
    """Somebody else, or nobody, looks after the ticket."""

    previous_assignee_id: int | None


@event("ticket.noted")
class TicketNoted(OfTicket):
    """The team wrote a note on the ticket."""


@event("ticket.received")
class TicketReceived(OfTicket):
    """The customer wrote in the ticket's thread."""


@event("ticket.answered")
class TicketAnswered(OfTicket):
    """The first answer left."""


@event("ticket.moved")
class TicketMoved(OfTicket):
    """The ticket is open again, waits for the customer, is solved, or closed."""

    status: str
    previous_status: str


@event("ticket.escalated")
class TicketEscalated(OfTicket):
    """Four fifths of the time to the next target have passed, or all of it (`is_late`)."""

    due_at: datetime
    is_late: bool


@event("sla_target.changed")
class SlaTargetChanged:
    """Tickets of a priority have other targets; `changes` maps a field to [before, after]."""

    sla_target_id: int
    changes: dict[str, list[Any]]
