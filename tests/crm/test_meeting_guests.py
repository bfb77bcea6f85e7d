"""A colleague's meeting invites its contact and its guests by mail: once, again when it moves, and when it is off."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail

from core.models import Delivery
from crm.actions.activities import create_activity, reopen_activity, update_activity
from crm.actions.bookings import cancel_meeting, create_booking_page, invite_guests
from crm.actions.consent import suppress_address
from crm.models import Activity
from tests.crm.test_booking_pages import MONDAY, SAID, TEN, booked, calendar_of, mails, sequence
from tests.factories.crm import SYSTEM, make_contact, make_lead
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture
def asha(people):
    return make_contact(owner=people.rita, first_name="Asha", email="asha@acme.in", timezone="Europe/Berlin")


def planned(people, asha, **more) -> Activity:
    said = {"type": "meeting", "subject": "Demo of the shop", "due_at": TEN, "place": "Office", "invites": True,
            "body": "She haggles."}  # fmt: skip
    return create_activity(actor=as_actor(people.rita), contact=asha, **said | more)


def told() -> list[tuple[str, str, int]]:
    """Return to whom, with which method and which number mail left; the outbox is emptied."""
    found = [(str(one["To"]), str(calendar_of(one)["METHOD"]), sequence(one)) for one in mails()]
    mail.outbox.clear()
    return found


def test_the_contact_and_the_guests_are_invited_once_each(people, asha, run_events):
    meeting = planned(people, asha, guests=["boss@acme.in", "Asha@acme.in", people.rita.email])
    run_events()
    one = next(one for one in mails() if one["To"] == "asha@acme.in")
    event = calendar_of(one).walk("VEVENT")[0]
    assert event["UID"].startswith(f"activity-{meeting.pk}@") and event["DTSTART"].dt == TEN
    assert "haggles" not in one.as_string() and "description" not in event
    assert "06:30 (Europe/Berlin)" in one.get_body(("plain",)).get_content()
    assert one["Reply-To"] == people.rita.email
    assert [one[:2] for one in told()] == [("asha@acme.in", "REQUEST"), ("boss@acme.in", "REQUEST")]
    Delivery.objects.update(done_at=None, due_at=MONDAY)
    run_events()
    assert told() == []


def test_it_is_told_when_it_moves_and_when_it_is_off_with_rising_numbers(people, asha, run_events):
    meeting = planned(people, asha)
    run_events()
    ((_to, _method, first),) = told()
    meeting = update_activity(meeting, actor=as_actor(people.rita), due_at=TEN + timedelta(hours=1))
    run_events()
    ((_to, method, second),) = told()
    assert method == "REQUEST" and second > first
    meeting = update_activity(meeting, actor=as_actor(people.rita), body="Only for us")
    run_events()
    assert told() == []
    meeting = cancel_meeting(meeting, actor=as_actor(people.rita))
    run_events()
    ((_to, method, third),) = told()
    assert method == "CANCEL" and third > second
    reopen_activity(meeting, actor=as_actor(people.rita))
    run_events()
    ((_to, method, fourth),) = told()
    assert method == "REQUEST" and fourth > third


def test_nothing_leaves_without_the_tick_into_the_past_or_to_whom_the_law_protects(people, asha, run_events):
    planned(people, asha, invites=False)
    planned(people, asha, due_at=MONDAY - timedelta(days=1))
    planned(people, asha, type="task")
    suppress_address(actor=SYSTEM, channel="email", address="boss@acme.in", reason="manual")
    planned(people, make_contact(email="no@acme.in", do_not_contact=True), guests=["boss@acme.in"])
    run_events()
    assert told() == []


def test_a_stop_between_planning_and_sending_is_heeded(people, asha, run_events):
    planned(people, asha)
    suppress_address(actor=SYSTEM, channel="email", address="asha@acme.in", reason="manual")
    run_events()
    assert told() == []


def test_the_page_ticks_by_itself_where_mail_may_be_sent_and_says_why_not(people, asha, run_events):
    page = browser(people.rita)
    shown = page.get(f"/tasks/new/?contact={asha.pk}&type=meeting")
    assert shown.context["form"]["invites"].value() is True
    bare = make_contact(owner=people.rita, first_name="Ravi", email="", phone="+919876543210")
    shown = page.get(f"/tasks/new/?contact={bare.pk}&type=meeting")
    assert shown.context["form"]["invites"].value() is False
    assert "has no email address. Add one first." in shown.content.decode()
    lead = make_lead(owner=people.rita, contact=asha)
    sent = {"type": "meeting", "subject": "Demo", "due_at": "2026-06-02T10:00", "lead": lead.pk, "invites": "on"}
    assert page.post(f"/tasks/new/?lead={lead.pk}&type=meeting", sent).status_code == 303
    run_events()
    assert [to for to, *_rest in told()] == ["asha@acme.in"]
    row = Activity.objects.get()
    assert "Call it off" in page.get(f"/tasks/{row.pk}/").content.decode()
    assert page.post(f"/tasks/{row.pk}/cancel/").status_code == 303
    assert page.post(f"/tasks/{row.pk}/cancel/").status_code == 409
    run_events()
    assert [method for _to, method, _number in told()] == ["CANCEL"]


def test_a_program_calls_a_meeting_off_and_no_task(people, asha, run_events):
    client, meeting = api_client(people.rita), planned(people, asha)
    answer = client.post(f"/api/v1/crm/activities/{meeting.pk}/cancel", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "Cancelled")
    task = create_activity(actor=as_actor(people.rita), type="task", subject="Call", contact=asha)
    refused = client.post(f"/api/v1/crm/activities/{task.pk}/cancel", "{}", content_type="application/json")
    assert refused.status_code == 409 and "Mark this as done" in refused.json()["detail"]


def test_a_colleague_calls_a_booked_meeting_off_and_both_sides_hear_it_once(people, run_events):
    booking = booked(create_booking_page(actor=as_actor(people.rita), **SAID))
    run_events()
    told()
    update_activity(booking.activity, actor=as_actor(people.rita), invites=True, body="Ours")
    cancel_meeting(booking.activity, actor=as_actor(people.rita))
    run_events()
    assert [one[:2] for one in told()] == [("asha@acme.in", "CANCEL"), (people.rita.email, "CANCEL")]
    booking.refresh_from_db()
    assert booking.cancelled_at is not None


def test_an_invitation_that_was_late_does_not_leave_after_the_end(people, asha, run_events):
    meeting = planned(people, asha)
    invite_guests(meeting, actor=SYSTEM)
    cancel_meeting(meeting, actor=as_actor(people.rita))
    run_events()
    assert [method for _to, method, _number in told()] == ["CANCEL"]
