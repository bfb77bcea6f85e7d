"""Reading tickets, their targets and the hours that count."""

from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User
from accounts.permissions import can
from accounts.queries.people import administrators, managers_of
from core import clock
from core.hours import Hours
from crm.models import SlaTarget, Ticket
from crm.queries.filters import one
from crm.queries.hours import workspace_hours


class Rules(NamedTuple):
    """What clocks are reckoned by: the working hours and the target of each priority."""

    hours: Hours
    targets: dict[str, SlaTarget]


def sla_rules() -> Rules:
    """Return the rules as they hold now."""
    return Rules(workspace_hours(), {row.priority: row for row in SlaTarget.objects.all()})


def tickets_for(actor: Actor, *, permission: str = "ticket:read") -> QuerySet[Ticket]:
    """Return the tickets that the actor may see, newest first."""
    rows = Ticket.objects.select_related("contact", "assignee")
    return actor.visible(permission, rows).order_by("-created_at", "-id")


def ticket_for(actor: Actor, pk: int) -> Ticket:
    """Return one ticket that the actor may see; raises NotFound."""
    return one(tickets_for(actor), pk, _("There is no such ticket. It may have been deleted."))


def running() -> QuerySet[Ticket]:
    """Return the tickets whose clock runs."""
    return Ticket.objects.filter(status=Ticket.Status.OPEN)


def to_escalate() -> QuerySet[Ticket]:
    """Return the tickets of which somebody must be told: soon due and not warned of, or late and not escalated."""
    now = clock.now()
    return running().filter(Q(warned_at=None, warn_at__lte=now) | Q(escalated_at=None, due_at__lte=now))


def told_when_late(ticket: Ticket) -> list[User]:
    """Return whom to tell: the assignee, and their managers who read tickets, else the administrators."""
    managers = [user for user in managers_of(ticket.assignee) if can(user, "ticket:read", ticket)]
    people = [ticket.assignee, *(managers or administrators())]
    return [person for person in dict.fromkeys(people) if person is not None and person.is_active]
