"""Days and times of activities, reminders on each person's clock, and what follows a meeting."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from accounts.models import User
from core.actions import run
from core.errors import Invalid, Refused
from core.jobs import tick
from crm.actions.activities import complete_activity, create_activity, reopen_activity, update_activity
from crm.jobs import remind_due_activities, remind_of_meetings
from crm.models import Activity
from crm.queries.calendar import days_of, planned_between
from tests.factories.crm import make_activity, make_contact, make_deal
from tests.people import again, as_actor

pytestmark = pytest.mark.django_db
START = datetime(2026, 6, 1, 6, tzinfo=UTC)  # a Monday
ZONES = ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Tongatapu"]


@pytest.fixture
def at():
    """Set the clock to a moment in UTC."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller.move_to


def live_in(user: User, zone: str, **more: object) -> User:
    User.objects.filter(pk=user.pk).update(timezone=zone, **more)
    return again(user)


def task(user: User, **values: object) -> Activity:
    values = {"type": "task", "subject": "Call", "contact": make_contact()} | values
    return create_activity(actor=as_actor(user), **values)


def told(user: User, kind: str = "activity.due") -> list[str]:
    return [row.text for row in user.notifications.filter(kind=kind).order_by("pk")]


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_is_the_same_day_wherever_it_is_looked_at(people, at, zone):
    rita = live_in(people.rita, zone)
    row = task(rita, due_on=date(2026, 6, 3))
    local = Activity.objects.get(pk=row.pk)
    assert (local.due_on, local.completed_at) == (date(2026, 6, 3), None)
    for reader in ZONES:
        rows = planned_between(as_actor(rita), rita, date(2026, 6, 1), date(2026, 6, 7), reader)
        days = days_of(rows, date(2026, 6, 1), reader)
        assert [day.on for day in days if day.whole] == [date(2026, 6, 3)]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Los_Angeles", date(2026, 3, 8)), ("America/Los_Angeles", date(2026, 11, 1)),
        ("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25)),
    ],
)  # fmt: skip
def test_a_day_on_which_the_clock_changes_is_one_day(people, at, zone, day):
    at(datetime(2026, 1, 5, tzinfo=UTC))
    rita = live_in(people.rita, zone)
    task(rita, due_on=day)
    task(rita, due_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    rows = planned_between(as_actor(rita), rita, day, day, zone)
    (only,) = days_of(rows, day, zone, 1)
    assert (len(only.whole), sum(map(len, only.hours.values()))) == (1, 1)
    at(datetime(day.year, day.month, day.day, 18, tzinfo=UTC))
    remind_due_activities()
    assert told(rita) == ["Due today: Call and 1 more."]


def test_a_time_or_a_day_not_both(people, at):
    actor = as_actor(people.rita)
    due_at, due_on = START + timedelta(days=1), date(2026, 6, 2)
    with pytest.raises(Invalid, match="not both"):
        task(people.rita, due_at=due_at, due_on=due_on)
    row = task(people.rita, due_on=due_on)
    row = run("activity.update", row, actor=actor, data=form(row) | {"subject": "Write"})
    assert (row.due_on, row.subject) == (due_on, "Write")
    row = run("activity.update", row, actor=actor, data=form(row) | {"due_at": due_at.isoformat()})
    assert (row.due_on, row.due_at) == (None, due_at)
    row = run("activity.update", row, actor=actor, data=form(row) | {"due_on": "2026-06-05"})
    assert row.due_on == date(2026, 6, 5)
    row = run("activity.update", row, actor=actor, data=form(row) | {"due_on": ""})
    assert (row.due_on, row.due_at) == (None, None)


def form(row: Activity) -> dict:
    from crm.forms.activities import UpdateActivityForm

    row.refresh_from_db()
    held = UpdateActivityForm.values(row)
    return {name: value for name, value in held.items() if value not in (None, {}, [])}


def test_a_meeting_has_an_end_keeps_its_length_when_moved_and_ends_after_its_start(people, at):
    start = START + timedelta(days=1)
    row = task(people.rita, type="meeting", due_at=start, guests=["asha@acme.in"], place="Delhi")
    assert row.ends_at == start + timedelta(minutes=30)
    row = update_activity(row, actor=as_actor(people.rita), due_at=start + timedelta(hours=2))
    assert row.ends_at == start + timedelta(hours=2, minutes=30)
    for wrong in (start, start + timedelta(hours=1)):
        with pytest.raises(Invalid, match="after the start"):
            update_activity(row, actor=as_actor(people.rita), ends_at=wrong)
    bare = update_activity(row, actor=as_actor(people.rita), due_at=None)
    assert (bare.due_at, bare.ends_at) == (None, None)
    data = {"type": "meeting", "subject": "x", "contact": row.contact_id, "guests": "a@b.in, nobody"}
    with pytest.raises(Invalid) as error:
        run("activity.create", actor=as_actor(people.rita), data=data)
    assert "guests" in error.value.errors


def test_everybody_is_told_of_their_day_from_eight_on_their_clock_once(people, at):
    west, east = live_in(people.rita, ZONES[0]), live_in(people.ron, ZONES[2])
    for user in (west, east):
        task(user, due_on=date(2026, 6, 3), subject=f"For {user.name}")
    moments = [datetime(2026, 6, 2, 18, 55, tzinfo=UTC), datetime(2026, 6, 2, 19, 0, tzinfo=UTC)]
    at(moments[0])  # 7:55 on the 3rd in Tonga, 11:55 on the 2nd in Los Angeles
    remind_due_activities()
    assert not told(east)
    at(moments[1])
    for _ in range(3):
        remind_due_activities()
    assert told(east) == ["Due today: For Ron Rep."]
    at(datetime(2026, 6, 3, 14, 59, tzinfo=UTC))
    remind_due_activities()
    assert not told(west)
    at(datetime(2026, 6, 3, 15, 0, tzinfo=UTC))
    remind_due_activities()
    assert told(west) == ["Due today: For Rita Rep."]


def test_a_late_scheduler_tells_today_and_never_twice(people, at):
    rita = live_in(people.rita, "Asia/Kolkata")
    task(rita, due_on=date(2026, 6, 1), subject="Missed")
    task(rita, due_on=date(2026, 6, 3), subject="Today")
    at(datetime(2026, 6, 3, 14, tzinfo=UTC))  # it was down for two days, until the evening
    tick()
    tick()
    task(rita, due_on=date(2026, 6, 3), subject="Added later")
    at(datetime(2026, 6, 3, 16, tzinfo=UTC))
    tick()
    assert told(rita) == ["Due today: Today."]
    live_in(rita, ZONES[0])  # flew west: it is the 3rd again at 9 in the morning
    tick()
    assert told(rita) == ["Due today: Today."]


def test_a_meeting_is_announced_as_long_before_as_its_person_chose(people, at):
    rita, ron = (live_in(people.rita, "UTC", remind_before=10), live_in(people.ron, "UTC", remind_before=0))
    start = START + timedelta(hours=2)
    meeting = task(rita, type="demo", due_at=start, subject="Demo", place="Room 4")
    task(ron, type="meeting", due_at=start)
    at(start - timedelta(minutes=11))
    remind_of_meetings()
    assert not told(rita, "activity.soon")
    at(start - timedelta(minutes=10))
    for _ in range(3):
        remind_of_meetings()
    assert told(rita, "activity.soon") == ["In 10 min, at 08:00: Demo. Room 4"]
    assert not told(ron, "activity.soon")
    update_activity(meeting, actor=as_actor(rita), due_at=start + timedelta(hours=1))
    at(start + timedelta(minutes=55))
    remind_of_meetings()
    assert len(told(rita, "activity.soon")) == 2


def test_a_follow_up_comes_once_goes_when_reopened_untouched_and_stays_when_touched(people, at, run_events):
    deal = make_deal(owner=people.rita)
    rita = as_actor(people.rita)
    meeting = task(people.rita, type="meeting", deal=deal, contact=None, due_at=START + timedelta(hours=1))
    follow_ups = Activity.objects.filter(source_key=f"follow-up:{meeting.pk}")
    complete_activity(meeting, actor=rita)
    reopen_activity(meeting, actor=rita)
    run_events()
    assert not follow_ups.exists()
    complete_activity(meeting, actor=rita)
    run_events()
    assert follow_ups.get().due_at == START + timedelta(hours=24)
    reopen_activity(meeting, actor=rita)
    assert not follow_ups.exists()
    with pytest.raises(Refused, match="open already"):
        reopen_activity(meeting, actor=rita)
    complete_activity(meeting, actor=rita)
    run_events()
    update_activity(follow_ups.get(), actor=rita, subject="Send the offer")
    reopen_activity(meeting, actor=rita)
    complete_activity(meeting, actor=rita)
    run_events()
    assert follow_ups.get().subject == "Send the offer"


@pytest.mark.parametrize(("step", "due"), [("none", None), ("week", datetime(2026, 6, 8, 4, 30, tzinfo=UTC))])
def test_a_meeting_logged_with_its_own_next_step_gets_no_other(people, at, run_events, step, due):
    data = {"type": "meeting", "subject": "Lunch", "contact": make_contact().pk, "next": step}
    run("activity.create", actor=as_actor(people.rita), data=data)
    run_events()
    assert list(Activity.objects.filter(type="task").values_list("due_at", flat=True)) == ([due] if due else [])


def test_a_task_has_no_follow_up(people, at, run_events):
    complete_activity(make_activity(contact=make_contact(), actor=people.rita), actor=as_actor(people.rita))
    run_events()
    assert Activity.objects.count() == 1
