"""Lists: who sees which rows, the filters, and a constant number of queries."""

import pytest

from core.errors import NotFound
from core.lists import SPECS, matching
from core.pages import paginate
from crm.queries.board import board_of
from crm.queries.contacts import contact_for, contacts_for
from crm.queries.deals import deal_for, deals_for
from crm.queries.leads import lead_for, leads_for, may
from crm.queries.pipelines import pipeline_for, pipelines_for
from tests.factories.crm import make_deal, make_lead, make_pipeline
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def test_reps_see_own_leads_and_deals_and_everybodys_contacts(people):
    mine, other = make_lead(owner=people.rita), make_lead(owner=people.ron)
    deal = make_deal(owner=people.ron)
    rita = as_actor(people.rita)
    assert list(leads_for(rita)) == [mine]
    assert lead_for(rita, mine.pk) == mine
    for question, pk in ((lead_for, other.pk), (deal_for, deal.pk)):
        with pytest.raises(NotFound):
            question(rita, pk)
    assert contact_for(rita, other.contact_id) == other.contact
    assert contacts_for(rita).count() == 3
    assert leads_for(as_actor(people.sam)).count() == 0
    assert leads_for(as_actor(people.mia)).count() == 2
    assert deals_for(as_actor(people.mia)).count() == 0


def test_finance_sees_won_deals_only(people):
    won = make_deal("won")
    make_deal()
    assert list(deals_for(as_actor(people.fin))) == [won]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "abc"),
        ("owner=me", "a"),
        ("owner=none", "c"),
        ("owner=me&owner=none", "ac"),
        ("owner=me&owner-op=not", "bc"),
        ("temperature=hot", "a"),
        ("temperature=cold&temperature=warm", "bc"),
        ("status=contacted", "b"),
        ("stage=NEW&score=50&score-op=min", "a"),
        ("score=10&score-op=is", "c"),
        ("estimated_value=900&estimated_value-op=min", "b"),
        ("city=pune", "a"),
        ("city=pu&city-op=starts", "a"),
        ("city-op=unset", "bc"),
        ("created=1&created-op=last", "abc"),
        ("created=1&created-op=older", ""),
        ("created=2000-01-01&created-op=before", ""),
        ("q=shiva traders", "b"),
        ("q=shiva nothingofthekind&stage=NEW", ""),
        ("q=shiva%00", "b"),
        ("view=hot", "a"),
        ("view=hot&edited=1", "abc"),
    ],
)
def test_leads_are_filtered(people, query, found):
    make_lead(title="a", owner=people.max, score=80, city="Pune")
    contacted = {"business_name": "Shiva Traders", "estimated_value_minor": 100_000}
    make_lead("contacted", "CONTACTED", title="b", owner=people.rita, score=60, **contacted)
    make_lead(title="c", score=10)
    rows = matching(SPECS["leads"], as_actor(people.max), query)
    assert {lead.title for lead in rows} == set(found)


@pytest.mark.parametrize("count", [1, 30])
def test_a_page_of_leads_costs_the_same(people, count, django_assert_num_queries):
    for _ in range(count):
        make_lead("converted", "INTERESTED", owner=people.rita)
    actor = as_actor(people.rita)
    actor.can("lead:read")
    list(leads_for(actor)[:1])
    with django_assert_num_queries(1):
        for lead in paginate(leads_for(actor)).rows:
            assert lead.contact.name
            assert lead.owner.name
            assert lead.converted_deal.title


def test_the_board_shows_open_and_lately_won_deals(people):
    pipeline = make_pipeline()
    shown = {make_deal(owner=people.rita), make_deal("won", owner=people.rita)}
    make_deal("lost", owner=people.rita)
    make_deal(owner=people.ron)
    board = board_of(as_actor(people.rita), pipeline, "INR")
    assert {deal for column in board["columns"] for deal in column["deals"]} == shown
    assert sum(column["count"] for column in board["columns"]) == len(shown)


def test_pipelines_are_for_administrators(people):
    pipeline = make_pipeline()
    assert list(pipelines_for(as_actor(people.ada))) == [pipeline]
    for person in (people.max, people.rita, people.mia):
        with pytest.raises(NotFound):
            pipeline_for(as_actor(person), pipeline.pk)


def test_a_verb_says_why_it_is_not_possible():
    lead = make_lead()
    assert may(lead, "outreach")
    verdict = may(lead, "payment")
    assert not verdict
    assert verdict.reason
