"""Tickets are opened, given to somebody, answered, solved and opened again; their clocks are reckoned here."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.actions.notify import notify
from accounts.actor import Actor
from accounts.models import User
from accounts.permissions import can, people_who_can
from core import clock
from core.actions import action
from core.errors import Invalid, NotFound, Refused
from core.events import publish
from crm.actions.changes import differences, only
from crm.actions.intake import Newcomer, contact_of
from crm.actions.notes import touch
from crm.events import tickets as events
from crm.forms import tickets as forms
from crm.forms.leads import NothingForm
from crm.models import Contact, SlaTarget, Ticket, TicketNote
from crm.models.ticket import Priority
from crm.queries.tickets import Rules, running, sla_rules, told_when_late
from crm.sla import WARN_AT

DUE = ("response_due_at", "resolution_due_at", "due_at", "warn_at")
CLOCK = (*DUE, "worked_seconds", "running_since", "warned_at", "escalated_at")


@action("ticket.create", permission="ticket:create", form=forms.CreateTicketForm)
def create_ticket(
    *,
    actor: Actor,
    subject: str,
    contact: Contact | None = None,
    requester: str = "",
    name: str = "",
    assignee: User | None = None,
    **facts: Any,
) -> Ticket:
    """Open a ticket of a contact; its clock starts now. Publishes TicketCreated.

    Whoever is only known by an email address or phone number becomes a contact, as those do who write to us.
    """
    only(facts, ("body", "priority"))
    if contact is None:
        contact = _contact_of(requester, name)
    elif actor.is_person and not actor.can("contact:read", contact):
        raise NotFound
    asked_by = requester or contact.email or contact.phone
    ticket = Ticket(contact=contact, requester=asked_by, subject=subject[:200], **facts)
    _reckon(ticket, sla_rules())
    ticket.insert()
    touch(contact=contact)
    publish(events.TicketCreated(**_facts(ticket), priority=ticket.priority), actor=actor)
    return assign_ticket(ticket, actor=actor, assignee=assignee) if assignee else ticket


@action("ticket.update", permission="ticket:update", form=forms.UpdateTicketForm)
def update_ticket(ticket: Ticket, *, actor: Actor, version: int | None = None, **facts: Any) -> Ticket:
    """Correct a ticket; another priority has other targets. Publishes TicketUpdated. Refused ("stale") when late."""
    ticket.check_version(version)
    only(facts, ("subject", "body", "priority"))
    _check_not_closed(ticket)
    if changes := differences(ticket, facts):
        for name in changes:
            setattr(ticket, name, facts[name])
        if "priority" in changes:
            ticket.warned_at = ticket.escalated_at = None
            _reckon(ticket, sla_rules())
        ticket.store(*changes, *CLOCK)
        publish(events.TicketUpdated(**_facts(ticket), changes=changes), actor=actor)
    return ticket


@action("ticket.assign", permission="ticket:assign", form=forms.AssignTicketForm)
def assign_ticket(ticket: Ticket, *, actor: Actor, assignee: User | None = None) -> Ticket:
    """Give a ticket to somebody, or back to the queue, and tell them. Publishes TicketAssigned."""
    _check_not_closed(ticket)
    if assignee is not None and not (assignee.is_active and can(assignee, "ticket:resolve")):
        words = _("%(person)s does not work on tickets. Choose a support agent.")
        raise Invalid({"assignee": [words % {"person": assignee}]})
    previous = ticket.assignee_id
    if previous != (assignee.pk if assignee else None):
        ticket.store(assignee=assignee)
        publish(events.TicketAssigned(**_facts(ticket), previous_assignee_id=previous), actor=actor)
        if assignee is not None and assignee.pk != actor.user_id:
            _tell([assignee], ticket, actor, "ticket.assigned", "{} is yours: {}")
    return ticket


@action("ticket.note", permission="ticket:update", form=forms.NoteForm)
def note_ticket(ticket: Ticket, *, actor: Actor, body: str) -> Ticket:
    """Write a note that only the team reads. Publishes TicketNoted."""
    TicketNote.objects.create(ticket=ticket, author=actor.user, body=body.strip())
    publish(events.TicketNoted(**_facts(ticket)), actor=actor)
    return ticket


@action("ticket.wait", permission="ticket:update", form=NothingForm)
def hold_ticket(ticket: Ticket, *, actor: Actor) -> Ticket:
    """Wait for the customer: the clock rests until they write. Publishes TicketMoved."""
    if ticket.status == Ticket.Status.PENDING:
        raise Refused(_("This ticket waits for the customer already."))
    if ticket.status != Ticket.Status.OPEN:
        raise Refused(_("This ticket is solved. Reopen it first."))
    ticket.wait()
    return _moved(ticket, "open", actor)


@action("ticket.resolve", permission="ticket:resolve", form=forms.ResolveTicketForm)
def resolve_ticket(ticket: Ticket, *, actor: Actor, note: str = "") -> Ticket:
    """Mark a ticket solved: its clock stops, a first answer that was due counts as given. Publishes TicketMoved."""
    previous = ticket.status
    if previous in {Ticket.Status.RESOLVED, Ticket.Status.CLOSED}:
        raise Refused(_("This ticket is solved already."))
    ticket.resolve(at=clock.now())
    ticket.first_answered_at = ticket.first_answered_at or ticket.resolved_at
    if note.strip():
        note_ticket(ticket, actor=actor, body=note)
    return _moved(ticket, previous, actor)


@action("ticket.reopen", permission="ticket:reopen", form=NothingForm)
def reopen_ticket(ticket: Ticket, *, actor: Actor) -> Ticket:
    """Take a ticket up again; its clock goes on where it stopped. Publishes TicketMoved."""
    _check_not_closed(ticket)
    previous = ticket.status
    if previous == Ticket.Status.OPEN:
        raise Refused(_("This ticket is open."))
    ticket.reopen()
    return _moved(ticket, previous, actor)


@action("ticket.close", permission=None)
def close_ticket(ticket: Ticket, *, actor: Actor) -> Ticket:
    """Close a solved ticket to which nobody came back. Publishes TicketMoved."""
    if ticket.status != Ticket.Status.RESOLVED:
        return ticket
    ticket.close(at=clock.now())
    return _moved(ticket, "resolved", actor)


@action("ticket.receive", permission=None)
def receive_on_ticket(ticket: Ticket, *, actor: Actor) -> Ticket:
    """Note that the customer wrote: a ticket that waited or was solved is open again. Publishes TicketReceived."""
    if ticket.status in {Ticket.Status.PENDING, Ticket.Status.RESOLVED}:
        ticket = reopen_ticket(ticket, actor=actor)
    publish(events.TicketReceived(**_facts(ticket)), actor=actor)
    agents = [ticket.assignee] if ticket.assignee else []
    _tell(agents, ticket, actor, "ticket.received", "{} has a new message: {}")
    return ticket


@action("ticket.record_answer", permission=None)
def record_answer(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """Note when the first answer left: from now on the time to the solution counts. Publishes TicketAnswered."""
    if ticket.first_answered_at is None:
        ticket.first_answered_at, ticket.warned_at, ticket.escalated_at = at, None, None
        _reckon(ticket, sla_rules())
        ticket.store(*CLOCK, "first_answered_at")
        publish(events.TicketAnswered(**_facts(ticket)), actor=actor)
    return ticket


@action("ticket.escalate", permission=None)
def escalate_ticket(ticket: Ticket, *, actor: Actor) -> Ticket:
    """Tell once of a target that is near (the assignee, else all agents) or passed (their managers, too).

    Publishes TicketEscalated. A target may ask for the next priority when it has passed; the promised time stays.
    """
    now, due_at = clock.now(), ticket.due_at
    is_late = ticket.is_late and ticket.escalated_at is None
    is_near = ticket.warned_at is None and ticket.warn_at is not None and ticket.warn_at <= now
    if due_at is None or not (is_late or is_near):
        return ticket
    if is_late:
        ticket.escalated_at, order = now, Priority.values
        if SlaTarget.objects.filter(priority=ticket.priority, raises_priority=True).exists():
            ticket.priority = order[min(order.index(ticket.priority) + 1, len(order) - 1)]
        people, words = told_when_late(ticket), "{} is late: {}"
    else:
        agents = [ticket.assignee] if ticket.assignee else people_who_can("ticket:resolve")
        people, words = list(agents), "{} is due soon: {}"
    ticket.store("priority", "escalated_at", warned_at=ticket.warned_at or now)
    publish(events.TicketEscalated(**_facts(ticket), due_at=due_at, is_late=is_late), actor=actor)
    kind = "ticket.late" if is_late else "ticket.due_soon"
    _tell(people, ticket, actor, kind, words)
    return ticket


@action("sla_target.update", permission="settings:manage", form=forms.UpdateTargetForm)
def update_target(target: SlaTarget, *, actor: Actor, **values: Any) -> SlaTarget:
    """Change the targets of a priority; the open tickets are reckoned anew. Publishes SlaTargetChanged."""
    only(values, ("response_minutes", "resolution_minutes", "raises_priority"))
    if changes := differences(target, values):
        for name in changes:
            setattr(target, name, values[name])
        target.save()
        recount_tickets()
        publish(events.SlaTargetChanged(sla_target_id=target.pk, changes=changes), actor=actor)
    return target


def recount_tickets() -> None:
    """Reckon the running clocks anew, after the hours, the holidays or the targets changed; versions stay."""
    rules = sla_rules()
    for ticket in running().iterator(chunk_size=500):
        _reckon(ticket, rules)
        running().filter(pk=ticket.pk, running_since=ticket.running_since).update(
            **{name: getattr(ticket, name) for name in DUE}
        )


def _reckon(ticket: Ticket, rules: Rules) -> None:
    """Set by when the ticket must be answered, solved, and looked at next; what is past stays."""
    found, target = ticket.clock, rules.targets.get(ticket.priority)
    ticket.due_at = ticket.warn_at = None
    if found.since is None or target is None:
        return
    minutes = target.resolution_minutes
    ticket.resolution_due_at = found.due(rules.hours, minutes)
    if ticket.first_answered_at is None:
        minutes = target.response_minutes
        ticket.response_due_at = found.due(rules.hours, minutes)
    ticket.due_at = found.due(rules.hours, minutes)
    ticket.warn_at = found.due(rules.hours, minutes * WARN_AT)


def _moved(ticket: Ticket, previous: str, actor: Actor) -> Ticket:
    """Write a ticket in its new state: its clock runs while it is open, and rests else."""
    rules, now, is_open = sla_rules(), clock.now(), ticket.status == Ticket.Status.OPEN
    found = ticket.clock.started(now) if is_open else ticket.clock.stopped(rules.hours, now)
    ticket.worked_seconds, ticket.running_since = found.worked, found.since
    if previous == Ticket.Status.RESOLVED:
        ticket.warned_at = ticket.escalated_at = None
    _reckon(ticket, rules)
    ticket.store("status", *CLOCK, "first_answered_at", "resolved_at", "closed_at")
    states = {"status": ticket.status, "previous_status": previous}
    publish(events.TicketMoved(**_facts(ticket), **states), actor=actor)
    return ticket


def _contact_of(requester: str, name: str) -> Contact:
    first, _space, last = name.strip().partition(" ")
    address = {"email" if "@" in requester else "phone": requester}
    newcomer = Newcomer(first_name=first, last_name=last, **address)
    return contact_of(newcomer, None, Actor.system("support"), "manual")[0]


def _check_not_closed(ticket: Ticket) -> None:
    if ticket.status == Ticket.Status.CLOSED:
        raise Refused(_("This ticket is closed and stays so. Make a new one instead."))


def _facts(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in ("contact_id", "assignee_id")} | {"ticket_id": ticket.pk}


def _tell(people: list[User], ticket: Ticket, actor: Actor, kind: str, words: str) -> None:
    text, url = words.format(ticket.number, ticket.subject), ticket.get_absolute_url()
    for person in people:
        by_mail = kind in {"ticket.due_soon", "ticket.late"}
        notify(person, actor=actor, kind=kind, text=text, url=url, email=by_mail)
