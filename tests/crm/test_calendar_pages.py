"""The calendar as pages, as a feed and by REST: whose it is, what it shows, and how often it asks the database."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from accounts.models import User
from core.actions import run
from crm.models import Activity, CalendarFeed
from tests.factories.crm import make_activity, make_contact, make_lead
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 3, 5, tzinfo=UTC)  # a Wednesday
HTMX = {"HX-Request": "true", "HX-Target": "week"}


@pytest.fixture(autouse=True)
def wednesday():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


def meeting(user: User, hours: float = 4, **more: object) -> Activity:
    due_at = NOW + timedelta(hours=hours)
    values = {"type": "meeting", "subject": "Kick-off", "due_at": due_at, "ends_at": due_at + timedelta(hours=1)}
    more.setdefault("contact", make_contact())
    return make_activity(actor=user, **(values | more))


def test_a_week_shows_what_is_planned_done_and_for_the_day(people):
    contact = make_contact(phone="98765 43210")
    row = meeting(people.rita, place="https://meet.example/x", contact=contact)
    meeting(people.rita, hours=24 * 7, subject="Next week")
    meeting(people.rita, hours=-24, subject="Yesterday", completed_at=NOW)
    due_at = datetime(2026, 6, 5, 18, 29, tzinfo=UTC)
    make_activity(actor=people.rita, contact=make_contact(), subject="All day", due_on=date(2026, 6, 5), due_at=due_at)
    meeting(people.ron, subject="Not mine")
    text = browser(people.rita).get("/calendar/").content.decode()
    for shown in ("Kick-off", "14:30", "15:30", "Yesterday", "All day", "Join", "1 Jun – 7 Jun 2026",
                  f"/tasks/{row.pk}/move/", f"/tasks/{row.pk}/complete/", "tel:9876543210", "data-called"):  # fmt: skip
        assert shown in text
    for hidden in ("Next week", "Not mine"):
        assert hidden not in text
    later = browser(people.rita).get("/calendar/?week=2026-06-10", headers=HTMX).content.decode()
    assert "Next week" in later
    assert "<html" not in later


@pytest.mark.parametrize(
    ("who", "own", "other"),
    [("ada", 200, 200), ("max", 200, 200), ("rita", 200, 404), ("sam", 200, 200), ("vic", 200, 200),
     ("mia", 403, 403), ("fin", 403, 403)],
)  # fmt: skip
def test_everybody_sees_the_calendars_whose_activities_they_see(people, who, own, other):
    client = browser(getattr(people, who))
    assert client.get("/calendar/").status_code == own
    assert client.get(f"/calendar/?person={people.ron.pk}").status_code == other


@pytest.mark.parametrize("query", ["week=tomorrow", "week=9999-12-31", "person=x", "person=0"])
def test_an_odd_week_or_person_is_said_plainly(people, query):
    assert browser(people.rita).get(f"/calendar/?{query}").status_code in {404, 422}


def test_what_stands_there_is_moved_done_and_reopened_from_there(people):
    client, row = browser(people.rita), meeting(people.rita)
    page = client.get(f"/tasks/{row.pk}/move/")
    held = {bound.name: bound.value() for bound in page.context["form"] if bound.value() not in (None, [])}
    moved = client.post(f"/tasks/{row.pk}/move/", held | {"due_at": "2026-06-04T10:00", "ends_at": ""})
    assert moved.status_code == 303
    row.refresh_from_db()
    assert (row.due_at, row.ends_at) == (
        datetime(2026, 6, 4, 4, 30, tzinfo=UTC), datetime(2026, 6, 4, 5, 0, tzinfo=UTC)
    )  # fmt: skip
    done = client.post(f"/tasks/{row.pk}/complete/", headers={"HX-Request": "true"})
    assert "activity-changed" in done["HX-Trigger"]
    assert client.post(f"/tasks/{row.pk}/reopen/").status_code == 303
    row.refresh_from_db()
    assert row.completed_at is None
    assert browser(people.ron).post(f"/tasks/{row.pk}/reopen/").status_code == 404


def test_something_is_planned_from_a_day(people):
    lead, client = make_lead(owner=people.rita), browser(people.rita)
    address = f"/tasks/new/?type=meeting&on=2026-06-05&lead={lead.pk}"
    form = client.get(address).context["form"]
    assert (form["type"].value(), form["due_at"].value()) == ("meeting", "2026-06-05T10:00")
    data = {"type": "meeting", "subject": "Demo", "due_at": "2026-06-05T10:00", "lead": lead.pk, "guests": "a@b.in"}
    assert client.post(address, data).status_code == 303
    row = Activity.objects.get()
    assert (row.ends_at, row.guests) == (datetime(2026, 6, 5, 5, 0, tzinfo=UTC), ["a@b.in"])
    refused = client.post(address, data | {"recurrence": "FREQ=DAILY;COUNT=3650"})
    assert "Nothing repeats by itself" in refused.content.decode()


def test_a_week_asks_the_database_as_often_for_many_rows(people, django_assert_max_num_queries):
    client = browser(people.rita)

    def asks() -> int:
        with django_assert_max_num_queries(20) as asked:
            client.get("/calendar/")
        return len(asked)

    meeting(people.rita)
    asks()
    before = asks()
    for number in range(30):
        meeting(people.rita, hours=number, lead=make_lead(owner=people.rita))
    assert asks() == before


def test_a_feed_is_secret_folded_escaped_and_not_sent_twice(people):
    row = meeting(people.rita, subject="Lunch; with, commas \\ and a very long name " + "x" * 90, body="One\nTwo",
                  place="Café, Jaipur")  # fmt: skip
    client = browser(people.rita)
    shown = client.post("/calendar/feed/").context["address"]
    assert CalendarFeed.objects.get().digest not in shown
    assert shown not in client.get("/calendar/feed/").content.decode()
    path = shown.partition("://")[2].partition("/")[2]
    answer = Client().get(f"/{path}")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert (str(event["SUMMARY"]), str(event["DESCRIPTION"]), str(event["LOCATION"])) == (
        row.subject,
        row.body,
        row.place,
    )
    assert event.decoded("DTSTART") == row.due_at
    again = Client().get(f"/{path}", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    run("activity.complete", row, actor=as_actor(people.rita), data={})
    assert Client().get(f"/{path}", headers={"If-None-Match": answer["ETag"]}).status_code == 200
    renewed = client.post("/calendar/feed/").context["address"]
    assert Client().get(f"/{path}").status_code == 404
    new_path = "/" + renewed.partition("://")[2].partition("/")[2]
    assert Client().get(new_path).status_code == 200
    User.objects.filter(pk=people.rita.pk).update(is_active=False)
    assert Client().get(new_path).status_code == 404
    User.objects.filter(pk=people.rita.pk).update(is_active=True)
    assert browser(people.rita).post("/calendar/feed/", {"do": "revoke"}).status_code == 303
    assert Client().get(new_path).status_code == 404


def test_hours_are_kept_in_the_profile(people):
    client = browser(people.rita)
    said = {"working_hours": "Mon-Thu 10:00-16:00", "days_off": "2026-06-08", "remind_before": "30"}
    assert client.post("/profile/hours/", said).status_code == 303
    rita = User.objects.get(pk=people.rita.pk)
    assert (sorted(rita.working_hours), rita.days_off, rita.remind_before) == (
        ["mon", "thu", "tue", "wed"], [["2026-06-08", "2026-06-08"]], 30
    )  # fmt: skip
    assert "Mon-Thu 10:00-16:00" in client.get("/profile/hours/").content.decode()
    wrong = client.post("/profile/hours/", said | {"working_hours": "Mon 25:00-26:00"})
    assert wrong.status_code == 422
    assert client.post("/profile/hours/", said | {"working_hours": ""}).status_code == 303
    assert User.objects.get(pk=people.rita.pk).working_hours is None


def test_programs_read_calendars_and_keep_booking_pages(people):
    meeting(people.rita, hours=1)
    rita, ron = api_client(people.rita), api_client(people.ron)
    week = rita.get("/api/v1/crm/calendar?from=2026-06-01&to=2026-06-07").json()["results"]
    assert [(row["subject"], row["due_on"], row["guests"]) for row in week] == [("Kick-off", None, [])]
    assert rita.get("/api/v1/crm/calendar?from=2026-06-01&to=2026-09-01").status_code == 422
    assert rita.get("/api/v1/crm/calendar?from=1.6.2026").status_code == 422
    assert ron.get(f"/api/v1/crm/calendar?person={people.rita.pk}").status_code == 404
    body = {"slug": "rita", "title": "Meet Rita", "lengths": [30, 45], "buffer_minutes": 5, "notice_hours": 1,
            "horizon_days": 9, "is_active": True}  # fmt: skip
    made = rita.post("/api/v1/crm/booking-pages", body, content_type="application/json")
    assert (made.status_code, made.json()["lengths"]) == (201, [30, 45])
    one = f"/api/v1/crm/booking-pages/{made.json()['id']}"
    changed = rita.patch(one, {"buffer_minutes": 15}, content_type="application/json")
    assert (changed.status_code, changed.json()["buffer_minutes"], changed.json()["title"]) == (200, 15, "Meet Rita")
    assert ron.patch(one, {"title": "x"}, content_type="application/json").status_code == 404
    assert ron.get("/api/v1/crm/booking-pages").json()["results"] == []
    wrong = rita.patch(one, {"lengths": [7]}, content_type="application/json")
    assert "lengths" in wrong.json()["errors"]
    row = Activity.objects.get()
    day = rita.patch(f"/api/v1/crm/activities/{row.pk}", {"due_on": "2026-06-09"}, content_type="application/json")
    assert (day.json()["due_on"], day.json()["ends_at"]) == ("2026-06-09", None)
    done = rita.post(f"/api/v1/crm/activities/{row.pk}/complete", {"next": "none"}, content_type="application/json")
    assert done.json()["completed_at"]
    opened = rita.post(f"/api/v1/crm/activities/{row.pk}/reopen", {}, content_type="application/json")
    assert (opened.status_code, opened.json()["completed_at"]) == (200, None)


def test_a_full_calendar_keeps_what_is_to_come_and_programs_get_all_of_it(people):
    contact = make_contact()
    times = [NOW + timedelta(minutes=minute) for minute in range(-1_100, 0)]
    rows = [Activity(type="meeting", subject="Past", contact=contact, actor=people.rita, due_at=at) for at in times]
    Activity.objects.bulk_create(rows)
    meeting(people.rita, hours=1, subject="Ahead")
    address = browser(people.rita).post("/calendar/feed/").context["address"]
    answer = Client().get("/" + address.partition("://")[2].partition("/")[2])
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    starts = [event.decoded("DTSTART") for event in events]
    assert (len(events), str(events[-1]["SUMMARY"]), starts) == (1_000, "Ahead", sorted(starts))
    assert starts[0] == times[-999]

    path, program = "/api/v1/crm/calendar?from=2026-06-01&to=2026-06-07", api_client(people.rita)
    first = program.get(path).json()
    rest = program.get(f"{path}&cursor={first['next']}").json()
    assert (len(first["results"]), len(rest["results"]), rest["next"]) == (1_000, 101, None)
    assert program.get(f"{path}&cursor=x").status_code == 422
