"""Telling the people concerned."""

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import User
from accounts.roles import ADMIN, FINANCE
from billing.models import Payment, Proposal


def tell_owner(proposal: Proposal, kind: str, words: str, key: str, *, email: bool = False) -> None:
    """Notify the owner of a proposal's deal; the words go on after "Proposal P-1 for Meera"."""
    owner = proposal.deal.owner
    if owner is not None:
        notify(
            owner,
            actor=Actor.system("proposals"),
            kind=kind,
            text=f"Proposal {proposal.reference} for {proposal.contact.name} {words}",
            url=proposal.get_absolute_url(),
            key=key,
            email=email,
        )


def alert_about(payment: Payment, kind: str, text: str, key: str) -> None:
    """Notify administrators, finance and the deal's owner about a payment."""
    people = User.objects.filter(is_active=True, groups__name__in=(ADMIN, FINANCE)).distinct()
    told = {person.pk: person for person in people}
    if payment.deal is not None and payment.deal.owner is not None:
        told[payment.deal.owner.pk] = payment.deal.owner
    for person in told.values():
        notify(
            person,
            actor=Actor.system("payments"),
            kind=kind,
            text=text,
            url=payment.get_absolute_url(),
            key=f"{key}:{person.pk}",
            email=True,
        )
