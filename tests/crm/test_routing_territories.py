"""Territories decide first, then tier, room, hours, load and turn; and every no has its reason."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from crm.routing import OFFICE, Prospect, RepLoad, areas_of, assign, is_routed

MONDAY_NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 12:00 in Kolkata
ANN = RepLoad(1, "Ann", team_id=10, team_ids=(10,))
BOB = RepLoad(2, "Bob", team_id=20, team_ids=(20,))
CY = RepLoad(3, "Cy", is_senior=True)
REPS = (ANN, BOB, CY)


def rule(pk=1, name="West", priority=100, **filled):
    lists = dict.fromkeys(("countries", "regions", "cities", "postal_prefixes", "industries"), ())
    usual = {"team_id": None, "rep_ids": [], "max_open_leads": None, "colour": "#3b6fd4"}
    return {"id": pk, "name": name, "priority": priority} | lists | usual | filled


def given(lead, *rules, reps=REPS, at=MONDAY_NOON, **more):
    return assign(lead, reps, at=at, areas=areas_of(rules), **more)


@pytest.mark.parametrize(
    ("filled", "lead", "fits"),
    [
        ({"cities": ["Pune"]}, Prospect(city=" PUNE "), True),
        ({"cities": ["Pune"]}, Prospect(city="Puneville"), False),
        ({"cities": ["São Paulo"]}, Prospect(city="sao paulo"), True),
        ({"countries": ["US"], "regions": ["Georgia"]}, Prospect(country="US", region="georgia"), True),
        ({"countries": ["US"], "regions": ["Georgia"]}, Prospect(country="GE", region="Georgia"), False),
        ({"postal_prefixes": ["411", "SW1"]}, Prospect(postal_code="411 001"), True),
        ({"postal_prefixes": ["411", "SW1"]}, Prospect(postal_code="sw1a 1aa"), True),
        ({"postal_prefixes": ["411"]}, Prospect(postal_code=""), False),
        ({"industries": ["Dental clinic"]}, Prospect(industry="Dental Clinic"), True),
        ({"industries": ["Dental clinic"]}, Prospect(industry="Retail"), False),
        ({}, Prospect(), True),
    ],
)  # fmt: skip
def test_every_filled_list_must_hold_the_leads_value(filled, lead, fits):
    found = given(lead, rule(team_id=20, **filled))
    assert ("territory West" in found.reason) is fits


def test_the_reason_names_the_territory_and_the_others_learn_why_not():
    found = given(Prospect(city="Pune"), rule(cities=["Pune"], team_id=10))
    assert (found.user_id, found.team_id, found.reason) == (1, 10, "Ann: territory West.")
    assert found.others == dict.fromkeys((2, 3), "not of territory West")


def test_the_lowest_priority_that_fits_takes_it():
    wide = rule(1, "Everywhere", 200, team_id=10)
    narrow = rule(2, "Pune", 50, cities=["Pune"], rep_ids=[2])
    assert given(Prospect(city="Pune"), wide, narrow).user_id == 2
    assert given(Prospect(city="Delhi"), wide, narrow).user_id == 1


def test_a_full_territory_passes_on_to_the_next_then_to_anybody():
    full = replace(ANN, open_leads=5)
    first = rule(1, "First", 1, rep_ids=[1], max_open_leads=5)
    second = rule(2, "Second", 2, rep_ids=[2])
    found = given(Prospect(), first, second, reps=(full, BOB))
    assert (found.user_id, found.reason) == (2, "Bob: territory Second.")
    crowded = replace(BOB, regions=("South",), open_leads=1_000)
    found = given(Prospect(city="South"), reps=(crowded, CY))
    assert (found.user_id, found.reason) == (3, "Cy: everybody nearer is full.")
    assert found.others == {2: "full (1,000 open leads)"}


def test_a_hot_lead_may_go_half_as_far_again():
    only = rule(rep_ids=[1], max_open_leads=4)
    held = (replace(ANN, open_leads=5), BOB)
    assert given(Prospect(score=90), only, reps=held).user_id == 1
    assert given(Prospect(score=20), only, reps=held).user_id == 2


def test_large_values_go_to_a_senior_of_the_territory():
    both = rule(rep_ids=[1, 3])
    found = given(Prospect(value_minor=900), both, senior_from_minor=500)
    assert (found.user_id, found.reason) == (3, "Cy: territory West, takes large deals.")
    assert found.others[1] == "not: takes large deals"
    assert given(Prospect(value_minor=100), both, senior_from_minor=500).user_id == 1


def test_holidays_and_own_hours_count():
    off = replace(ANN, hours=replace(OFFICE, holidays=frozenset({date(2026, 11, 23)})))
    found = given(Prospect(), rule(rep_ids=[1, 2]), reps=(off, replace(BOB, open_leads=7)))
    assert found.reason == "Bob: territory West, at work now."
    assert found.others == {1: "not: at work now"}


def test_load_then_turn_decide_among_equals():
    busy, later = replace(ANN, open_leads=3), replace(CY, last_assigned=9)
    found = given(Prospect(), rule(), reps=(busy, replace(BOB, last_assigned=4), later))
    assert found.reason == "Bob: territory West, fewest open leads (0), next in turn."
    assert found.others == {1: "more open leads (3)", 3: "had a lead later"}


def test_a_territory_of_nobody_is_passed_over():
    gone = rule(rep_ids=[99])
    assert given(Prospect(), gone).user_id == 1


@pytest.mark.parametrize(
    ("reason", "is_ours"),
    [
        ("Rita: territory West, at work now.", True),
        ("Every rep is at their limit of open leads.", True),
        ("Added by the owner.", False),
        ("Chosen by job: night.", False),
        ("Rita looks after this contact.", False),
        ("Named in the imported file.", False),
    ],
)
def test_a_stored_reason_tells_whether_the_rules_gave_it(reason, is_ours):
    assert is_routed(reason) is is_ours
