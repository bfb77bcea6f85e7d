"""Tickets: opened by every door, given to agents, answered, solved, taken up again; nothing else is possible."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Workspace
from core import clock
from core.actions import run
from core.errors import Denied, HouseError, Invalid, Refused
from core.models import Event
from crm.actions.tickets import (
    assign_ticket,
    close_ticket,
    create_ticket,
    escalate_ticket,
    hold_ticket,
    receive_on_ticket,
    record_answer,
    reopen_ticket,
    resolve_ticket,
    update_target,
    update_ticket,
)
from crm.jobs import close_solved_tickets, escalate_tickets
from crm.models import Contact, SlaTarget, Ticket
from tests.factories.crm import SYSTEM, make_contact
from tests.people import as_actor

pytestmark = pytest.mark.django_db
# Monday 1 June 2026, nine in the morning in India, where the office is open from nine to six.
MORNING = datetime(2026, 6, 1, 3, 30, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Set the clock to so many hours after Monday morning."""

    def set_to(hours: float) -> datetime:
        now = MORNING + timedelta(hours=hours)
        monkeypatch.setattr("django.utils.timezone.now", lambda: now)
        return now

    set_to(0)
    return set_to


def opened(**values) -> Ticket:
    values = {"contact": make_contact(), "subject": "The form is broken"} | values
    return create_ticket(actor=SYSTEM, **values)


def in_state(status: str) -> Ticket:
    ticket = opened()
    if status == "pending":
        return hold_ticket(ticket, actor=SYSTEM)
    if status in ("resolved", "closed"):
        ticket = resolve_ticket(ticket, actor=SYSTEM)
    return close_ticket(ticket, actor=SYSTEM) if status == "closed" else ticket


EDGES = {
    "wait": {"open": "pending"},
    "resolve": {"open": "resolved", "pending": "resolved"},
    "reopen": {"pending": "open", "resolved": "open"},
    "assign": {"open": "open", "pending": "pending", "resolved": "resolved"},
}


@pytest.mark.parametrize("verb", EDGES)
@pytest.mark.parametrize("status", ["open", "pending", "resolved", "closed"])
def test_each_verb_leads_where_the_machine_says_and_a_refusal_says_why(sam, verb, status):
    ticket = in_state(status)
    before = Ticket.objects.values().get()
    if (to := EDGES[verb].get(status)) is not None:
        assert run(f"ticket.{verb}", ticket, actor=as_actor(sam), data={}).status == to
        return
    with pytest.raises(Refused, match=r"^This ticket "):
        run(f"ticket.{verb}", ticket, actor=as_actor(sam), data={})
    assert Ticket.objects.values().get() == before


@pytest.mark.parametrize(
    ("status", "columns"),
    [
        ("open", {"status": "solved"}),
        ("open", {"status": "pending"}),
        ("open", {"status": "resolved", "running_since": None}),
        ("open", {"priority": "huge"}),
        ("pending", {"status": "open"}),
        ("resolved", {"resolved_at": None}),
        ("resolved", {"status": "closed"}),
        ("closed", {"status": "open", "running_since": MORNING}),
    ],
)
def test_the_database_refuses_what_no_verb_does(status, columns):
    ticket = in_state(status)
    assignments = ", ".join(f"{name} = %s" for name in columns)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        sql = f"UPDATE crm_ticket SET {assignments} WHERE id = %s"
        cursor.execute(sql, [*columns.values(), ticket.pk])


def test_a_state_cannot_be_assigned_past_the_machine():
    with pytest.raises(AttributeError):
        in_state("open").status = "closed"


def test_who_is_known_by_an_address_is_found_and_who_is_not_becomes_a_contact(sam):
    known = make_contact(email="asha@acme.in", phone="+91 98400 12345")
    values = {"subject": "No invoice", "priority": "high"}
    for requester in ("ASHA@acme.in", "098400 12345"):
        data = {**values, "requester": requester}
        assert run("ticket.create", actor=as_actor(sam), data=data).contact == known
    data = {**values, "requester": "new@bakery.example", "name": "Nina Roy"}
    ticket = run("ticket.create", actor=as_actor(sam), data=data)
    assert (ticket.contact.email, ticket.contact.name) == ("new@bakery.example", "Nina Roy")
    assert Contact.objects.count() == 2
    assert ticket.requester == "new@bakery.example"


