"""Activities are logged, planned, corrected and completed."""

from datetime import datetime
from typing import Any

from accounts.actor import Actor
from accounts.models import User, Workspace
from core import clock
from core.actions import action
from core.errors import Invalid, NotFound, Refused
from core.events import publish
from crm.actions.changes import differences, only
from crm.actions.leads import record_outreach
from crm.actions.notes import about, touch, write_down
from crm.events import ActivityCompleted, ActivityUpdated
from crm.forms.activities import CompleteActivityForm, CreateActivityForm, UpdateActivityForm
from crm.forms.calls import LogCallForm, due_after
from crm.models import Activity, Contact, Deal, Lead
from crm.queries.leads import may

FACTS = ("subject", "body", "outcome", "due_at")


@action("activity.create", permission="activity:create", form=CreateActivityForm)
def create_activity(
    *,
    actor: Actor,
    type: str,  # noqa: A002 - the column's name
    subject: str,
    contact: Contact | None = None,
    lead: Lead | None = None,
    deal: Deal | None = None,
    body: str = "",
    outcome: str = "",
    due_at: datetime | None = None,
    completed_at: datetime | None = None,
    assignee: User | None = None,
    is_inbound: bool = False,
    source_key: str | None = None,
) -> Activity:
    """Log or plan something with a contact, on a lead or on a deal. Publishes ActivityCreated.

    - A task, or anything with a future date, is open; the rest is done at once and counts as a touch.
    - An outbound call to a lead contacts it. A `source_key` that is known returns what it made.
    """
    if source_key and (known := Activity.objects.filter(source_key=source_key).first()):
        return known
    contact = _subject(actor, contact, lead, deal)
    now = clock.now()
    if completed_at is None and type != Activity.Type.TASK and (due_at is None or due_at <= now):
        completed_at = now
    is_call = type == Activity.Type.CALL and completed_at is not None and not is_inbound
    is_cold = lead is not None and lead.status in {"new", "contacted"}
    if is_call and lead is not None and is_cold and may(lead, "outreach"):
        record_outreach(lead, actor=actor, channel="phone")
    owner = lead.owner if lead else deal.owner if deal else contact.owner if contact else None
    return write_down(
        actor=actor,
        type=type,
        subject=subject,
        contact=contact,
        lead=lead,
        deal=deal,
        person=assignee or actor.user or owner,
        completed_at=completed_at,
        body=body,
        outcome=outcome,
        due_at=due_at,
        source_key=source_key or None,
        is_inbound=is_inbound,
    )


@action("activity.log_call", permission="activity:create", form=LogCallForm)
def log_call(
    *,
    actor: Actor,
    outcome: str,
    next: str = "none",  # noqa: A002 - the field's name
    note: str = "",
    is_inbound: bool = False,
    **on: Any,
) -> Activity:
    """Log how a call with a contact, on a lead or on a deal went, and plan the next one."""
    call = create_activity(
        actor=actor,
        type=Activity.Type.CALL.value,
        subject=outcome,
        outcome=outcome,
        body=note,
        is_inbound=is_inbound,
        **on,
    )
    zone = actor.user.timezone if actor.user else Workspace.current().timezone
    if due_at := due_after(next, zone):
        create_activity(
            actor=actor,
            type=Activity.Type.CALL.value,
            subject=f"Follow up with {call.contact.name}"[:200] if call.contact else "Follow up",
            due_at=due_at,
            **on,
        )
    return call


@action("activity.update", permission="activity:update", form=UpdateActivityForm)
def update_activity(
    activity: Activity, *, actor: Actor, version: int | None = None, **facts: Any
) -> Activity:
    """Correct an activity. Publishes ActivityUpdated. Refused ("stale") when somebody was first."""
    activity.check_version(version)
    only(facts, FACTS)
    changes = differences(activity, facts)
    if changes:
        activity.store(**{name: facts[name] for name in changes})
        publish(ActivityUpdated(**about(activity), changes=sorted(changes)), actor=actor)
    return activity


@action("activity.complete", permission="activity:update", form=CompleteActivityForm)
def complete_activity(activity: Activity, *, actor: Actor, outcome: str = "") -> Activity:
    """Note that a planned activity is done, and what came of it. Publishes ActivityCompleted."""
    if activity.completed_at is not None:
        raise Refused("This is done already.")
    activity.store(completed_at=clock.now(), outcome=outcome or activity.outcome)
    touch(contact=activity.contact, deal=activity.deal if actor.is_person else None)
    publish(
        ActivityCompleted(**about(activity), type=activity.type, actor_id=activity.actor_id),
        actor=actor,
    )
    return activity


def _subject(
    actor: Actor, contact: Contact | None, lead: Lead | None, deal: Deal | None
) -> Contact | None:
    asked = (("contact:read", contact), ("lead:read", lead), ("deal:read", deal))
    for permission, row in asked:
        if row is not None and actor.is_person and not actor.can(permission, row):
            raise NotFound
    named = {row.contact_id for row in (lead, deal) if row is not None}
    if contact is not None:
        named.add(contact.pk)
    if not named:
        raise Invalid("Say which contact, lead or deal this is about.")
    if len(named) > 1:
        raise Invalid("The lead and the deal must be of the same contact.")
    return contact or (lead.contact if lead else deal.contact if deal else None)
