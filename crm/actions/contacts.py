"""Contacts are made, corrected, given to somebody else and deleted."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import User, Workspace
from core.actions import action, lock
from core.errors import Invalid, Refused
from core.events import publish
from crm import events
from crm.actions.changes import answered, differences, only
from crm.actions.owners import check_seller, first_owner
from crm.actions.recording import delete_recorded
from crm.actions.tags import set_tags
from crm.forms.contacts import CreateContactForm, UpdateContactForm
from crm.forms.fields import ReassignForm
from crm.matching import e164, fold_company, fold_email
from crm.models import Contact, ContactAddress
from crm.queries.rotting import today

FACTS = (
    "kind", "first_name", "last_name", "company_name", "company", "job_title", "industry", "city",
    "country", "email", "phone", "language", "timezone", "do_not_contact", "do_not_ai", "custom",
    "stage",
)  # fmt: skip
DUPLICATE = _("A contact with this {} already exists.")


@action("contact.create", permission="contact:create", form=CreateContactForm)
def create_contact(
    *,
    actor: Actor,
    owner: User | None = None,
    source: str = Contact.Source.MANUAL.value,
    tags: Sequence[str] = (),
    **facts: Any,
) -> Contact:
    """Make a contact. Publishes ContactCreated. Refused ("duplicate") when its address is known."""
    owner = first_owner(actor, owner, "contact:reassign")
    contact = insert_contact(actor, owner=owner, source=source, **facts)
    set_tags(contact, tags)
    return contact


@action("contact.update", permission="contact:update", form=UpdateContactForm)
def update_contact(
    contact: Contact, *, actor: Actor, version: int | None = None, tags: Sequence[str] | None = None, **facts: Any
) -> Contact:
    """Correct a contact. Publishes ContactUpdated. Refused ("stale") when somebody was first."""
    contact.check_version(version)
    only(facts, FACTS)
    if "custom" in facts:
        facts["custom"] = answered(contact.custom, facts["custom"])
    changes = differences(contact, facts)
    if tags is not None:
        change = set_tags(contact, tags)
        changes |= {"tags": change} if change else {}
    if not changes:
        return contact
    store_facts(contact, {name: facts[name] for name in changes.keys() & facts.keys()})
    publish(events.ContactUpdated(contact_id=contact.pk, changes=changes), actor=actor)
    return contact


@action("contact.reassign", permission="contact:reassign", form=ReassignForm)
def reassign_contact(contact: Contact, *, actor: Actor, owner: User) -> Contact:
    """Give a contact to another owner; leads and deals stay. Publishes ContactAssigned."""
    check_seller(owner)
    previous = contact.owner_id
    if previous == owner.pk:
        return contact
    contact.store(owner=owner)
    publish(events.ContactAssigned(contact_id=contact.pk, owner_id=owner.pk, previous_owner_id=previous), actor=actor)
    return contact


@action("contact.delete", permission="contact:delete")
def delete_contact(contact: Contact, *, actor: Actor) -> None:
    """Delete a contact with its leads and activities; for 30 days that can be undone. Publishes ContactDeleted.

    Refused while deals, proposals or invoices name it.
    """
    pk = contact.pk
    try:
        delete_recorded(contact, actor=actor, permission="contact:delete")
    except ProtectedError:
        raise Refused(
            gettext("This contact has deals or documents. Delete or reassign those first."), code="in_use"
        ) from None
    publish(events.ContactDeleted(contact_id=pk), actor=actor)


@action("contact.become_customer", permission=None)
def become_customer(contact: Contact, *, actor: Actor) -> Contact:
    """Note that the contact bought something. Publishes ContactBecameCustomer once."""
    if contact.stage != Contact.Stage.CUSTOMER:
        contact.store(stage=Contact.Stage.CUSTOMER.value)
        publish(events.ContactBecameCustomer(contact_id=contact.pk), actor=actor)
    return contact


def insert_contact(
    actor: Actor, *, owner: User | None, source: str, is_looked_for: bool = False, **facts: Any
) -> Contact:
    """Insert a contact within another action. Publishes ContactCreated.

    `is_looked_for`: the caller has just found nobody with its addresses.
    """
    only(facts, FACTS)
    facts["custom"] = answered({}, facts.get("custom"))
    contact = Contact(owner=owner, source=source, **facts)
    fold(contact)
    _check_reachable(contact)
    if not is_looked_for:
        _check_unknown(contact, None)
    _store_unique(contact, None)
    keep_addresses(contact, is_new=True)
    publish(events.ContactCreated(contact_id=contact.pk, owner_id=contact.owner_id, source=source), actor=actor)
    return contact


def store_facts(contact: Contact, facts: Mapping[str, Any]) -> None:
    """Write facts of a contact with their folded forms, and keep its address rows in step; within an action.

    Raises Invalid for an address that is none, Refused ("duplicate") for one of another contact.
    """
    for name, value in facts.items():
        setattr(contact, name, value)
    fold(contact)
    _check_reachable(contact)
    _check_unknown(contact, list(facts))
    _store_unique(contact, list(facts))
    keep_addresses(contact)


def locked(contact: Contact) -> Contact:
    """Return a contact as it stands now, locked: whoever writes to it within the action of another row reads it so."""
    row = lock(contact)
    assert isinstance(row, Contact)
    return row


def fold(contact: Contact) -> None:
    """Set the folded columns from the written ones; raises Invalid for an address that is none."""
    errors = {}
    contact.email = contact.email.strip()
    contact.email_folded = fold_email(contact.email) or None
    if contact.email and contact.email_folded is None:
        errors["email"] = [gettext("Enter a valid email address.")]
    contact.phone = contact.phone.strip()
    contact.phone_e164 = e164(contact.phone, region_of(contact.country)) or None if contact.phone else None
    if contact.phone and contact.phone_e164 is None:
        errors["phone"] = [gettext("Enter a whole phone number, such as +91 98765 43210.")]
    if errors:
        raise Invalid(errors)
    contact.country = contact.country.upper()
    contact.company_folded = fold_company(contact.company_name)


def region_of(*countries: str) -> str:
    """Return the country by whose rules a number is dialled: the first that is two letters, else the workspace's."""
    known = (country.strip().upper() for country in countries)
    return next((country for country in known if len(country) == 2), "") or Workspace.current().country