@pytest.mark.parametrize(
    "data",
    [
        {"subject": "x"},
        {"subject": "", "requester": "a@b.example"},
        {"subject": "x", "requester": "a@"},
        {"subject": "x", "requester": "12"},
        {"subject": "x", "requester": "a@b.example", "priority": "huge"},
        {"subject": "x", "contact": 999_999},
        {"subject": "x" * 201, "requester": "a@b.example"},
        {"subject": "x", "body": "y" * 20_001, "requester": "a@b.example"},
    ],
)
def test_a_ticket_of_nobody_or_about_nothing_is_not_opened(sam, data):
    with pytest.raises(Invalid):
        run("ticket.create", actor=as_actor(sam), data=data)
    assert not Ticket.objects.exists()
    assert not Contact.objects.exists()


def test_only_who_works_on_tickets_can_get_one(people):
    ticket = opened()
    for person in (people.rita, people.max, people.vic):
        with pytest.raises(Invalid, match="does not work on tickets"):
            assign_ticket(ticket, actor=as_actor(people.sam), assignee=person)
    assign_ticket(ticket, actor=as_actor(people.ada), assignee=people.sam)
    assert people.sam.notifications.get().text == f"{ticket.number} is yours: {ticket.subject}"
    assign_ticket(ticket, actor=as_actor(people.sam), assignee=None)
    assert Ticket.objects.get().assignee is None


@pytest.mark.parametrize("who", ["max", "rita", "mia", "vic", "fin"])
def test_no_other_role_does_anything_with_tickets(people, who):
    ticket, actor = opened(), as_actor(getattr(people, who))
    data = {"subject": "x", "priority": "low", "requester": "a@b.example", "body": "Hm"}
    for verb in ("assign", "resolve", "wait", "reopen", "update", "note"):
        with pytest.raises(Denied):
            run(f"ticket.{verb}", ticket, actor=actor, data=data)
    with pytest.raises(Denied):
        run("ticket.create", actor=actor, data=data)


def test_two_editors_do_not_overwrite_one_another(sam):
    ticket = opened()
    update_ticket(ticket, actor=as_actor(sam), version=1, subject="Broken form")
    with pytest.raises(Refused) as refusal:
        update_ticket(ticket, actor=as_actor(sam), version=1, subject="Else")
    assert refusal.value.code == "stale"


def test_the_clock_counts_office_hours_and_rests_while_the_customer_is_asked(at):
    ticket = opened(priority="high")  # four hours to the first answer, eighteen to the solution
    assert ticket.response_due_at == ticket.due_at == MORNING + timedelta(hours=4)
    assert ticket.resolution_due_at == MORNING + timedelta(days=1, hours=9)
    at(2)
    ticket = hold_ticket(ticket, actor=SYSTEM)
    assert (ticket.due_at, ticket.worked_seconds) == (None, 7200)
    at(24)
    ticket = receive_on_ticket(ticket, actor=SYSTEM)
    assert ticket.due_at == MORNING + timedelta(hours=26)
    at(25)
    ticket = record_answer(ticket, actor=SYSTEM, at=clock.now())
    assert ticket.due_at == ticket.resolution_due_at == MORNING + timedelta(days=2, hours=7)
    at(26)
    ticket = resolve_ticket(ticket, actor=SYSTEM)
    assert (ticket.due_at, ticket.worked_seconds) == (None, 4 * 3600)
    at(24 * 7)
    ticket = reopen_ticket(ticket, actor=SYSTEM)
    assert ticket.due_at == MORNING + timedelta(days=8, hours=5)


