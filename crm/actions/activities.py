"""Activities are logged, planned, corrected and completed."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User, Workspace
from core import clock
from core.actions import action
from core.errors import Invalid, NotFound, Refused
from core.events import publish
from core.hours import moment
from crm.actions.changes import differences, only
from crm.actions.leads import record_outreach
from crm.actions.notes import about, touch, write_down
from crm.actions.recording import current_operation, delete_recorded
from crm.events import ActivityAssigned, ActivityCompleted, ActivityDeleted, ActivityUpdated
from crm.forms.activities import CompleteActivityForm, CreateActivityForm, UpdateActivityForm
from crm.forms.calls import LogCallForm, due_after
from crm.forms.fields import ReassignForm
from crm.forms.leads import NothingForm
from crm.models import Activity, Booking, Contact, Deal, Lead
from crm.queries.leads import may

PLAN = ("due_at", "due_on", "ends_at")
FACTS = ("subject", "body", "outcome", "place", "guests", "invites", *PLAN)
COLD = ("new", "contacted")
USUAL_LENGTH = timedelta(minutes=30)


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
    completed_at: datetime | None = None,
    assignee: User | None = None,
    is_inbound: bool = False,
    source_key: str | None = None,
    next: str = "",  # noqa: A002 - the field's name
    **plan: Any,
) -> Activity:
    """Log or plan something with a contact, on a lead or on a deal. Publishes ActivityCreated.

    - A task, or anything with a future date, is open; the rest is done at once and counts as a touch.
    - With `due_on` it is for a day without a time; `next` says what follows a meeting that took place.
    - An outbound call to a lead contacts it. A `source_key` that is known returns what it made.
    """
    if source_key and (known := Activity.objects.filter(source_key=source_key).first()):
        return known
    contact = _subject(actor, contact, lead, deal)
    only(plan, (*PLAN, "place", "guests", "invites"))
    owner = lead.owner if lead else deal.owner if deal else contact.owner if contact else None
    person = assignee or actor.user or owner
    plan |= planned(Activity(type=type, actor=person), plan)
    completed_at = completed_at or _done_at(type, plan["due_at"])
    is_call = type == Activity.Type.CALL and completed_at is not None and not is_inbound
    if is_call and lead is not None and lead.status in COLD and may(lead, "outreach"):
        record_outreach(lead, actor=actor, channel="phone")
    return write_down(
        actor=actor,
        type=type,
        subject=subject,
        contact=contact,
        lead=lead,
        deal=deal,
        person=person,
        completed_at=completed_at,
        body=body,
        outcome=outcome,
        source_key=source_key or None,
        is_inbound=is_inbound,
        next=next,
        **plan,
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
def update_activity(activity: Activity, *, actor: Actor, version: int | None = None, **facts: Any) -> Activity:
    """Correct an activity. Publishes ActivityUpdated. Refused ("stale") when somebody was first."""
    activity.check_version(version)
    only(facts, FACTS)
    facts |= planned(activity, facts)
    changes = differences(activity, facts)
    if changes:
        activity.store(**{name: facts[name] for name in changes})
        publish(ActivityUpdated(**about(activity), changes=sorted(changes)), actor=actor)
    return activity


@action("activity.reassign", permission="activity:update", form=ReassignForm)
def reassign_activity(activity: Activity, *, actor: Actor, owner: User) -> Activity:
    """Give something planned to somebody else; it is told to them. Publishes ActivityAssigned. Refused when done."""
    _check_open(activity)
    if activity.actor_id != owner.pk:
        previous, activity.actor = activity.actor_id, owner
        if activity.due_on:
            activity.due_at = moment(activity.due_on, "23:59", owner.timezone)
        activity.store("actor", "due_at")
        facts = about(activity) | {"operation_id": current_operation()}
        publish(ActivityAssigned(**facts, actor_id=owner.pk, previous_actor_id=previous), actor=actor)
    return activity


@action("activity.delete", permission="activity:update", form=NothingForm)
def delete_activity(activity: Activity, *, actor: Actor) -> None:
    """Delete something planned; for 30 days it can be brought back. Publishes ActivityDeleted. Refused when done."""
    _check_open(activity)
    if Booking.objects.filter(activity=activity, cancelled_at=None).exists():
        raise Refused(_("A guest booked this meeting. Cancel the booking instead, so that they are told."))
    facts = about(activity)
    delete_recorded(activity, actor=actor, permission="activity:update")
    publish(ActivityDeleted(**facts), actor=actor)


@action("activity.complete", permission="activity:update", form=CompleteActivityForm)
def complete_activity(
    activity: Activity,
    *,
    actor: Actor,
    outcome: str = "",
    next: str = "",  # noqa: A002 - the field's name
) -> Activity:
    """Note that a planned activity is done, what came of it and what comes next. Publishes ActivityCompleted."""
    _check_open(activity)
    activity.store(completed_at=clock.now(), outcome=outcome or activity.outcome)
    touch(contact=activity.contact, deal=activity.deal if actor.is_person else None)
    who = activity.actor_id
    publish(ActivityCompleted(**about(activity), type=activity.type, actor_id=who, next=next), actor=actor)
    return activity


@action("activity.reopen", permission="activity:update")
def reopen_activity(activity: Activity, *, actor: Actor) -> Activity:
    """Note that it is still to be done; a follow-up that nobody touched goes. Publishes ActivityUpdated."""
    if activity.completed_at is None:
        raise Refused(_("This is open already."))
    activity.store(completed_at=None)
    follow_up = Activity.objects.filter(source_key=follow_up_key(activity.pk))
    follow_up.filter(Activity.goes_while).delete()
    publish(ActivityUpdated(**about(activity), changes=["completed_at"]), actor=actor)
    return activity


def follow_up_key(pk: int) -> str:
    """Return what the follow-up of a meeting is known by: there is one at most."""
    return f"follow-up:{pk}"


def planned(row: Activity, facts: dict[str, Any]) -> dict[str, Any]:
    """Return when a row is due by what was said: at a time, or on a day; a meeting that moves keeps its length."""
    due_at, due_on = facts.get("due_at", row.due_at), facts.get("due_on", row.due_on)
    ends_at = facts.get("ends_at", row.ends_at)
    new_time = due_at not in (None, row.due_at)
    if due_on and due_on != row.due_on and new_time:
        raise Invalid({"due_on": [_("Give a time, or only a day: not both.")]})
    if due_on and not (new_time and due_on == row.due_on):
        zone = row.actor.timezone if row.actor else Workspace.current().timezone
        due_at = row.due_at if due_on == row.due_on else moment(due_on, "23:59", zone)
        return {"due_at": due_at, "due_on": due_on, "ends_at": None}
    if row.due_on and due_at == row.due_at:
        due_at = None  # the day was taken away
    if due_at is None and ends_at == row.ends_at:
        ends_at = None  # and with the start goes the end
    if due_at and row.due_at and ends_at and ends_at == row.ends_at:
        ends_at += due_at - row.due_at
    elif due_at and not ends_at and row.is_meeting:
        ends_at = due_at + USUAL_LENGTH
    if ends_at and (due_at is None or ends_at <= due_at):
        raise Invalid({"ends_at": [_("The end must be after the start.")]})
    return {"due_at": due_at, "due_on": None, "ends_at": ends_at}


def _check_open(activity: Activity) -> None:
    if activity.completed_at is not None:
        raise Refused(_("This is done already."))


def _done_at(kind: str, due_at: datetime | None) -> datetime | None:
    now = clock.now()
    is_ahead = kind == Activity.Type.TASK or (due_at is not None and due_at > now)
    return None if is_ahead else now


def _subject(actor: Actor, contact: Contact | None, lead: Lead | None, deal: Deal | None) -> Contact | None:
    asked = (("contact:read", contact), ("lead:read", lead), ("deal:read", deal))
    for permission, row in asked:
        if row is not None and actor.is_person and not actor.can(permission, row):
            raise NotFound
    named = {row.contact_id for row in (lead, deal) if row is not None}
    if contact is not None:
        named.add(contact.pk)
    if not named:
        raise Invalid(_("Say which contact, lead or deal this is about."))
    if len(named) > 1:
        raise Invalid(_("The lead and the deal must be of the same contact."))
    return contact or (lead.contact if lead else deal.contact if deal else None)
