"""Whether we may write to somebody: asked before a message is queued and before it leaves."""

from typing import Final

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


def may_contact(contact: Contact, channel: str, *, marketing: bool = False) -> Verdict:
    """Return whether a message may go to the contact on this channel.

    - Suppression beats everything, then do-not-contact, then a withdrawn consent.
    - Marketing, and any first word on WhatsApp, needs a given consent where the country asks for it.
    """
    folded = contact.email_folded if channel == Channel.EMAIL else contact.phone_e164
    if not folded:
        word = "email address" if channel == Channel.EMAIL else "phone number"
        return Verdict(False, f"{contact.name} has no {word}. Add one first.")
    mark = address_fingerprint(channel, folded)
    if Suppression.objects.filter(channel=channel, fingerprint=mark).exists():
        return Verdict(False, f"{contact.name} must not be written to at this address any more.")
    if contact.do_not_contact:
        return Verdict(False, f"{contact.name} asked not to be contacted.")
    return _by_consent(contact, channel, marketing)


def _by_consent(contact: Contact, channel: str, marketing: bool) -> Verdict:
    latest: dict[str, str] = {}
    rows = Consent.objects.filter(contact=contact, channel=channel).order_by("id")
    for purpose, state in rows.values_list("purpose", "state"):
        if purpose == ALL_PURPOSES:
            latest = dict.fromkeys(latest, state)
        latest[purpose] = state
    purposes = (ALL_PURPOSES, MARKETING) if marketing else (ALL_PURPOSES,)
    agreed = latest.get(MARKETING, latest.get(ALL_PURPOSES)) == Consent.State.GIVEN
    withdrawn = any(latest.get(purpose) == Consent.State.WITHDRAWN for purpose in purposes)
    if withdrawn and not agreed:
        label = Channel(channel).label
        return Verdict(False, f"{contact.name} withdrew consent for {label}.")
    if marketing and not agreed:
        country = (contact.country or Workspace.current().country).upper()
        if country in CONSENT_FIRST or channel == Channel.WHATSAPP:
            return Verdict(
                False, f"{contact.name} has not agreed to this yet. Ask for consent first."
            )
    return Verdict(True)