def test_another_priority_other_targets_and_other_holidays_move_the_due_time(ada, at, run_events):
    ticket = opened()
    assert ticket.due_at == MORNING + timedelta(hours=9)
    ticket = update_ticket(ticket, actor=as_actor(ada), priority="urgent")
    assert ticket.due_at == MORNING + timedelta(hours=1)
    target = SlaTarget.objects.get(priority="urgent")
    update_target(target, actor=as_actor(ada), response_minutes=120)
    run_events()
    assert Ticket.objects.get().due_at == MORNING + timedelta(hours=2)
    run("holiday.add", actor=as_actor(ada), data={"on": "2026-06-01", "name": "Strike"})
    run_events()
    assert Ticket.objects.get().due_at == MORNING + timedelta(hours=26)
    wrong = {"response_minutes": 600, "resolution_minutes": 60}
    with pytest.raises(Invalid, match="at least as long"):
        run("sla_target.update", target, actor=as_actor(ada), data=wrong)


def test_the_assignee_is_warned_and_the_managers_are_told_once(people, at, run_events):
    ticket = opened(priority="urgent", assignee=people.sam)
    SlaTarget.objects.filter(priority="high").update(raises_priority=True)
    other = opened(priority="high", subject="Other")
    people.ada, people.max  # noqa: B018 - they are there
    told = lambda kind: [  # noqa: E731
        who for who in ("sam", "ada", "max")
        if getattr(people, who).notifications.filter(kind=kind, text__contains=ticket.number).count() == 1
    ]  # fmt: skip
    at(0.5)
    escalate_tickets()
    assert not Event.objects.filter(name="ticket.escalated").exists()
    for hours, due_soon, late in ((0.8, ["sam"], []), (0.9, ["sam"], []), (1, ["sam"], ["sam", "ada"])):
        at(hours)
        escalate_tickets()
        assert (told("ticket.due_soon"), told("ticket.late")) == (due_soon, late)
    at(5)
    escalate_tickets()
    escalate_tickets()
    assert told("ticket.late") == ["sam", "ada"]
    assert Event.objects.filter(name="ticket.escalated", data__is_late=True).count() == 2
    assert Ticket.objects.get(pk=other.pk).priority == "urgent"
    assert Ticket.objects.get(pk=other.pk).due_at == other.due_at
    record_answer(ticket, actor=SYSTEM, at=clock.now())
    at(24 * 3)
    escalate_tickets()
    assert people.sam.notifications.filter(kind="ticket.late").count() == 2


def test_a_late_ticket_is_told_to_no_manager_who_may_not_read_it(people, at):
    people.north  # noqa: B018 - Max leads a team, and reads no tickets
    ticket = opened(priority="urgent")
    people.ada, people.sam  # noqa: B018
    at(2)
    escalate_ticket(ticket, actor=SYSTEM)
    assert not people.max.notifications.exists()
    assert people.ada.notifications.get().kind == "ticket.late"


def test_a_solved_ticket_closes_after_some_days_and_stays_so(at):
    Workspace.current()
    Workspace.objects.update(ticket_close_days=3)
    ticket = resolve_ticket(opened(), actor=SYSTEM, note="It was the cache.")
    assert ticket.notes.get().body == "It was the cache."
    at(24 * 2)
    close_solved_tickets()
    assert Ticket.objects.get().status == "resolved"
    at(24 * 4)
    close_solved_tickets()
    assert Ticket.objects.get().status == "closed"
    with pytest.raises(HouseError, match="stays so"):
        reopen_ticket(ticket, actor=SYSTEM)


def test_nobody_works_and_no_target_mean_no_due_time():
    Workspace.current()
    Workspace.objects.update(working_hours={})
    assert opened().due_at is None
    Workspace.objects.update(working_hours={"mon": [["09:00", "18:00"]]})
    SlaTarget.objects.all().delete()
    ticket = opened()
    assert ticket.due_at is None
    assert resolve_ticket(ticket, actor=SYSTEM).status == "resolved"
