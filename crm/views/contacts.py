"""The pages of contacts: people and businesses."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from core.doors import door
from core.pages import page
from crm.queries.contacts import contact_for, contacts_for
from crm.queries.timeline import timeline
from crm.sheets import listed, sheet

VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "": ("Everybody", {}),
    "mine": ("Mine", {"owner": "me"}),
    "people": ("People", {"kind": "person"}),
    "companies": ("Businesses", {"kind": "company"}),
    "customers": ("Customers", {"stage": "customer"}),
}


@door("contact:read")
def list_(request: HttpRequest) -> HttpResponse:
    """All contacts that the person may see."""
    context = listed(request, contacts_for, VIEWS)
    return page(request, "crm/contacts/list.html", context, parts=("contact-rows",))


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
