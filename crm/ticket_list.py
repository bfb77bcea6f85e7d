"""The list of tickets: the queue, the most urgent first."""

from django.utils.translation import gettext_lazy as _

from core.cells import chips, moment, owner, quiet, texts
from core.clauses import Filter
from core.lists import Column, ListSpec, View, register_list
from core.templatetags import ui
from crm.lists import beside, caller, people
from crm.models import Ticket
from crm.models.ticket import Priority
from crm.queries.bulk import verbs_for
from crm.queries.search import matching
from crm.queries.tickets import ticket_for, tickets_for

TONES = {"urgent": "bad", "high": "warn"}
STATES = {"pending": "", "resolved": "good", "closed": "good"}
OPEN = "status=open&status=pending"


def due(ticket: Ticket) -> str:
    """When the next target passes, or why none does."""
    if ticket.due_at:
        return ui.due(ticket.due_at)
    return ui.chip(ticket.get_status_display(), STATES.get(ticket.status, ""))


TICKETS = ListSpec(
    "tickets", _("Tickets"), "ticket", "ticket:read", tickets_for,
    (
        Column("name", _("Ticket"), css="c-who", fixed=True, who=lambda one: (
            one.subject, f"{one.number} · {one.contact.name}", one.contact)),
        Column("due_at", _("Due"), lambda one: one.due_at, due, sort="due_at", css="c-st"),
        Column("priority", _("Priority"), lambda one: one.get_priority_display(),
               chips(lambda one: (one.get_priority_display(), TONES.get(one.priority, ""))), edit="ticket.update",
               css="c-sc"),
        Column("status", _("Status"), lambda one: one.get_status_display(),
               quiet(lambda one: one.get_status_display()), css="c-nx"),
        Column("assignee", _("Assignee"), lambda one: str(one.assignee or ""), lambda one: owner(one.assignee),
               edit="ticket.assign"),
        moment("created_at", _("Came in"), css="c-t r mut"),
        Column("number", _("Number"), shown=False),
        *texts(requester=_("Asked by")),
        Column("contact", _("Contact"), lambda one: one.contact.name, sort="sort_name", shown=False),
        moment("response_due_at", _("First answer due"), shown=False),
        moment("first_answered_at", _("First answer"), shown=False),
        moment("resolution_due_at", _("Solution due"), shown=False),
        moment("resolved_at", _("Solved"), shown=False),
        caller(lambda one: ("contact", one.contact_id, one.contact)),
    ),
    (
        Filter("status", _("Status"), choices=Ticket.Status.choices),
        Filter("priority", _("Priority"), choices=Priority.choices),
        Filter("assignee", _("Assignee"), "person", choices=people),
        Filter("due", _("Due"), "time", "due_at"),
        Filter("requester", _("Asked by"), "text"),
        Filter("created", _("Came in"), "time", "created_at"),
        Filter("resolved", _("Solved"), "time", "resolved_at"),
        Filter("contact", _("Contact"), "row", offered=False),
    ),
    (
        View("", _("Open"), OPEN), View("mine", _("Mine"), f"{OPEN}&assignee=me"),
        View("unassigned", _("Unassigned"), f"{OPEN}&assignee=none"),
        View("soon", _("Due soon"), "due=1&due-op=next"), View("late", _("Late"), "due=0&due-op=older"),
        View("resolved", _("Resolved"), "status=resolved&status=closed&sort=-created_at"),
        View("all", _("All"), "sort=-created_at"),
    ),
    ("due_at", "pk"), "crm:ticket-list", _("Subject, number, customer"), matching,
    (_("No open tickets"), _("What customers write to the support address, and what you type in, appears here.")),
    (("ticket:create", "crm:ticket-new", "plus", _("New ticket"), "main"),),
    export="ticket:read", event="ticket-changed", one=ticket_for, bulk=verbs_for,
    related=("contact", "assignee"), defer=("search_words", "body", *beside("contact"), "assignee__lists"),
)  # fmt: skip
register_list(TICKETS)
