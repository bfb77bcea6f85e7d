"""The timeline merges events and activities, and shows each entry only to those who may read it."""

import pytest

from core import clock
from crm.actions.activities import create_activity
from crm.actions.deals import win_deal
from crm.actions.leads import convert_lead, create_lead, qualify_lead, record_outreach
from crm.queries.timeline import timeline
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_lead
from tests.people import as_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(people):
    """Rita's lead from first word to won deal, with a note of hers."""
    rita = as_actor(people.rita)
    lead = create_lead(actor=rita, email="asha@acme.in", business_name="Acme", source="referral")
    record_outreach(lead, actor=rita)
    qualify_lead(lead, actor=rita)
    create_activity(actor=rita, type="note", subject="Likes blue", lead=lead)
    lead = convert_lead(lead, actor=rita)
    win_deal(lead.converted_deal, actor=rita, closed_on=clock.today("Asia/Kolkata"))
    lead.refresh_from_db()
    return lead


def names(entries) -> set[str]:
    return {entry.name for entry in entries}


def test_the_owner_sees_everything_newest_first(people, story):
    entries = timeline(as_actor(people.rita), story.contact)
    assert {"contact.created", "lead.created", "lead.qualified", "lead.converted", "deal.won"} <= names(entries)
    assert "Likes blue" in [entry.title for entry in entries]
    assert entries == sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)
    assert all(entry.as_json()["title"] for entry in entries)


@pytest.mark.parametrize(
    ("who", "leads", "deals", "activities"),
    [
        ("max", True, True, True),
        ("ada", True, True, True),
        ("vic", True, True, True),
        ("mia", True, False, False),
        ("sam", False, False, True),
        ("ron", False, False, False),
        ("fin", False, True, False),
    ],
)
def test_each_entry_is_shown_to_those_who_may_read_it(people, story, who, leads, deals, activities):
    entries = timeline(as_actor(getattr(people, who)), story.contact)
    assert "contact.created" in names(entries)
    assert ("lead.qualified" in names(entries)) is leads
    assert ("deal.won" in names(entries)) is deals
    assert (any(entry.kind == "activity" for entry in entries)) is activities


def test_a_lead_shows_its_own_story_only(people, story):
    other = make_lead(contact=story.contact, owner=people.rita)
    record_outreach(other, actor=SYSTEM)
    assert {"lead.qualified", "deal.won"} <= names(timeline(as_actor(people.rita), story))
    shown = names(timeline(as_actor(people.rita), other))
    assert "lead.contacted" in shown
    assert not {"lead.qualified", "deal.won"} & shown
    assert "lead.created" in names(timeline(as_actor(people.rita), story.converted_deal))


def test_it_goes_on_before_a_moment(people, story):
    everything = timeline(as_actor(people.rita), story.contact)
    rest = timeline(as_actor(people.rita), story.contact, before=everything[2].at)
    assert all(entry.at < everything[2].at for entry in rest)
    assert len(timeline(as_actor(people.rita), story.contact, limit=3)) == 3


@pytest.mark.parametrize("count", [1, 30])
def test_its_queries_do_not_grow(people, count, django_assert_max_num_queries):
    contact = make_contact(owner=people.rita)
    for _ in range(count):
        make_lead(contact=contact, owner=people.rita)
        create_activity(actor=SYSTEM, type="note", subject="x", contact=contact, lead=make_lead(contact=contact))
        make_deal(contact=contact, owner=people.rita)
    actor = as_actor(people.rita)
    with django_assert_max_num_queries(8):
        timeline(actor, contact)


@pytest.mark.parametrize(("subject", "title"), [("Call Kavya", "Call Kavya"), ("Price asked", "Call: Price asked")])
def test_a_title_names_the_type_once(people, subject, title):
    contact = make_contact(owner=people.rita)
    create_activity(actor=SYSTEM, type="call", subject=subject, contact=contact)
    titles = [entry.title for entry in timeline(as_actor(people.rita), contact)]
    assert title in titles
