"""The pages of tickets: the queue, one ticket, and its verbs."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.listing import cell_page, export_page, list_page, near
from core.doors import door
from core.numbers import is_number
from core.pages import page
from crm.lead_path import Verb
from crm.models import Ticket
from crm.queries.contacts import contact_for
from crm.queries.tickets import ticket_for
from crm.sheets import BOTH, ask, press, sheet
from crm.ticket_list import TICKETS

# key, permission, label, icon, how, the states in which it makes sense
VERBS = (
    ("resolve", "ticket:resolve", _("Resolve"), "check", "sheet", ("open", "pending")),
    ("wait", "ticket:update", _("Wait for the customer"), "pause", "press", ("open",)),
    ("reopen", "ticket:reopen", _("Reopen"), "undo", "press", ("pending", "resolved")),
    ("assign", "ticket:assign", _("Assign"), "users", "sheet", ("open", "pending", "resolved")),
    ("edit", "ticket:update", _("Edit"), "note", "sheet", ("open", "pending", "resolved")),
)
list_ = list_page(TICKETS)
export = export_page(TICKETS)
cell = cell_page(TICKETS)


@door("ticket:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One ticket: its thread, the team's notes, the customer and the clock."""
    ticket, actor = ticket_for(request.actor, pk), request.actor
    verbs = {
        key: Verb(
            key, str(label), reverse(f"crm:ticket-{key}", args=[pk]), icon, how, _refusal(ticket, actor, permission)
        )
        for key, permission, label, icon, how, states in VERBS
        if ticket.status in states or (ticket.status == "closed" and key == "reopen")
    }
    main = next((verbs.pop(key) for key in ("resolve", "reopen") if key in verbs and verbs[key].allowed), None)
    others = ticket.contact.tickets.exclude(pk=pk)
    notes = list(ticket.notes.select_related("author").order_by("created_at", "pk")[:100])
    context: dict[str, Any] = {
        "ticket": ticket,
        "contact": ticket.contact,
        "notes": notes,
        # The box empties itself after one's own note; what others do leaves what is typed.
        "note_key": sum(note.author_id == actor.user_id for note in notes),
        "others": actor.visible("ticket:read", others).order_by("-created_at", "-pk")[:5],
        "primary": main,
        "menu": list(verbs.values()),
        "verbs": verbs,
        "near": near(request, TICKETS, ticket),
    }
    return page(request, "crm/tickets/detail.html", context)


def _refusal(ticket: Ticket, actor: Any, permission: str) -> str:
    """Return why the person may not do this to the ticket, and what would help; "" when they may."""
    if ticket.status == "closed":
        return gettext("This ticket is closed and stays so. Make a new one instead.")
    return str(actor.can(permission, ticket).reason)


@door("ticket:create", BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """A ticket typed in: of the contact that the address names, or of whoever has the address typed."""
    asked = request.GET.get("contact", "")
    contact = contact_for(request.actor, int(asked)) if is_number(asked) else None
    words = {"intro": gettext("With %(contact)s.") % {"contact": contact.name}} if contact else {}
    return ask(
        request,
        "ticket.create",
        title=gettext("New ticket"),
        submit=gettext("Open ticket"),
        to=lambda ticket: ticket,
        message=gettext("Ticket opened."),
        initial={"contact": contact.pk} if contact else {},
        hide=("requester", "name") if contact else (),
        back=contact.get_absolute_url() if contact else reverse("crm:ticket-list"),
        **words,
    )


edit = sheet("ticket.update", ticket_for, title=_("Edit {.number}"), submit=_("Save"), message=_("Saved."))
assign = sheet("ticket.assign", ticket_for, title=_("Who takes {.number}?"), submit=_("Assign"), message=_("Assigned."))
resolve = sheet(
    "ticket.resolve",
    ticket_for,
    title=_("Resolve {.number}"),
    submit=_("Resolve"),
    intro=_("The customer is told nothing by this. To tell them, use Reply and resolve."),
    message=_("Resolved."),
)
wait = press("ticket.wait", ticket_for, _("The clock rests until the customer writes."))
reopen = press("ticket.reopen", ticket_for, _("Open again. The clock goes on."))
note = press("ticket.note", ticket_for, _("Note kept."), "ticket-changed")
