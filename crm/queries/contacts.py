"""Reading contacts."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, QuerySet

from accounts.actor import Actor
from core.errors import Moved, NotFound
from crm import matching
from crm.models import Contact, ContactAddress
from crm.queries.filters import narrow

COLUMNS = ("kind", "stage", "source", "city", "industry", "country")
MOST_CANDIDATES = 200


def contacts_for(
    actor: Actor, filters: Mapping[str, Any] | None = None, *, permission: str = "contact:read"
) -> QuerySet[Contact]:
    """Return the contacts that the actor may see, newest first.

    Filters: kind, stage, source, city, industry, country, owner ("me", "none" or an id), tag, q.
    """
    contacts = Contact.objects.select_related("owner", "company")
    contacts = narrow(actor.visible(permission, contacts), filters, actor, COLUMNS)
    if tag := (filters or {}).get("tag"):
        contacts = contacts.filter(tags__name__iexact=tag)
    return contacts.order_by("-created_at", "-id")


def contact_for(actor: Actor, pk: int, permission: str = "contact:read") -> Contact:
    """Return one contact that the actor may see; raises NotFound."""
    rows = contacts_for(actor, permission=permission)
    found = rows.filter(pk=pk).first()
    if found is not None:
        return found
    if kept := rows.filter(merges__old_id=pk).first():
        raise Moved(f"This contact became part of {kept}.", old=pk, new=kept.pk)
    raise NotFound("There is no such contact. It may have been deleted.")


def known_contact(
    *, folded: str = "", phone: str = "", name: str = "", company: str = ""
) -> Contact | None:
    """Return the contact that this is: by folded email, E.164 phone, else by name and company.

    Further addresses count too, last those that held once. Likeness of names alone is never enough when addresses differ.
    """
    if folded and (found := _by_address("email", folded)):
        return found
    if phone and (found := _by_address("phone", phone)):
        return found
    company_folded = matching.fold_company(company)
    if not (name and company_folded):
        return None
    rows = Contact.objects.filter(company_folded=company_folded).order_by("id")[:MOST_CANDIDATES]
    candidates = {row.pk: row for row in rows}
    newcomer = matching.Identity(email=folded, phone=phone, name=name, company=company)
    match = matching.find_duplicate(newcomer, [_identity(row) for row in candidates.values()])
    return candidates[match.id] if match else None


def _by_address(channel: str, folded: str) -> Contact | None:
    column = "email_folded" if channel == "email" else "phone_e164"
    found = Contact.objects.filter(**{column: folded}).first()
    if found is None:
        rows = ContactAddress.objects.filter(channel=channel, folded=folded)
        newest_first = F("valid_until").desc(nulls_first=True)
        row = rows.select_related("contact").order_by(newest_first, "id").first()
        found = row.contact if row else None
    return found


def _identity(row: Contact) -> matching.Identity:
    person = f"{row.first_name} {row.last_name}".strip() or row.company_name
    return matching.Identity(
        email=row.email,
        phone=row.phone_e164 or "",
        name=person,
        company=row.company_name,
        id=row.pk,
    )
