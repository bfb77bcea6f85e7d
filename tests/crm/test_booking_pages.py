"""Booking: free times, who comes first, whose links work, and what both sides get by mail."""

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from icalendar import Calendar

from accounts.models import User
from core.errors import Invalid, NotFound, Refused
from core.hours import DAYS, Hours
from crm.actions.activities import update_activity
from crm.actions.bookings import book, cancel_booking, create_booking_page, move_booking
from crm.actions.rotting import add_holiday
from crm.models import Activity, Booking, BookingPage, Consent, Contact, Lead
from crm.queries.bookings import free_days, times_of, token_of
from crm.slots import free_times
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_lead
from tests.people import again, as_actor, browser

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 6, 1, 3, tzinfo=UTC)  # 8:30 in India
TEN = datetime(2026, 6, 2, 4, 30, tzinfo=UTC)  # 10:00 on Tuesday
SAID = {
    "slug": "rita", "title": "Meet Rita", "intro": "", "place": "https://meet.example/rita",
    "consent_text": "You may write to me.", "lengths": [30, 60], "buffer_minutes": 0, "notice_hours": 2,
    "horizon_days": 14, "is_active": True,
}  # fmt: skip
GUEST = {"zone": "Europe/Berlin", "length": 30, "name": "Asha Rao", "email": "asha@acme.in"}


@pytest.fixture(autouse=True)
def monday():
    cache.clear()
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture
def rita_page(people) -> BookingPage:
    return create_booking_page(actor=as_actor(people.rita), **SAID)


def booked(page: BookingPage, at: datetime = TEN, **more: object) -> Booking:
    return book(page, actor=SYSTEM, at=at, **(GUEST | more))


def times(page: BookingPage, minutes: int = 30, **more: object) -> list[datetime]:
    return list(times_of(BookingPage.objects.get(pk=page.pk), minutes, **more))


def mails() -> list:
    sent = [sending.message().as_bytes() for sending in mail.outbox]
    found = [message_from_bytes(raw, policy=policy.default) for raw in sent]
    found = [one for one in found if one.is_multipart()]  # the rest are notices
    return sorted(found, key=lambda one: (str(one["To"]), sequence(one)))


