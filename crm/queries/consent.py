"""Whether we may write to somebody: asked before a message is queued and before it leaves."""

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from accounts.models import Workspace
from accounts.permissions import Verdict
from core.crypto import fingerprint
from crm.matching import e164, fold_email
from crm.models import Channel, Consent, Contact, Suppression

ALL_PURPOSES: Final = "all"
MARKETING: Final = "marketing"

# Where advertising by electronic mail or message needs a yes beforehand.
CONSENT_FIRST: Final = frozenset(
    [
        *("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT"),
        *("LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO"),
        *("GB", "CH", "CA", "AU", "NZ", "JP", "KR", "CN", "ZA", "BR"),
    ]
)


def fold_address(channel: str, address: str) -> str:
    """Return the form of an address under which all its spellings are one; "" when it is none."""
    if channel == Channel.EMAIL:
        return fold_email(address)
    return e164(address, Workspace.current().country)


def address_fingerprint(channel: str, folded: str) -> str:
    """Return the fingerprint under which a folded address is suppressed."""
    return fingerprint(f"suppression:{channel}", folded)


def is_suppressed(channel: str, address: str) -> bool:
    """Return whether no message may go to this address, in whatever spelling."""
    folded = fold_address(channel, address)
    if not folded:
        return False
    mark = address_fingerprint(channel, folded)
    return Suppression.objects.filter(channel=channel, fingerprint=mark).exists()


def may_contact(contact: Contact, channel: str, *, marketing: bool = False, address: str = "") -> Verdict:
    """Return whether a message may go to the contact on this channel, to its main address or to `address`.

    - A retired address is none; suppression beats everything, then do-not-contact, then a withdrawn consent.
    - Marketing, and any first word on WhatsApp, needs a given consent where the country asks for it.
    """
    main = (contact.email_folded if channel == Channel.EMAIL else contact.phone_e164) or ""
    folded = fold_address(channel, address) if address else main
    if not folded:
        word = _("email address") if channel == Channel.EMAIL else _("phone number")
        return Verdict(
            False, _("%(contact)s has no %(word)s. Add one first.") % {"contact": contact.name, "word": word}
        )
    if folded != main and not contact.addresses.current().filter(folded=folded).exists():
        return Verdict(
            False,
            _("%(address)s is no address of %(contact)s any more.") % {"address": address, "contact": contact.name},
        )
    if is_suppressed(channel, folded):
        return Verdict(False, _("%(address)s must not be written to any more.") % {"address": address or contact.name})
    if contact.do_not_contact:
        return Verdict(False, _("%(contact)s asked not to be contacted.") % {"contact": contact.name})
    given, withdrawn = consent_of(statements(contact, channel), folded, marketing=marketing)
    if withdrawn:
        label = Channel(channel).label
        return Verdict(
            False, _("%(contact)s withdrew consent for %(label)s.") % {"contact": contact.name, "label": label}
        )
    if marketing and not given:
        country = (contact.country or Workspace.current().country).upper()
        if country in CONSENT_FIRST or channel == Channel.WHATSAPP:
            return Verdict(
                False, _("%(contact)s has not agreed to this yet. Ask for consent first.") % {"contact": contact.name}
            )
    return Verdict(True)


def statements(contact: Contact, channel: str) -> list[Consent]:
    """Return what the contact said about a channel, oldest first."""
    return list(Consent.objects.filter(contact=contact, channel=channel).order_by("id"))


def consent_of(said: Iterable[Consent], folded: str, *, marketing: bool = True) -> tuple[bool, bool]:
    """Return whether consent for an address stands given, and whether it stands withdrawn.

    The latest statement counts. A no is about the person, a yes only about the address it was given for.
    """
    latest: dict[str, str] = {}
    for row in said:
        if row.state == Consent.State.GIVEN and row.address not in ("", folded):
            continue
        if row.purpose == ALL_PURPOSES:
            latest = dict.fromkeys(latest, row.state)
        latest[row.purpose] = row.state
    purposes = (ALL_PURPOSES, MARKETING) if marketing else (ALL_PURPOSES,)
    agreed = latest.get(MARKETING, latest.get(ALL_PURPOSES)) == Consent.State.GIVEN
    withdrawn = any(latest.get(purpose) == Consent.State.WITHDRAWN for purpose in purposes)
    return agreed, withdrawn and not agreed
