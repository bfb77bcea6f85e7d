"""Reading contacts."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Moved, NotFound
from crm import matching
from crm.models import Consent, Contact, ContactAddress, ContactMerge, DuplicatePair, Process, Tag, Ticket
from crm.queries.filters import narrow

MOST_CANDIDATES = 200


def contacts_for(
    actor: Actor, filters: Mapping[str, Any] | None = None, *, permission: str = "contact:read"
) -> QuerySet[Contact]:
    """Return the contacts that the actor may see, newest first; `q` searches them."""
    contacts = Contact.objects.select_related("owner", "company")
    found = narrow(actor.visible(permission, contacts), filters)
    return found.order_by("-created_at", "-id")


def contact_for(actor: Actor, pk: int, permission: str = "contact:read") -> Contact:
    """Return one contact that the actor may see; raises NotFound.

    It knows whether others became part of it (`is_survivor`), whether it looks like another one (`is_doubted`),
    whether a playbook runs for it (`is_in_process`), and whether it has tickets and consents.
    """
    rows = contacts_for(actor, permission=permission)
    running = Process.objects.filter(state=Process.State.RUNNING)
    pairs = DuplicatePair.objects.filter(Q(contact=OuterRef("pk")) | Q(other=OuterRef("pk")))
    known = rows.annotate(
        is_survivor=Exists(ContactMerge.objects.filter(contact=OuterRef("pk"))),
        is_doubted=Exists(pairs.filter(state=DuplicatePair.State.OPEN)),
        is_in_process=Exists(running.filter(contact=OuterRef("pk"))),
        has_tickets=Exists(Ticket.objects.filter(contact=OuterRef("pk"))),
        has_consents=Exists(Consent.objects.filter(contact=OuterRef("pk"))),
    )
    found = known.filter(pk=pk).first()
    if found is not None:
        return found
    if kept := rows.filter(merges__old_id=pk).first():
        raise Moved(_("This contact became part of %(kept)s.") % {"kept": kept}, old=pk, new=kept.pk)
    raise NotFound(_("There is no such contact. It may have been deleted."))


def tags_around(contact: Contact, most: int = 200) -> list[Tag]:
    """Return the tags of a contact (`is_on`), then the others that it could get, by name."""
    on = Contact.tags.through.objects.filter(contact=contact, tag=OuterRef("pk"))
    return list(Tag.objects.annotate(is_on=Exists(on)).order_by("-is_on", "name")[:most])


def known_contact(*, folded: str = "", phone: str = "", name: str = "", company: str = "") -> Contact | None:
    """Return the contact that this is: by folded email, E.164 phone, else by name and company.

    Further addresses count too, last those that held once. Likeness of names alone is never enough when
    addresses differ.
    """
    if holder := _holder(folded, phone):
        return holder
    company_folded = matching.fold_company(company)
    if not (name and company_folded):
        return None
    rows = Contact.objects.filter(company_folded=company_folded).order_by("id")
    columns = ("pk", "email", "phone_e164", "first_name", "last_name", "company_name")
    candidates = [
        matching.Identity(
            email=mail, phone=number or "", name=f"{first} {last}".strip() or business, company=business, id=pk
        )
        for pk, mail, number, first, last, business in rows.values_list(*columns)[:MOST_CANDIDATES]
    ]
    newcomer = matching.Identity(email=folded, phone=phone, name=name, company=company)
    match = matching.find_duplicate(newcomer, candidates)
    return rows.get(pk=match.id) if match else None


def _holder(folded: str, phone: str) -> Contact | None:
    """The contact that has the email, else that had it, else that has the phone, else that had it."""
    columns = {"email": "email_folded", "phone": "phone_e164"}
    asked = [pair for pair in (("email", folded), ("phone", phone)) if pair[1]]
    if not asked:
        return None
    now = (Q(**{columns[channel]: value}) for channel, value in asked)
    ranked = [
        (place, 0, contact)
        for contact in Contact.objects.filter(Q(*now, _connector=Q.OR))
        for place, (channel, value) in enumerate(asked)
        if getattr(contact, columns[channel]) == value
    ]
    if not any(place == 0 for place, *_ in ranked):
        ever = (Q(channel=channel, folded=value) for channel, value in asked)
        newest_first = F("valid_until").desc(nulls_first=True)
        rows = ContactAddress.objects.filter(Q(*ever, _connector=Q.OR)).select_related("contact")
        places = {channel: place for place, (channel, _) in enumerate(asked)}
        for number, row in enumerate(rows.order_by(newest_first, "id")[:MOST_CANDIDATES], 1):
            ranked.append((places[row.channel], number, row.contact))
    return min(ranked, key=lambda one: one[:2])[2] if ranked else None
