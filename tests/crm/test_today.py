"""What a person should do next: the order, the reason given, and what is left alone."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from crm.actions.tickets import create_ticket
from crm.models import Contact, Deal, Lead, Ticket
from crm.queries.today import SHOWN, next_steps, next_tickets
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_lead
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db


def told(user) -> list[tuple[str, str]]:
    return [(step.title, step.why) for step in next_steps(as_actor(user))]


def quiet_since(days: int, **columns) -> Contact:
    contact = make_contact(**columns)
    Contact.objects.filter(pk=contact.pk).update(last_activity_at=clock.now() - timedelta(days=days))
    contact.refresh_from_db()
    return contact


def test_the_most_urgent_comes_first_and_each_says_why(people):
    rita, day = people.rita, clock.today("Asia/Kolkata")
    quiet_since(40, owner=rita, stage="customer", first_name="Old", last_name="Friend")
    plain = make_deal(owner=rita, title="Nothing planned", expected_close_on=day + timedelta(days=9))
    late = make_deal(owner=rita, title="Late", expected_close_on=day - timedelta(days=2))
    stuck = make_deal(owner=rita, title="Stuck", expected_close_on=day + timedelta(days=9))
    Deal.objects.filter(pk__in=(plain.pk, late.pk)).update(rots_on=None)
    Deal.objects.filter(pk=stuck.pk).update(rots_on=day)
    contact = quiet_since(5, first_name="Warm", last_name="One", owner=rita)
    make_lead("contacted", "CONTACTED", contact=contact, owner=rita)
    new = make_lead(contact=make_contact(first_name="New", last_name="One"), owner=rita)
    Lead.objects.filter(owner=rita).update(score=64)
    found = told(rita)
    assert [title for title, _ in found[:6]] == [
        new.contact.name, "Late", "Stuck", "Warm One", "Nothing planned", "Old Friend",
    ]  # fmt: skip
    why = dict(found)
    assert "nobody has written yet" in why["New One"]
    assert why["Late"].startswith("Should have closed on")
    assert why["Warm One"] == "Quiet for 5 days, and 64 points warm."
    assert why["Old Friend"] == "Not contacted for 40 days; customer."


def test_what_is_planned_is_left_to_its_plan_and_others_work_to_others(people):
    soon = clock.now() + timedelta(days=1)
    lead = make_lead(owner=people.rita)
    deal = make_deal(owner=people.rita)
    for place in ({"lead": lead}, {"deal": deal}):
        make_activity(actor=people.rita, due_at=soon, type="task", **place)
    make_lead(owner=people.ron)
    quiet_since(29, owner=people.rita, stage="customer")
    quiet_since(121, owner=people.rita, stage="customer")
    assert told(people.rita) == []
    assert len(told(people.ron)) == 1
    assert told(people.vic) == []


def test_the_page_asks_equally_often_however_much_there_is_to_do(people):
    page = browser(people.rita)
    make_lead(owner=people.rita)
    make_deal(owner=people.rita)
    page.get("/today/")
    with CaptureQueriesContext(connection) as few:
        page.get("/today/")
    for _ in range(SHOWN + 4):
        make_lead(owner=people.rita)
        make_deal(owner=people.rita)
    with CaptureQueriesContext(connection) as many:
        answer = page.get("/today/").content.decode()
    assert len(many) == len(few)
    assert f"{SHOWN} more worth doing. About {5 * SHOWN} minutes." in answer


def test_a_support_agent_sees_their_tickets_by_the_clock_and_why(people):
    def opened(subject, hours, **values):
        ticket = create_ticket(actor=SYSTEM, contact=make_contact(), subject=subject, **values)
        Ticket.objects.filter(pk=ticket.pk).update(due_at=hours and clock.now() + timedelta(hours=hours))
        return ticket

    opened("Without a target", None, assignee=people.sam)
    opened("Later", 5, assignee=people.sam)
    answered = opened("Answered", 6, assignee=people.sam)
    Ticket.objects.filter(pk=answered.pk).update(first_answered_at=clock.now())
    opened("Late", -1, assignee=people.sam)
    opened("Nobody's", 1)
    opened("Another's", 1, assignee=people.ada)
    found = [(step.title, step.why) for step in next_tickets(as_actor(people.sam))]
    assert found == [
        ("Late", "The first answer is late."),
        ("Nobody's", "The first answer is due. Nobody has taken it yet."),
        ("Later", "The first answer is due."),
        ("Answered", "The solution is due."),
        ("Without a target", "Open, without a target."),
    ]
    shown = browser(people.sam).get("/today/").content.decode()
    assert shown.index("Late</a>") < shown.index("Later</a>")
    assert "tickets-card" not in browser(people.rita).get("/today/").content.decode()


def test_a_reopened_lead_was_written_to(people):
    contact = quiet_since(5, owner=people.rita, first_name="Back", last_name="Again")
    make_lead("new", "CONTACTED", contact=contact, owner=people.rita, score=64)
    assert told(people.rita) == [("Back Again", "Quiet for 5 days, and 64 points warm.")]


def test_who_wants_no_contact_is_not_suggested(people):
    quiet_since(40, owner=people.rita, stage="customer", do_not_contact=True)
    assert told(people.rita) == []