def calendar_of(one) -> Calendar:
    (part,) = [part for part in one.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_param("method") == str(calendar["METHOD"])
    return calendar


def sequence(one) -> int:
    return int(calendar_of(one).walk("VEVENT")[0]["SEQUENCE"])


def test_free_times_keep_to_hours_notice_horizon_buffer_and_what_is_planned(people, rita_page):
    BookingPage.objects.update(buffer_minutes=15, horizon_days=1)
    contact = make_contact()
    make_activity(
        type="meeting",
        contact=contact,
        actor=people.rita,
        due_at=MONDAY + timedelta(hours=4),
        ends_at=MONDAY + timedelta(hours=5),
    )  # 12:30 to 13:30
    make_activity(contact=contact, actor=people.rita, due_at=MONDAY + timedelta(hours=7))  # a task blocks nothing
    india = [at + timedelta(hours=5, minutes=30) for at in times(rita_page)]
    today = [f"{at:%H:%M}" for at in india if at.date() == date(2026, 6, 1)]
    assert today == ["10:30", "11:00", "11:30", "14:00", "14:30", "15:00", "15:30", "16:00", "16:30",
                     "17:00", "17:30"]  # fmt: skip
    assert len(india) == len(today)
    BookingPage.objects.update(horizon_days=2)
    assert times(rita_page)[-1] == TEN + timedelta(hours=7, minutes=30)


def test_days_off_and_holidays_offer_nothing_and_own_hours_count(people, ada, rita_page):
    add_holiday(actor=as_actor(ada), on=date(2026, 6, 2), name="Eid")
    User.objects.filter(pk=people.rita.pk).update(
        days_off=[["2026-06-03", "2026-06-04"]],
        working_hours={"mon": [["10:00", "11:00"]], "fri": [["16:00", "17:00"]]},
    )
    page = BookingPage.objects.get()
    days, more = free_days(page, 60, "Asia/Kolkata")
    assert [day for day, _ in days] == [date(2026, 6, 5), date(2026, 6, 8), date(2026, 6, 12)]
    assert more is None


def test_times_are_named_in_the_visitors_zone_over_a_change_of_the_clock():
    hours = Hours({day: [["09:00", "10:00"]] for day in DAYS}, "Europe/Berlin")
    start = datetime(2026, 10, 24, tzinfo=UTC)
    found = list(free_times(hours, [], minutes=60, buffer=0, earliest=start, latest=start + timedelta(days=2)))
    assert [at.hour for at in found] == [7, 8]


def test_a_stranger_becomes_a_lead_of_the_host_and_a_known_contact_is_joined(people, rita_page):
    booking = booked(rita_page, consent=True, phone="+49 30 901820")
    lead = Lead.objects.get()
    assert (lead.owner, lead.contact.name, booking.activity.lead) == (people.rita, "Asha Rao", lead)
    assert Consent.objects.get().proof == "You may write to me."
    assert (booking.activity.due_at, booking.activity.guests) == (TEN, ["asha@acme.in"])
    later = booked(rita_page, at=TEN + timedelta(hours=1), name="Asha R.", email="ASHA@acme.in")
    assert later.activity.lead == lead
    known = make_contact(email="ravi@acme.in")
    other = booked(rita_page, at=TEN + timedelta(hours=2), email="ravi@acme.in")
    assert (other.activity.contact, other.activity.lead) == (known, None)
    assert (Contact.objects.count(), Lead.objects.count()) == (2, 1)


def test_a_taken_past_or_odd_time_is_refused(rita_page):
    booked(rita_page)
    for at, words in (
        (TEN, "not free any more"), (MONDAY - timedelta(days=1), "past"),
        (TEN + timedelta(minutes=7), "not free"), (TEN + timedelta(days=300), "not free"),
        (MONDAY + timedelta(minutes=90), "not free"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=words):
            booked(rita_page, at=at)
    with pytest.raises(Refused, match="not free"):
        booked(rita_page, at=TEN - timedelta(minutes=30), length=60)  # would overlap
    with pytest.raises(Invalid):
        booked(rita_page, at=TEN + timedelta(hours=1), length=45)
    assert Booking.objects.count() == Activity.objects.count() == 1


def test_both_get_the_invitation_its_change_and_its_end(people, rita_page, run_events):
    booking = booked(rita_page)
    run_events()
    guest, host = mails()
    assert (guest["To"], host["To"]) == ("asha@acme.in", "rita@example.com")
    assert "/book/rita/" in guest.get_body(("plain",)).get_content()
    assert "06:30" in guest.get_body(("plain",)).get_content()  # in Berlin
    for one in (guest, host):
        calendar = calendar_of(one)
        (event,) = calendar.walk("VEVENT")
        assert (calendar["METHOD"], event["STATUS"]) == ("REQUEST", "CONFIRMED")
        assert event.decoded("DTSTART") == TEN
        assert event.decoded("DTEND") == TEN + timedelta(minutes=30)
        assert event["ORGANIZER"] == "mailto:rita@example.com"
    move_booking(booking, actor=SYSTEM, at=TEN + timedelta(days=1))
    run_events()
    assert [sequence(one) for one in mails()] == [0, 1, 0, 1]
    update_activity(booking.activity, actor=as_actor(people.rita), due_at=TEN + timedelta(days=2))
    run_events()
    assert [sequence(one) for one in mails()] == [0, 1, 2, 0, 1, 2]
    cancel_booking(booking, actor=SYSTEM)
    run_events()
    last = calendar_of(mails()[3])
    assert (last["METHOD"], last.walk("VEVENT")[0]["STATUS"]) == ("CANCEL", "CANCELLED")
    uids = {str(calendar_of(one).walk("VEVENT")[0]["UID"]) for one in mails()}
    assert len(uids) == 1
    assert len(mails()) == 8
    assert not Activity.objects.filter(type="task").exists()  # nothing follows what did not take place


def test_a_cancelled_time_is_free_and_a_closed_booking_stays_closed(rita_page, monday):
    booking = booked(rita_page)
    assert TEN not in times(rita_page)
    cancel_booking(booking, actor=SYSTEM)
    assert TEN in times(rita_page)
    for act in (lambda: cancel_booking(booking, actor=SYSTEM), lambda: move_booking(booking, actor=SYSTEM, at=TEN)):
        with pytest.raises(Refused, match="cancelled"):
            act()
    booking = booked(rita_page)
    monday(TEN + timedelta(hours=1))
    with pytest.raises(Refused, match="over"):
        cancel_booking(booking, actor=SYSTEM)


def test_the_whole_way_without_script_and_without_account(rita_page):
    client = Client()
    page = client.get("/book/rita/?zone=Europe/Berlin&length=30")
    text = page.content.decode()
    assert page.status_code == 200
    assert '<option value="Europe/Berlin" selected' in text
    assert "noindex" in text
    at = page.context["days"][0][1][0]
    asked = client.get("/book/rita/", {"at": at.isoformat(), "zone": "Europe/Berlin", "length": "30"})
    assert asked.context["form"] is not None
    data = {**GUEST, "at": at.isoformat(), "consent": "on", "key": asked.context["key"]}
    wrong = client.post("/book/rita/", data | {"email": "", "name": ""})
    assert wrong.status_code == 422
    sent = client.post("/book/rita/", data)
    assert sent.status_code == 303
    shown = client.get(sent["Location"])
    assert "Booked" in shown.content.decode()
    file = client.get(sent["Location"] + "meeting.ics")
    assert file["Content-Type"].startswith("text/calendar")
    assert Calendar.from_ical(file.content).walk("VEVENT")[0].decoded("DTSTART") == at
    pressed_twice = client.post("/book/rita/", data)
    assert pressed_twice["Location"].split("/")[:3] == sent["Location"].split("/")[:3]
    assert Booking.objects.count() == 1
    taken = client.post("/book/rita/", data | {"key": "another"})
    assert taken.status_code == 409
    assert "not free any more" in taken.content.decode()
    assert taken.context["days"]
    moving = client.get(sent["Location"] + "move/").context
    assert moving["zone"] == "Europe/Berlin"
    other = moving["days"][0][1][-1]
    moved = client.post(sent["Location"] + "move/", {"at": other.isoformat(), "zone": "Asia/Tokyo"})
    assert moved.status_code == 303
    assert Activity.objects.get().due_at == other
    assert "Cancel this meeting" in client.get(sent["Location"] + "cancel/").content.decode()
    assert client.post(sent["Location"] + "cancel/").status_code == 303
    assert "Cancelled" in client.get(sent["Location"]).content.decode()
    assert client.post(sent["Location"] + "cancel/").status_code == 409


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/book/nobody/", 404), ("/book/rita/?zone=Mars/Base", 422), ("/book/rita/?from=2026-13-40", 422),
        ("/book/rita/?from=2199-01-01", 200), ("/book/rita/?length=7", 200), ("/book/rita/?at=soon", 409),
        ("/book/rita/forged/", 404), ("/book/rita/forged/move/", 404), ("/book/rita/forged/meeting.ics", 404),
    ],
)  # fmt: skip
def test_odd_addresses_get_clear_answers(rita_page, address, status):
    assert Client().get(address).status_code == status


