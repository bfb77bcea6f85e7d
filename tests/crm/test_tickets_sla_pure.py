"""Service clocks: pauses, holidays and changes of the clock; equal to counting minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.hours import DAYS, Hours
from crm.sla import Clock

OFFICE = {day: [["09:00", "13:00"], ["14:00", "18:00"]] for day in DAYS[:5]}
ROUND = {day: [["00:00", "24:00"]] for day in DAYS}
# 8 behind, 5:30 before and 13 before Greenwich, one of them with a clock that changes; and one that changes by night.
ZONES = ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Tongatapu", "Europe/Berlin"]
HOLIDAYS = frozenset({date(2026, 3, 30), date(2026, 10, 26), date(2026, 4, 6)})
MINUTE = timedelta(minutes=1)


def counted(week, zone, holidays, start: datetime, end: datetime) -> int:
    """Count the working minutes one by one, by the clock on the wall."""
    minutes, at = 0, start
    while at < end:
        wall = at.astimezone(ZoneInfo(zone))
        clock = f"{wall:%H:%M}"
        spans = week.get(DAYS[wall.weekday()], ()) if wall.date() not in holidays else ()
        minutes += any(opens <= clock < closes for opens, closes in spans)
        at += MINUTE
    return minutes


# Weekends in which clocks change lie in all three spans.
STARTS = st.sampled_from([datetime(2026, *day, tzinfo=UTC) for day in ((3, 6), (3, 27), (4, 3), (10, 23))])
STEPS = st.lists(st.integers(0, 2_000), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(STARTS, STEPS, st.sampled_from(ZONES), st.sampled_from([OFFICE, ROUND]))
def test_a_clock_with_pauses_counts_as_the_minutes_do_and_never_falls(start, steps, zone, week):
    hours, at = Hours(week, zone, HOLIDAYS), start
    clock, minutes, before = Clock(0, at), 0, 0
    for step in steps:
        end = at + step * MINUTE
        if clock.since:
            minutes += counted(week, zone, HOLIDAYS, at, end)
        seconds = clock.seconds(hours, end)
        assert seconds == minutes * 60 >= before
        clock = clock.stopped(hours, end) if clock.since else clock.started(end)
        at, before = end, seconds


@settings(max_examples=60, deadline=None)
@given(STARTS, st.integers(1, 3_000), st.integers(0, 200_000), st.sampled_from(ZONES))
def test_a_target_is_due_when_its_minutes_are_worked(start, minutes, worked, zone):
    hours, since = Hours(OFFICE, zone, HOLIDAYS), start
    due = Clock(worked, since).due(hours, minutes)
    assert due is not None
    assert due >= since
    assert Clock(worked, since).seconds(hours, due) == max(minutes * 60, worked)


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("America/Los_Angeles", datetime(2026, 3, 9, 18, tzinfo=UTC)),  # summer time began on Sunday the 8th
        ("Asia/Kolkata", datetime(2026, 3, 9, 5, 30, tzinfo=UTC)),
        ("Pacific/Tongatapu", datetime(2026, 3, 8, 22, tzinfo=UTC)),
    ],
)
def test_two_hours_on_a_friday_evening_are_over_on_monday_by_the_clock_of_the_place(zone, due):
    friday = datetime(2026, 3, 6, 18, tzinfo=ZoneInfo(zone)) - timedelta(hours=0)
    assert Clock(0, friday).due(Hours(OFFICE, zone), 120) == due
    assert Clock(3600, friday).due(Hours(OFFICE, zone), 120) == due - timedelta(hours=1)


def test_a_night_of_25_hours_counts_25():
    sunday = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))
    hours = Hours(ROUND, "Europe/Berlin")
    assert Clock(0, sunday).due(hours, 25 * 60) == datetime(2026, 10, 26, tzinfo=ZoneInfo("Europe/Berlin"))


def test_a_clock_at_rest_and_hours_in_which_nobody_works_are_never_due():
    assert Clock(60).due(Hours(OFFICE), 30) is None
    assert Clock(60).seconds(Hours(OFFICE), datetime(2026, 1, 1, tzinfo=UTC)) == 60
    assert Clock(0, datetime(2026, 1, 1, tzinfo=UTC)).due(Hours({}), 30) is None
