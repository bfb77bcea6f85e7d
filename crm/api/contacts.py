"""REST for contacts."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Router

from core.api import rest
from core.openapi import OBJECT, rows_of
from core.verbs import browse, by, offer
from crm.api import deals as deals_api
from crm.api import shapes
from crm.api.operations import operation
from crm.lists import CONTACTS
from crm.models import Contact, DuplicatePair
from crm.queries.activities import activities_for
from crm.queries.addresses import address_for, addresses_of
from crm.queries.contacts import contact_for, contacts_for
from crm.queries.duplicates import pair_for, pairs_for
from crm.queries.merging import merge_of
from crm.queries.timeline import timeline

router = Router(tags=["Contacts"])


def rows(actor: Any) -> QuerySet[Contact]:
    """The contacts that the actor may see, with what their shape shows."""
    return contacts_for(actor).prefetch_related("tags")


browse(router, "/contacts", "contact:read", shapes.contact, rows, find=contact_for, **CONTACTS.rest())
offer(router, "POST /contacts", "contact.create", shapes.contact)
offer(router, "PATCH /contacts/{int:pk}", "contact.update", shapes.contact, contact_for)
offer(router, "DELETE /contacts/{int:pk}", "contact.delete", shapes.contact, contact_for)
for route, action in (
    ("POST /contacts/{int:pk}/reassign", "contact.reassign"),
    ("POST /contacts/{int:pk}/tags", "contact.tag"),
    ("POST /contacts/{int:pk}/addresses", "contact.add_address"),
    ("POST /contacts/{int:pk}/consents", "consent.give"),
    ("POST /contacts/{int:pk}/consents/withdraw", "consent.withdraw"),
    ("POST /contacts/{int:pk}/merge", "contact.merge"),
):
    offer(router, route, action, shapes.contact, contact_for)
offer(router, "POST /contacts/{int:pk}/unmerge", "contact.unmerge", operation, merge_of)
for verb, action in (("retire", "address.retire"), ("make-primary", "address.make_primary")):
    offer(router, f"POST /addresses/{{int:pk}}/{verb}", action, shapes.contact, address_for)
browse(
    router,
    "/duplicates",
    "contact:merge",
    shapes.pair,
    lambda actor: pairs_for(actor, DuplicatePair.State.values),
    find=pair_for,
    filters={"state": "state"},
    orderings=by("-score"),
)
for verb in ("dismiss", "reopen"):
    offer(router, f"POST /duplicates/{{int:pk}}/{verb}", f"duplicate.{verb}", shapes.pair, pair_for)


browse(
    router,
    "/contacts/{int:pk}/activities",
    "activity:read",
    shapes.activity,
    lambda actor, pk: activities_for(actor).filter(contact=contact_for(actor, pk)),
)
browse(
    router,
    "/contacts/{int:pk}/deals",
    "deal:read",
    shapes.deal,
    lambda actor, pk: deals_api.rows(actor).filter(contact=contact_for(actor, pk)),
)
ALL = {200: rows_of(OBJECT)}


@rest(router, "GET", "/contacts/{int:pk}/addresses", permission="contact:read", answers=ALL)
def addresses(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return a contact's addresses, those that held once included."""
    lines = addresses_of(contact_for(request.actor, pk))
    return {"results": [shapes.address(line) for line in lines], "next": None}


@rest(router, "GET", "/contacts/{int:pk}/timeline", permission="contact:read", answers=ALL)
def history(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return the newest entries of a contact's timeline that the reader may see."""
    contact = contact_for(request.actor, pk)
    entries = timeline(request.actor, contact, limit=100)
    return {"results": [entry.as_json() for entry in entries], "next": None}
