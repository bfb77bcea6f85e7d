"""Further addresses of a contact come, become the main one, and are retired."""

from datetime import date

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from crm.actions.contacts import locked, region_of, store_facts
from crm.events import ContactUpdated
from crm.forms.addresses import AddAddressForm, RetireAddressForm
from crm.matching import e164, fold_email
from crm.models import Contact, ContactAddress
from crm.queries.rotting import today

EMAIL, PHONE = ContactAddress.Channel.EMAIL.value, ContactAddress.Channel.PHONE.value
COLUMNS = {EMAIL: "email_folded", PHONE: "phone_e164"}
WRONG = {EMAIL: _("Enter a valid email address."), PHONE: _("Enter a whole phone number, such as +91 98765 43210.")}


@action("contact.add_address", permission="contact:update", form=AddAddressForm)
def add_address(
    contact: Contact,
    *,
    actor: Actor,
    channel: str,
    value: str,
    label: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
    is_primary: bool = False,
) -> Contact:
    """Note a further email, phone or postal address, or one that held once. Publishes ContactUpdated.

    Refused ("duplicate") when the contact has it, or the email address is another contact's.
    """
    folded = _folded(contact, channel, value)
    held = ContactAddress.objects.filter(channel=channel, folded=folded).current()
    if held.filter(contact=contact).exists() and valid_until is None:
        raise Refused(gettext("It is there already."), code="duplicate")
    if channel == EMAIL and valid_until is None:
        _refuse_anothers(contact, folded)
    row = ContactAddress.objects.create(
        contact=contact,
        channel=channel,
        value=value,
        folded=folded,
        label=label,
        valid_from=valid_from or (None if valid_until else today()),
        valid_until=valid_until,
    )
    is_first = channel in COLUMNS and not getattr(contact, channel) and valid_until is None
    if is_first and Contact.objects.filter(**{COLUMNS[channel]: folded}).exists():
        is_first = False  # a number that is somebody else's main one can be shared, not taken
    if is_primary or is_first:
        _make_main(contact, row, actor)
    else:
        contact.store()
        _say(contact, actor, "", value)
    return contact


@action("address.make_primary", permission="contact:update")
def make_primary(address: ContactAddress, *, actor: Actor) -> Contact:
    """Make an address the one that messages go to; the old one stays. Publishes ContactUpdated."""
    contact = locked(address.contact)
    if address.valid_until is not None:
        raise Refused(gettext("This address is retired. Add it again first."))
    if not address.is_primary:
        _make_main(contact, address, actor)
    return contact


@action("address.retire", permission="contact:update", form=RetireAddressForm)
def retire_address(address: ContactAddress, *, actor: Actor, valid_until: date | None = None) -> Contact:
    """Let nothing go to an address any more; it is still found. Publishes ContactUpdated.

    The newest other one of its kind becomes the main one. Refused when it is the only way to reach a person.
    """
    contact = locked(address.contact)
    if address.valid_until is not None:
        return contact
    was_main = address.is_primary
    address.is_primary, address.valid_until = False, valid_until or today()
    if address.valid_from is not None and address.valid_until < address.valid_from:
        raise Invalid({"valid_until": [gettext("Enter a day after the address began to hold.")]})
    address.save(update_fields=["is_primary", "valid_until"])
    if was_main and address.channel in COLUMNS:
        others = contact.addresses.filter(channel=address.channel).current()
        heir = others.order_by("-valid_from", "-pk").first()
        other_way = contact.phone if address.channel == EMAIL else contact.email
        if heir is None and not other_way and contact.kind == Contact.Kind.PERSON:
            raise Refused(
                gettext("This is the only way to reach %(contact)s. Add another one first.") % {"contact": contact}
            )
        if heir is not None:
            heir.is_primary = True
            heir.save(update_fields=["is_primary"])
        store_facts(contact, {address.channel: heir.value if heir else ""})
    else:
        contact.store()
    _say(contact, actor, address.value, "")
    return contact


def _make_main(contact: Contact, row: ContactAddress, actor: Actor) -> None:
    contact.addresses.filter(channel=row.channel, is_primary=True).update(is_primary=False)
    row.is_primary = True
    row.save(update_fields=["is_primary"])
    before = getattr(contact, row.channel, "")
    if row.channel in COLUMNS:
        store_facts(contact, {row.channel: row.value})
    else:
        contact.store()
    _say(contact, actor, before, row.value, row.channel)


def _say(contact: Contact, actor: Actor, before: str, after: str, field: str = "addresses") -> None:
    changes = {field: [before, after]}
    publish(ContactUpdated(contact_id=contact.pk, changes=changes), actor=actor)


def _folded(contact: Contact, channel: str, value: str) -> str:
    if channel not in COLUMNS:
        return " ".join(value.casefold().split())[:400]
    folded = fold_email(value) if channel == EMAIL else e164(value, region_of(contact.country))
    if not folded:
        raise Invalid({"value": [WRONG[channel]]})
    return folded


def _refuse_anothers(contact: Contact, folded: str) -> None:
    owners = ContactAddress.objects.filter(channel=EMAIL, folded=folded).current()
    other = owners.exclude(contact=contact).select_related("contact").first()
    holder = other.contact if other else Contact.objects.filter(email_folded=folded).first()
    if holder is not None and holder.pk != contact.pk:
        raise Refused(
            gettext("This is an address of %(holder)s. Merge the two, or retire it there first.") % {"holder": holder},
            code="duplicate",
        )
