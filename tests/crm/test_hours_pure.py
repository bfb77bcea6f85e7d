"""Working hours: spans, sums and sentences, over the changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.forms.hours import DaysOffField, HoursField
from core.hours import DAYS, Hours, clean_week, moment

OFFICE = {day: [["09:00", "13:00"], ["14:00", "18:00"]] for day in DAYS[:5]}
ROUND = {day: [["00:00", "24:00"]] for day in DAYS}
ZONES = ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Tongatapu", "Europe/Berlin", "UTC"]
MOMENTS = st.integers(0, 365 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


def test_a_day_opens_and_closes_by_its_own_clock():
    spans = Hours(OFFICE, "Asia/Kolkata").open_spans(date(2026, 11, 23))
    assert [span[0].isoformat() for span in spans] == ["2026-11-23T03:30:00+00:00", "2026-11-23T08:30:00+00:00"]
    assert not Hours(OFFICE, "Asia/Kolkata").open_spans(date(2026, 11, 22))
    assert not Hours(OFFICE, "UTC", {date(2026, 11, 23)}).open_spans(date(2026, 11, 23))


def test_a_night_is_an_hour_shorter_or_longer_when_the_clock_changes():
    night = Hours({"sun": [["00:00", "06:00"]]}, "Europe/Berlin")
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert [end - start for start, end in night.open_spans(spring)] == [timedelta(hours=5)]
    assert [end - start for start, end in night.open_spans(autumn)] == [timedelta(hours=7)]
    assert moment(spring, "02:30", "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_spans_in_a_skipped_hour_neither_overlap_nor_count_twice():
    odd = Hours({"sun": [["02:15", "02:45"], ["03:00", "04:00"]]}, "Europe/Berlin")
    (first, second) = odd.open_spans(date(2026, 3, 29))
    assert first[1] <= second[0]
    skipped = Hours(ROUND, "Pacific/Apia")  # which had no 30 December 2011
    assert not skipped.open_spans(date(2011, 12, 30))


def test_working_minutes_skip_nights_weekends_and_days_off():
    hours = Hours(OFFICE, "UTC", {date(2026, 11, 23)})
    friday = datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert hours.add_working(friday, 60) == datetime(2026, 11, 20, 18, tzinfo=UTC)
    assert hours.add_working(friday, 61) == datetime(2026, 11, 24, 9, 1, tzinfo=UTC)
    assert hours.between(friday, datetime(2026, 11, 24, 10, tzinfo=UTC)) == timedelta(hours=2)
    with pytest.raises(ValueError, match="Nobody works"):
        Hours({}).add_working(friday, 1)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.integers(0, 20_000), st.sampled_from(ZONES))
def test_what_was_added_lies_between(at, minutes, zone):
    hours = Hours(OFFICE, zone)
    end = hours.add_working(at, minutes)
    assert hours.between(at, end) == timedelta(minutes=minutes)
    assert hours.between(end, at) == timedelta()


@settings(max_examples=60, deadline=None)
@given(st.tuples(MOMENTS, MOMENTS, MOMENTS).map(sorted), st.sampled_from(ZONES))
def test_parts_make_the_whole_and_a_round_week_is_the_clock(three, zone):
    one, two, last = three
    hours = Hours(OFFICE, zone)
    assert hours.between(one, two) + hours.between(two, last) == hours.between(one, last)
    assert Hours(ROUND, zone).between(one, last) == last - one


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(DAYS),
        st.lists(st.integers(0, 1440), min_size=2, max_size=8, unique=True).map(
            lambda minutes: [
                [f"{a // 60:02d}:{a % 60:02d}", f"{b // 60:02d}:{b % 60:02d}"]
                for a, b in zip(*[iter(sorted(minutes))] * 2, strict=False)
            ]
        ),
    )
)
def test_a_week_survives_being_written_and_read(week):
    field = HoursField(required=False)
    assert (field.clean(field.prepare_value(week)) or {}) == {d: s for d, s in week.items() if s}
    assert clean_week(week) == {day: week[day] for day in DAYS if week.get(day)}


@pytest.mark.parametrize(
    "text",
    [
        "Mon", "Noday 9-17", "Mon 17:00-09:00", "Mon 09:00-12:00, 11:00-13:00", "Mon 9:61-10:00",
        "Mon 09:00-25:00", "Mon 09:00", '{"mon": 5}', "Mon 9-9",
    ],
)  # fmt: skip
def test_wrong_hours_are_refused_in_words(text):
    with pytest.raises(ValidationError, match="Write hours like"):
        HoursField().clean(text)


@pytest.mark.parametrize("wrong", [[1], {"mon": [["a", "b"]]}, {"monday": []}, {"mon": [["09:00"]]}])
def test_a_program_is_judged_by_the_same_field(wrong):
    with pytest.raises(ValidationError):
        HoursField().clean(wrong)


def test_days_off_are_days_or_runs():
    field = DaysOffField(required=False)
    pairs = [["2026-12-24", "2026-12-31"], ["2027-01-26", "2027-01-26"]]
    assert field.clean("2027-01-26\n2026-12-24 to 2026-12-31") == pairs
    assert field.clean(field.prepare_value(pairs)) == pairs
    assert field.clean("") == []
    for wrong in ("tomorrow", "2026-12-31 to 2026-12-24", [[1]], "2026-01-01 to 2036-01-01"):
        with pytest.raises(ValidationError, match="Write days like"):
            field.clean(wrong)


def test_a_week_may_run_over_its_end():
    week = HoursField().clean("Sun-Thu 09:00-17:00")
    assert week == {day: [["09:00", "17:00"]] for day in (*DAYS[:4], DAYS[6])}
