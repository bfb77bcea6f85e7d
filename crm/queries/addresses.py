"""Reading a contact's addresses, each with what was agreed about it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import Channel, Consent, Contact, ContactAddress, Suppression
from crm.queries.consent import address_fingerprint, consent_of
from crm.queries.filters import one

CHANNELS = {"email": (Channel.EMAIL,), "phone": (Channel.PHONE, Channel.SMS, Channel.WHATSAPP), "postal": ()}


@dataclass(frozen=True, slots=True)
class AddressLine:
    """An address, and what may be done with it: (words, tone) each."""

    row: ContactAddress
    marks: list[tuple[str, str]]


def address_for(actor: Actor, pk: int) -> ContactAddress:
    """Return one address of a contact that the actor may see; raises NotFound."""
    rows = ContactAddress.objects.filter(contact__in=actor.visible("contact:read", Contact.objects.all()))
    return one(rows.select_related("contact"), pk, _("There is no such address."))


def addresses_of(contact: Contact, consents: Iterable[Consent] | None = None) -> list[AddressLine]:
    """Return the addresses with what was agreed about each: main ones first, retired ones last."""
    rows = list(contact.addresses.all()[:50])
    said = sorted(contact.consents.all() if consents is None else consents, key=lambda entry: entry.pk)
    prints = {
        address_fingerprint(channel, row.folded): (row.pk, channel) for row in rows for channel in CHANNELS[row.channel]
    }
    blocked = Suppression.objects.filter(fingerprint__in=prints).values_list("fingerprint", flat=True)
    stopped = {prints[mark] for mark in blocked}
    lines = [AddressLine(row, _marks(row, said, stopped)) for row in rows]
    return sorted(lines, key=lambda line: (line.row.valid_until is not None, not line.row.is_primary, line.row.channel))


def _marks(row: ContactAddress, said: list[Consent], stopped: set[tuple[int, Channel]]) -> list[tuple[str, str]]:
    if row.valid_until is not None:
        return []
    marks = []
    for channel in CHANNELS[row.channel]:
        about = [entry for entry in said if entry.channel == channel]
        given, withdrawn = consent_of(about, row.folded)
        if (row.pk, channel) in stopped:
            marks.append((_("%(channel)s blocked") % {"channel": channel.label}, "bad"))
        elif withdrawn:
            marks.append((_("%(channel)s withdrawn") % {"channel": channel.label}, "bad"))
        elif given:
            marks.append((_("%(channel)s agreed") % {"channel": channel.label}, "good"))
    return marks
