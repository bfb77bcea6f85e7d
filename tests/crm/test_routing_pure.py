"""Who gets a lead, and why."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crm.routing import OFFICE, Prospect, RepLoad, after, assign

MONDAY_NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 12:00 in Kolkata
SUNDAY = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
RITA = RepLoad(1, "Rita", team_id=10, regions=("North", "Delhi"))
RON = RepLoad(2, "Ron", team_id=20, regions=("South",))
ANN = RepLoad(3, "Ann")


def chosen(lead=None, reps=(RITA, RON, ANN), at=MONDAY_NOON, **more):
    return assign(lead or Prospect(), list(reps), at=at, **more)


def test_region_comes_first_and_is_the_reason():
    given = chosen(Prospect(city="delhi"))
    assert (given.user_id, given.team_id, given.reason) == (1, 10, "Rita: looks after delhi.")


def test_leads_from_nowhere_go_to_those_without_a_region():
    assert chosen(Prospect(city="Oslo")).user_id == 3


def test_large_deals_go_to_seniors():
    senior = RepLoad(4, "Sara", is_senior=True)
    given = chosen(Prospect(value_minor=900), (ANN, senior), senior_from_minor=500)
    assert given.user_id == 4
    assert "takes large deals" in given.reason
    assert chosen(Prospect(value_minor=400), (ANN, senior), senior_from_minor=500).user_id == 3


def test_the_least_loaded_gets_it():
    busy, free = RepLoad(1, "Busy", open_leads=9), RepLoad(2, "Free", open_leads=3)
    given = chosen(reps=(busy, free))
    assert given.user_id == 2
    assert given.reason == "Free: fewest open leads (3)."


def test_equal_reps_take_turns():
    reps = [RepLoad(1, "A"), RepLoad(2, "B"), RepLoad(3, "C")]
    got = []
    for _ in range(6):
        given = chosen(reps=reps)
        got.append(given.user_id)
        reps = after(reps, given)
    assert got == [1, 2, 3, 1, 2, 3]


def test_a_full_rep_gets_no_more_but_a_hot_lead():
    full = RepLoad(1, "Full", open_leads=10, limit=10)
    assert chosen(reps=(full,)).user_id is None
    assert chosen(reps=(full,)).reason == "Every rep is at their limit of open leads."
    assert chosen(Prospect(score=85), (full,)).user_id == 1


def test_full_neighbours_pass_it_on():
    full = RepLoad(1, "Rita", regions=("Delhi",), open_leads=5, limit=5)
    given = chosen(Prospect(city="Delhi"), (full, ANN))
    assert given.user_id == 3
    assert "everybody nearer is full" in given.reason


def test_those_at_work_come_before_those_asleep():
    asleep, awake = (
        RepLoad(1, "Asleep", hours=replace(OFFICE, zone="America/New_York")),
        RepLoad(2, "Awake", open_leads=4),
    )
    given = chosen(reps=(asleep, awake))
    assert given.user_id == 2
    assert "at work now" in given.reason
    assert chosen(reps=(asleep, awake), at=SUNDAY).user_id == 1


def test_nobody_is_a_plain_answer():
    given = chosen(reps=())
    assert (given.user_id, given.reason) == (None, "Nobody can take leads yet: no active sales rep.")


@pytest.mark.parametrize("number", [1, 2, 5])
def test_every_lead_gets_somebody_and_a_reason(number):
    reps = [RepLoad(at, f"Rep {at}") for at in range(1, number + 1)]
    for score in range(0, 101, 10):
        given = chosen(Prospect(score=score), reps)
        assert given.user_id in {rep.user_id for rep in reps}
        assert given.reason.endswith(".")
