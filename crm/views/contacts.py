"""The pages of contacts: people and businesses."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.listing import cell_page, export_page, list_page, near
from core.doors import door
from core.pages import page
from crm.lists import CONTACTS
from crm.queries.contacts import contact_for
from crm.queries.timeline import timeline
from crm.sheets import sheet

list_ = list_page(CONTACTS)
export = export_page(CONTACTS)
cell = cell_page(CONTACTS)


@door("contact:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One contact: details, leads, deals and everything that happened."""
    contact = contact_for(request.actor, pk)
    actor = request.actor
    context: dict[str, Any] = {
        "contact": contact,
        "leads": related(actor, "lead:read", contact.leads),
        "deals": related(actor, "deal:read", contact.deals),
        "people": contact.people.all()[:20],
        "consents": contact.consents.order_by("-at", "-pk")[:10],
        "addresses": contact.addresses.all()[:20],
        "entries": timeline(actor, contact, limit=30),
        "near": near(request, CONTACTS, contact),
    }
    return page(request, "crm/contacts/detail.html", context)


def related(actor: Any, permission: str, manager: Any) -> list[Any]:
    """The newest related records that the person may see."""
    if not actor.can(permission):
        return []
    return list(actor.visible(permission, manager.order_by("-created_at", "-pk"))[:20])


new = sheet(
    "contact.create",
    None,
    title="New contact",
    submit="Save contact",
    intro="A person needs an email or a phone number; a business only its name.",
    message="Contact saved.",
    back="crm:contact-list",
)
edit = sheet("contact.update", contact_for, title="Edit {.name}", submit="Save", message="Saved.")
reassign = sheet(
    "contact.reassign",
    contact_for,
    title="Who looks after {.name}?",
    submit="Reassign",
    message="Reassigned.",
)
delete = sheet(
    "contact.delete",
    contact_for,
    title="Delete {.name}?",
    submit="Delete",
    intro="Its leads, messages and activities go with it. This cannot be undone.",
    message="Contact deleted.",
    goes="crm:contact-list",
    danger=True,
)
