"""Consent is given and withdrawn; addresses are suppressed."""

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock
from core.actions import action
from core.errors import Invalid
from core.events import publish
from crm.events import AddressSuppressed, ConsentGiven, ConsentWithdrawn
from crm.forms.consent import GiveConsentForm, SuppressAddressForm, WithdrawConsentForm
from crm.models import Channel, Consent, Contact, Suppression
from crm.queries.consent import ALL_PURPOSES, MARKETING, address_fingerprint, fold_address


@action("consent.give", permission="contact:update", form=GiveConsentForm)
def give_consent(
    contact: Contact,
    *,
    actor: Actor,
    channel: str,
    purpose: str = MARKETING,
    source: str = "",
    proof: str = "",
    text_version: str = "",
    address: str = "",
) -> Contact:
    """Record that the contact agreed, for one address; a suppressed one stays suppressed. Publishes ConsentGiven."""
    record_consent(
        contact,
        actor,
        channel=channel,
        purpose=purpose or MARKETING,
        source=source,
        proof=proof,
        text_version=text_version,
        address=address,
    )
    return contact


@action("consent.withdraw", permission="contact:update", form=WithdrawConsentForm)
def withdraw_consent(
    contact: Contact, *, actor: Actor, channel: str, reason: str = "", purpose: str = ALL_PURPOSES
) -> Contact:
    """Record that the contact said stop. Publishes ConsentWithdrawn.

    For all purposes (the default) the contact's address on that channel is suppressed as well.
    """
    Consent.objects.create(
        contact=contact,
        channel=channel,
        purpose=purpose,
        state=Consent.State.WITHDRAWN,
        source=actor.via,
        proof=reason,
        ip=actor.ip,
        at=clock.now(),
    )
    address = contact.email_folded if channel == Channel.EMAIL else contact.phone_e164
    if purpose == ALL_PURPOSES and address:
        _suppress(actor, channel, address, "withdrawn")
    publish(ConsentWithdrawn(contact_id=contact.pk, channel=channel, reason=reason), actor=actor)
    return contact


@action("suppression.add", permission="contact:update", form=SuppressAddressForm)
def suppress_address(*, actor: Actor, channel: str, address: str, reason: str) -> Suppression:
    """Let no message go to an address any more, in whatever spelling. Publishes AddressSuppressed."""
    return _suppress(actor, channel, address, reason)


def record_consent(
    contact: Contact,
    actor: Actor,
    *,
    channel: str,
    purpose: str = MARKETING,
    source: str = "",
    proof: str = "",
    text_version: str = "",
    ip: str = "",
    address: str = "",
) -> None:
    """Insert a given consent within another action, for the main address or `address`. Publishes ConsentGiven."""
    main = contact.email_folded if channel == Channel.EMAIL else contact.phone_e164
    Consent.objects.create(
        contact=contact,
        channel=channel,
        purpose=purpose,
        state=Consent.State.GIVEN,
        address=fold_address(channel, address) if address else main or "",
        source=source,
        proof=proof,
        text_version=text_version,
        ip=ip or actor.ip,
        at=clock.now(),
    )
    publish(ConsentGiven(contact_id=contact.pk, channel=channel, purpose=purpose), actor=actor)


def _suppress(actor: Actor, channel: str, address: str, reason: str) -> Suppression:
    folded = fold_address(channel, address)
    if not folded:
        raise Invalid({"address": [_("Enter an address of this channel.")]})
    row, is_new = Suppression.objects.get_or_create(
        channel=channel,
        fingerprint=address_fingerprint(channel, folded),
        defaults={"reason": reason[:40], "at": clock.now()},
    )
    if is_new:
        publish(AddressSuppressed(suppression_id=row.pk, channel=channel, reason=row.reason), actor=actor)
    return row
