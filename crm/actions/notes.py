"""Writing down what was done, and noting on the records that it was."""

from datetime import datetime
from typing import Any

from accounts.actor import Actor
from accounts.models import User
from core import clock
from core.events import publish
from crm.actions.rotting import touch_deals
from crm.events import ActivityCreated
from crm.models import Activity, Contact, Deal, Lead


def write_down(
    *,
    actor: Actor,
    type: str,  # noqa: A002 - the column's name
    subject: str,
    contact: Contact | None,
    lead: Lead | None = None,
    deal: Deal | None = None,
    person: User | None = None,
    completed_at: datetime | None = None,
    is_inbound: bool = False,
    next: str = "",  # noqa: A002 - the field's name
    **values: Any,
) -> Activity:
    """Insert an activity; one that is done counts as a touch. Publishes ActivityCreated.

    It ends a deal's silence when a person did it, or it came in: what a machine notes does not (`crm.rotting`).
    """
    row = Activity.objects.create(
        type=type,
        subject=subject[:200],
        contact=contact,
        lead=lead,
        deal=deal,
        actor=person,
        completed_at=completed_at,
        **values,
    )
    if completed_at is not None:
        touch(contact=contact, deal=deal if actor.is_person or is_inbound else None)
    publish(ActivityCreated(**about(row), type=row.type, actor_id=row.actor_id, next=next), actor=actor)
    return row


def about(row: Activity) -> dict[str, Any]:
    """Return what every happening to an activity names."""
    names = ("contact_id", "lead_id", "deal_id")
    return {"activity_id": row.pk} | {name: getattr(row, name) for name in names}


def jot_on_lead(
    lead: Lead, actor: Actor, subject: str, body: str = "", *, person: User | None = None, deal: Deal | None = None
) -> None:
    """Write a note on a lead, of the person who acts or of `person`. Publishes ActivityCreated."""
    write_down(
        actor=actor,
        type=Activity.Type.NOTE.value,
        subject=subject,
        body=body,
        contact=lead.contact,
        lead=lead,
        deal=deal,
        person=actor.user or person,
        completed_at=clock.now(),
    )


def touch(*, contact: Contact | None = None, deal: Deal | None = None) -> None:
    """Note that something meaningful happened now; not an edit, so versions stay."""
    at = clock.now()
    if contact is not None:
        Contact.objects.filter(pk=contact.pk).update(last_activity_at=at)
        contact.last_activity_at = at
    if deal is not None:
        touch_deals([deal.pk])
