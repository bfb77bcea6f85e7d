"""The pages of contacts: people and businesses."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from accounts.listing import cell_page, export_page, list_page, near
from core.doors import door
from core.pages import page
from crm.lists import CONTACTS
from crm.queries.addresses import address_for, addresses_of
from crm.queries.contacts import contact_for, tags_around
from crm.queries.custom_fields import answers
from crm.queries.duplicates import twins_of
from crm.queries.processes import processes_for
from crm.queries.timeline import timeline
from crm.sheets import press, sheet

list_ = list_page(CONTACTS)
export = export_page(CONTACTS)
cell = cell_page(CONTACTS)


@door("contact:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One contact: details, leads, deals and everything that happened."""
    actor = request.actor
    contact: Any = contact_for(actor, pk)
    leads = related(actor, "lead:read", contact.leads)
    deals = related(actor, "deal:read", contact.deals)
    tickets = related(actor, "ticket:read", contact.tickets) if contact.has_tickets else []
    consents = list(contact.consents.all()) if contact.has_consents else []
    may_merge = actor.can("contact:merge")
    context: dict[str, Any] = {
        "contact": contact,
        "leads": leads,
        "deals": deals,
        "tickets": tickets,
        "people": actor.visible("contact:read", contact.people.all())[:20] if contact.kind == "company" else (),
        "consents": sorted(consents, key=lambda one: (one.at, one.pk), reverse=True)[:10],
        "addresses": addresses_of(contact, consents),
        "answers": answers(contact),
        "tags": tags_around(contact),
        "twins": twins_of(actor, contact) if contact.is_doubted and may_merge else [],
        "merges": contact.merges.select_related("operation").order_by("-pk")[:5] if contact.is_survivor else (),
        "processes": processes_for(actor, contact) if contact.is_in_process else [],
        "entries": timeline(actor, contact, limit=30, known=[*leads, *deals]),
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
    title=_("New contact"),
    submit=_("Save contact"),
    intro=_("A person needs an email or a phone number; a business only its name."),
    message=_("Contact saved."),
    back="crm:contact-list",
    hints=reverse_lazy("crm:contact-hints"),
)
edit = sheet("contact.update", contact_for, title=_("Edit {.name}"), submit=_("Save"), message=_("Saved."))
reassign = sheet(
    "contact.reassign", contact_for, title=_("Who looks after {.name}?"), submit=_("Reassign"), message=_("Reassigned.")
)
delete = sheet(
    "contact.delete",
    contact_for,
    title=_("Delete {.name}?"),
    submit=_("Delete"),
    intro=_("Its leads, messages and activities go with it. For 30 days you can undo this."),
    message=_("Contact deleted."),
    goes="crm:contact-list",
    danger=True,
)
add_address = sheet(
    "contact.add_address", contact_for, title=_("New address of {.name}"), submit=_("Add"), message=_("Address added.")
)
retire_address = sheet(
    "address.retire",
    address_for,
    title=_("Retire {.value}?"),
    submit=_("Retire"),
    intro=_("Nothing goes there any more. It is still found, and stays on the page."),
    message=_("Address retired."),
)
make_primary = press("address.make_primary", address_for, _("This is the main one now."))
tag = press("contact.tag", contact_for, _("Tags changed."))
