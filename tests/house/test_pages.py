"""Every page of a lively install answers, with few queries; `make bench` measures the time."""

import tomllib
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.management.commands.list_endpoints import endpoints
from core.tokens import sign
from crm.actions.approvals import approve_deal, reject_deal, request_approval
from crm.actions.processes import begin_processes, make_playbooks
from crm.actions.tickets import create_ticket
from crm.models import Contact, Deal, ImportRun, Lead, PriceList
from tests.crm.documents import uploaded
from tests.factories.crm import SYSTEM, make_activity, make_deal, make_item, make_lead
from tests.people import api_client, as_actor, browser

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = tomllib.loads((ROOT / "ci" / "budgets.toml").read_text())["pages"]
ROWS = {"/leads/": Lead, "/deals/": Deal, "/contacts/": Contact}
# Saying yes to these is a person's decision or a stream without an end.
NOT_ASKED = ("/live/", "/accounts/logout/")
LISTS = {  # the most statements that each may take
    "/contacts/": 8, "/leads/": 8, "/deals/list/": 8, "/tasks/": 8, "/items/": 8, "/deals/": 10, "/audit/": 8,
    "/notifications/": 8, "/api/v1/crm/contacts": 8, "/api/v1/crm/leads": 8, "/api/v1/crm/deals": 8,
    "/api/v1/crm/activities": 8, "/api/v1/crm/tickets": 8, "/tickets/": 8,
}  # fmt: skip
RECORDS = {"/contacts/": Contact, "/leads/": Lead, "/deals/": Deal}
MOST_ON_A_RECORD = 12


@pytest.fixture
def ada(db, run_events):
    call_command("demo", stdout=StringIO())
    run_events()
    return get_user_model().objects.get(email="ada@seed.example.com")


def addresses() -> list[str]:
    """Every page that can be asked with what the demo holds."""
    found = set()
    for route in endpoints():
        if route.kind != "page" or "GET" not in route.methods or route.pattern in NOT_ASKED:
            continue
        path = route.pattern
        for prefix, model in ROWS.items():
            if path.startswith(f"{prefix}<int:pk>/"):
                path = path.replace("<int:pk>", str(model.objects.order_by("pk").first().pk))
        if "<" not in path:
            found.add(path)
    return sorted(found)


@pytest.mark.slow
def test_every_page_answers_with_few_queries(ada):
    client = browser(ada)
    broken, greedy = {}, {}
    asked = addresses()
    for path in asked:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        if answer.status_code not in {200, 204, 301, 302, 303, 405, 409, 503}:
            broken[path] = answer.status_code
        if len(queries) > BUDGETS["queries"]:
            greedy[path] = len(queries)
    assert (broken, greedy) == ({}, {})
    assert len(asked) > 40


@pytest.mark.parametrize("who", ["ada", "rita"])
def test_a_list_asks_as_often_for_thirty_rows_as_for_one(people, who):
    person = getattr(people, who)
    add_rows(person, 1)
    one = {path: statements(person, path) for path in LISTS}
    add_rows(person, 29)
    thirty = {path: statements(person, path) for path in LISTS}
    assert {path: (few, thirty[path]) for path, few in one.items() if few != thirty[path]} == {}
    assert {path: asked for path, asked in thirty.items() if asked > LISTS[path]} == {}


@pytest.mark.parametrize("who", ["ada", "rita"])
def test_the_page_of_a_record_with_a_long_file_asks_twelve_times_at_most(people, who):
    person = getattr(people, who)
    add_rows(person, 1)
    deal = Deal.objects.get()
    for _ in range(20):
        make_activity(actor=person, contact=deal.contact, lead=deal.lead, deal=deal)
    paths = {f"{prefix}{model.objects.get().pk}/" for prefix, model in RECORDS.items()}
    asked = {path: statements(person, path) for path in paths}
    assert {path: often for path, often in asked.items() if often > MOST_ON_A_RECORD} == {}


def fill(deal: Deal, person, manager, count: int) -> None:
    """Give a deal so much of everything that its page shows."""
    for number in range(count):
        deal.lines.create(order=number, description=f"Part {number}", quantity=1, unit_price_minor=10**11)
        make_activity(actor=person, contact=deal.contact, lead=deal.lead, deal=deal, due_at=deal.created_at)
        make_activity(type="note", actor=manager, contact=deal.contact, deal=deal, completed_at=deal.created_at)
        uploaded(person, deal=deal)
        add_rows(person, 1, contact=deal.contact)
    approval = request_approval(Deal.objects.get(pk=deal.pk), actor=as_actor(person))
    reject_deal(approval, actor=as_actor(manager), reason="Say why")
    approve_deal(request_approval(Deal.objects.get(pk=deal.pk), actor=as_actor(person)), actor=as_actor(manager))


@pytest.mark.parametrize("who", ["ada", "rita"])
def test_the_page_of_a_deal_that_has_everything_asks_twelve_times_at_most(people, who, run_events, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    person, often = getattr(people, who), {}
    make_playbooks(actor=SYSTEM)
    for count in (1, 30):
        add_rows(person, 1)
        deal = Deal.objects.latest("pk")
        run = ImportRun.objects.create(
            kind="deals", state="finished", created_by=people.ada, started_at=clock.now(), file_name="deals.csv"
        )
        prices = PriceList.objects.create(name=f"List {count}", currency="INR")
        Deal.objects.filter(pk=deal.pk).update(import_run=run, value_minor=10**12, price_list=prices)
        deal.refresh_from_db()
        begin_processes(deal, actor=SYSTEM, starts_on="lead.converted")
        fill(deal, person, people.max, count)
        run_events()
        path, among = f"/deals/{deal.pk}/", f"?from={sign('list', 'deals?view=all')}"
        html = browser(person).get(path + among).content.decode()
        for shown in ("Part 0", "deals.csv" if count == 1 else "Note", "Max Manager", f" of {Deal.objects.count()}"):
            assert shown in html, shown
        often[count] = statements(person, path), statements(person, path + among)
    assert often[1] == often[30]
    alone, in_its_list = often[1]
    assert alone <= MOST_ON_A_RECORD and in_its_list <= alone + 1


def add_rows(owner, count: int, **facts) -> None:
    """Write so many leads of this owner, each with its contact, deal, task and item."""
    for _ in range(count):
        lead = make_lead(owner=owner, **facts)
        deal = make_deal(owner=owner, contact=lead.contact, lead=lead)
        make_activity(actor=owner, contact=lead.contact, lead=lead, deal=deal, due_at=deal.created_at)
        create_ticket(actor=SYSTEM, contact=lead.contact, subject="Broken")
        make_item()


def statements(person, path: str) -> int:
    """Ask a page or an endpoint twice; answer how many statements the second time took."""
    client = api_client(person) if path.startswith("/api/") else browser(person)
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code in {200, 403}, path
    return len(queries) if answer.status_code == 200 else 0  # a refusal is written down
