"""Months that were counted beforehand give the same figures as the rows, to everybody who may read them."""

from datetime import date, timedelta
from random import Random

import pytest
import time_machine

from accounts.actions.shares import share_record
from accounts.actor import Actor
from accounts.models import Grant, Workspace
from core.models import Event
from crm.actions import snapshots
from crm.actions.leads import delete_lead, reassign_lead
from crm.actions.operations import undo_operation
from crm.jobs import count_leads_by_month
from crm.models import CohortBlock, Deal, Lead, Operation
from crm.queries import analytics
from crm.queries.cohorts import FRESH, split
from crm.queries.periods import asked_of
from tests.crm.analytics_world import NOW, make_world
from tests.factories.crm import make_lead
from tests.people import again, as_actor, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("that_day")]
HOUSE = Actor.job("tests")
PERIODS = ("month", "quarter", "year", "last-quarter")


@pytest.fixture
def that_day(monkeypatch):
    monkeypatch.setattr(snapshots, "MANY", 1)
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def figures(actor, asked) -> dict:
    """Everything that reports say of leads."""
    steps = {by: analytics.lead_steps(actor, asked, by)[0] for by in ("", "source", "city", "owner")}
    return {"steps": {by: {key: (+one.now, +one.before) for key, one in found.items()} for by, found in steps.items()},
            "replies": analytics.replies(actor, asked)[0]}  # fmt: skip


def assert_same(*readers, **filters) -> int:
    """Compare both ways for each reader, period and filter; returns how often months that were counted took part."""
    asked_for = [asked_of({"period": period, **more})
                 for period in PERIODS for more in ({}, *({name: one} for name, one in filters.items()))]  # fmt: skip
    asked_for.append(asked_of({"first": date(2026, 6, 11), "last": date(2026, 10, 5), "currency": "USD"}))
    quick = [figures(reader, asked) for reader in readers for asked in asked_for]
    used = sum(bool(split(reader, asked)[0]) for reader in readers for asked in asked_for)
    CohortBlock.objects.update(counted_at=NOW - FRESH - timedelta(days=1))
    slow = [figures(reader, asked) for reader in readers for asked in asked_for]
    CohortBlock.objects.update(counted_at=NOW)
    assert quick == slow
    return used


@pytest.fixture
def world(people):
    people.north  # noqa: B018 - Max leads it, Rita is in it
    world = make_world([people.rita, people.ron], 21, 150)
    random = Random(5)
    for lead in world.leads:
        if random.random() < 0.2:
            Lead.objects.filter(pk=lead.pk).update(team=random.choice((people.north, people.south)))
    Grant.objects.create(role="sales-rep", permission="analytics:read", scope="own")
    Workspace.current()
    Workspace.objects.update(manager_scope="team")
    return world


def readers(people) -> list[Actor]:
    """Who sees all, a team's, their own, and none."""
    return [HOUSE, *(as_actor(again(one)) for one in (people.ada, people.max, people.rita, people.sam))]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles"])
def test_counted_months_say_what_the_rows_say_to_every_reader(people, world, zone):
    Workspace.objects.update(timezone=zone)
    count_leads_by_month()
    filters = {"owner": people.rita, "team": people.north, "source": "web"}
    assert assert_same(*readers(people)) > 15
    assert assert_same(HOUSE, **filters) > 9


def test_they_follow_what_was_backdated_deleted_reassigned_undone_or_won(people, world):
    count_leads_by_month()
    random, before = Random(8), figures(HOUSE, asked_of({"period": "year"}))
    for lead in random.sample(world.leads, 60):
        fresh = Lead.objects.get(pk=lead.pk)
        kind = random.choice(("backdated", "deleted", "reassigned", "moved", "won"))
        if kind == "backdated":
            Lead.objects.filter(pk=fresh.pk).update(created_at=fresh.created_at - timedelta(days=45))
        elif kind == "deleted" and fresh.status == "new":
            delete_lead(fresh, actor=HOUSE)
        elif kind == "reassigned" and fresh.owner_id and fresh.status in {"new", "contacted", "qualified"}:
            reassign_lead(fresh, actor=HOUSE, owner=people.max)
        elif kind == "moved":
            Lead.objects.filter(pk=fresh.pk).update(city="Goa", team=people.south)
        elif fresh.converted_deal_id:
            Deal.objects.filter(pk=fresh.converted_deal_id).update(
                status="won", won_at=NOW, closed_on=NOW.date(), value_minor=77_000, currency="USD"
            )
    make_lead(created_at=NOW - timedelta(days=100), owner=people.ron)
    assert figures(HOUSE, asked_of({"period": "year"})) != before
    assert set(Event.objects.values_list("name", flat=True)) >= {"lead.deleted", "lead.assigned"}
    count_leads_by_month()
    assert assert_same(*readers(people)) > 15
    for operation in Operation.objects.order_by("-pk"):
        undo_operation(operation, actor=HOUSE)
    count_leads_by_month()
    assert assert_same(*readers(people)) > 15


def test_a_page_says_when_the_months_were_counted_and_looks_itself_when_that_is_long_ago(people, world, that_day):
    count_leads_by_month()
    client, asked = browser(people.ada), asked_of({"period": "year"})
    that_day.shift(timedelta(minutes=30))
    new = make_lead(owner=people.rita)
    old = make_lead(owner=people.rita, created_at=NOW - timedelta(days=60))
    found, as_of = analytics.lead_steps(HOUSE, asked)
    assert (found[""].now["leads"], as_of) == (151, NOW)  # this month is counted now, past ones were before
    for path in ("/dashboard/", "/reports/sources/", "/reports/response-time/"):
        assert "17:30" in client.get(path, {"period": "year"}).content.decode(), path
        assert "17:30" not in client.get(path, {"period": "week"}).content.decode(), path
    that_day.shift(FRESH)
    found, as_of = analytics.lead_steps(HOUSE, asked)
    assert (found[""].now["leads"], as_of) == (152, None)
    assert {new.pk, old.pk} <= set(Lead.objects.values_list("pk", flat=True))


def test_who_was_given_single_leads_gets_sums_with_them(people, world):
    count_leads_by_month()
    asked, lead = asked_of({"period": "year"}), next(lead for lead in world.leads if lead.owner == people.ron)
    before = analytics.lead_steps(as_actor(again(people.rita)), asked)[0][""].now["leads"]
    share_record(lead, actor=as_actor(people.ada), noun="lead", shared_with=people.rita)
    reader = as_actor(again(people.rita))
    assert analytics.lead_steps(reader, asked)[0][""].now["leads"] == before + 1
    assert assert_same(reader) == 0


def test_few_leads_and_another_zone_are_counted_as_somebody_looks(people, world, monkeypatch):
    count_leads_by_month()
    Workspace.objects.update(timezone="America/Los_Angeles")
    assert split(HOUSE, asked_of({"period": "year"}))[0] == {}
    monkeypatch.setattr(snapshots, "MANY", 1_000)
    count_leads_by_month()
    assert not CohortBlock.objects.exists()