def _check_reachable(contact: Contact) -> None:
    if contact.kind == Contact.Kind.COMPANY:
        if not contact.company_name:
            raise Invalid({"company_name": [gettext("A company needs a name.")]})
    elif not (contact.email_folded or contact.phone_e164 or contact.external_ref):
        raise Invalid(gettext("Give an email address or a phone number."))


def _check_unknown(contact: Contact, fields: list[str] | None) -> None:
    words = {"email_folded": gettext("email address"), "phone_e164": gettext("phone number")}
    held = {column: value for column in words if (value := getattr(contact, column))}
    if held:
        others = Contact.objects.exclude(pk=contact.pk).filter(Q(**held, _connector=Q.OR))
        if other := others.values(*held).order_by().first():
            same = next(column for column in held if other[column] == held[column])
            raise Refused(DUPLICATE.format(words[same]), code="duplicate")
    if contact.email_folded and (fields is None or "email" in fields):
        rows = ContactAddress.objects.filter(channel="email", folded=contact.email_folded)
        if rows.current().exclude(contact=contact.pk).exists():
            raise Refused(DUPLICATE.format(gettext("email address")), code="duplicate")


def _store_unique(contact: Contact, fields: list[str] | None) -> None:
    try:
        with transaction.atomic():
            if fields is None:
                contact.insert()
            else:
                contact.store(*fields, "email_folded", "phone_e164", "company_folded")
    except IntegrityError:
        raise Refused(DUPLICATE.format("address"), code="duplicate") from None


def keep_addresses(contact: Contact, *, is_new: bool = False) -> None:
    """Let the address rows say what the contact's email and phone are; one that was replaced is retired."""
    on = today()
    wanted = {"email": (contact.email, contact.email_folded), "phone": (contact.phone, contact.phone_e164)}
    held = ContactAddress.objects.filter(contact=contact, channel__in=wanted).current()
    rows = {} if is_new else {(row.channel, row.folded): row for row in held}
    fresh = []
    for channel, (value, folded) in wanted.items():
        for row in rows.values():
            if row.channel == channel and row.is_primary and row.folded != folded:
                row.is_primary, row.valid_until = False, on
                row.save(update_fields=["is_primary", "valid_until"])
        if folded is None:
            continue
        present = rows.get((channel, folded))
        if present is None:
            row = ContactAddress(contact=contact, channel=channel, value=value, folded=folded)
            row.valid_from, row.is_primary = on, True
            fresh.append(row)
        elif not present.is_primary or present.value != value:
            present.is_primary, present.value = True, value
            present.save(update_fields=["is_primary", "value"])
    ContactAddress.objects.bulk_create(fresh)