def test_a_link_opens_its_own_booking_only(people, rita_page):
    ron_page = create_booking_page(actor=as_actor(people.ron), **(SAID | {"slug": "ron"}))
    booking = booked(rita_page)
    token = token_of(booking)
    assert Client().get(f"/book/rita/{token}/").status_code == 200
    assert Client().get(f"/book/{ron_page.slug}/{token}/").status_code == 404
    assert Client().get(f"/book/rita/{token[:-1]}x/").status_code == 404


def test_a_closed_page_or_a_person_who_left_cannot_be_booked(people, rita_page):
    BookingPage.objects.update(is_active=False)
    assert Client().get("/book/rita/").status_code == 404
    with pytest.raises(NotFound):
        booked(rita_page)
    BookingPage.objects.update(is_active=True)
    User.objects.filter(pk=people.rita.pk).update(is_active=False)
    assert Client().get("/book/rita/").status_code == 404


def test_a_robot_is_slowed_down_and_falls_into_the_trap(rita_page):
    client = Client()
    data = {**GUEST, "at": TEN.isoformat(), "website": "http://spam"}
    assert client.post("/book/rita/", data).status_code == 303
    assert not Booking.objects.exists()
    codes = [client.post("/book/rita/", {}).status_code for _ in range(11)]
    assert codes[-1] == 429


def test_one_page_each_at_an_address_of_its_own(people, rita_page):
    with pytest.raises(Refused, match="already"):
        create_booking_page(actor=as_actor(people.rita), **SAID)
    with pytest.raises(Invalid, match="at this address"):
        create_booking_page(actor=as_actor(people.ron), **SAID)
    ron = browser(people.ron)
    form = {**SAID, "slug": "ron-rep", "lengths": ["30"]}
    assert ron.get("/calendar/booking/").status_code == 200
    assert ron.post("/calendar/booking/", form).status_code == 303
    assert ron.post("/calendar/booking/", form | {"title": "Meet Ron", "version": 1}).status_code == 303
    assert BookingPage.objects.get(user=people.ron).title == "Meet Ron"
    assert browser(people.mia).get("/calendar/booking/").status_code == 403


def test_the_page_asks_the_database_as_often_with_many_bookings(rita_page, django_assert_max_num_queries):
    def asks() -> int:
        with django_assert_max_num_queries(12) as asked:
            Client().get("/book/rita/")
        return len(asked)

    asks()  # what is read once for all
    before = asks()
    for n in range(8):
        booked(rita_page, at=TEN + timedelta(minutes=30 * n), email=f"guest{n}@acme.in")
    assert asks() == before


def test_a_lead_of_somebody_else_keeps_its_owner(people, rita_page):
    lead = make_lead(owner=people.ron, contact=make_contact(email="asha@acme.in", owner=people.ron))
    booking = booked(rita_page)
    assert (booking.activity.lead, Lead.objects.get().owner) == (lead, people.ron)
    assert booking.activity.actor == again(people.rita)


def test_who_does_not_sell_can_be_booked_by_somebody_new(people):
    assert people.rita
    page = create_booking_page(actor=as_actor(people.sam), **SAID | {"slug": "sam"})
    meeting = booked(page).activity
    assert (meeting.actor, meeting.lead.owner) == (people.sam, people.rita)
