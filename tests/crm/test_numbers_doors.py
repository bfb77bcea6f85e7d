"""Goals, reports by mail and nightly figures through the operator's door and through REST."""

import json
from datetime import date

import pytest

from crm.models import Goal, ReportRecipient, ReportSchedule, Snapshot
from tests.factories.crm import make_pipeline
from tests.people import api_client, browser

pytestmark = pytest.mark.django_db
ASKED = {"report": "pipeline", "format": "csv", "weekday": "0", "hour": "8"}


def test_the_operator_sets_a_goal_and_an_empty_one_is_refused_with_a_reason(people):
    page = browser(people.ada)
    wanted = {"team": "", "month": "2026-11-20", "figure": "won", "amount": "5000"}
    assert page.post("/admin/crm/goal/add/", wanted).status_code == 302
    goal = Goal.objects.get()
    assert (goal.month, goal.amount) == (date(2026, 11, 1), 500_000)
    page.post("/admin/crm/goal/add/", wanted | {"amount": ""})
    assert "Nothing would be kept" in page.get("/admin/crm/goal/add/").content.decode()
    assert Goal.objects.get() == goal


def test_the_operator_schedules_changes_and_switches_a_report(people):
    page, home = browser(people.ada), "/admin/crm/reportschedule/"
    reader = people.max.pk
    assert page.post(f"{home}add/", ASKED | {"recipients": [reader]}).status_code == 302
    row = ReportSchedule.objects.get()
    assert (row.maker, row.weekday) == (people.ada, 0)
    assert page.post(f"{home}{row.pk}/change/", ASKED | {"hour": "6", "recipients": [reader]}).status_code == 302
    assert page.post(f"{home}{row.pk}/do/report.switch/").status_code == 302
    row.refresh_from_db()
    assert (row.hour, row.is_active) == (6, False)
    assert [one.user for one in row.recipients.all()] == [people.max]


def test_what_the_night_wrote_is_read_and_never_edited(people):
    row = Snapshot.objects.create(on=date(2026, 11, 20), pipeline=make_pipeline(), currency="INR", count=3)
    page = browser(people.ada)
    assert page.get(f"/admin/crm/snapshot/{row.pk}/change/").status_code == 200
    for address in (f"/admin/crm/snapshot/{row.pk}/change/", "/admin/crm/forecast/add/", "/admin/crm/snapshot/add/"):
        assert page.post(address, {"count": "9"}).status_code == 403, address
    assert Snapshot.objects.get().count == 3


def told(client, method: str, path: str, body: dict | None = None):
    return client.generic(method, f"/api/v1/crm/{path}", json.dumps(body or {}), "application/json")


def test_programs_set_read_and_take_goals_away(people):
    client = api_client(people.max)
    wanted = {"month": "2026-11-20", "figure": "won", "amount": "5000"}
    made = told(client, "POST", "goals", wanted)
    assert (made.status_code, made.json()["amount"], made.json()["month"]) == (201, "5000.00", "2026-11-01")
    assert [row["id"] for row in client.get("/api/v1/crm/goals?figure=won").json()["results"]] == [made.json()["id"]]
    assert told(client, "POST", "goals", wanted | {"amount": None}).status_code == 204
    assert not Goal.objects.exists()
    assert told(api_client(people.rita), "POST", "goals", wanted).status_code == 403


def test_programs_schedule_reports_and_each_reader_leaves_their_own(people):
    client, reader = api_client(people.max), people.vic
    body = {**ASKED, "recipients": [reader.pk]}
    made = told(client, "POST", "report-schedules", body)
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert made.json()["recipients"] == [{"id": reader.pk, "name": str(reader)}]
    assert told(client, "PUT", f"report-schedules/{pk}", body | {"hour": 5}).json()["hour"] == 5
    assert told(client, "POST", f"report-schedules/{pk}/switch").json()["is_active"] is False
    assert told(api_client(people.fin), "POST", f"report-schedules/{pk}/switch").status_code == 404
    refused = told(client, "POST", "report-schedules", body | {"recipients": [people.rita.pk]})
    assert refused.status_code == 422 and "may not read reports" in refused.content.decode()
    (got,) = api_client(reader).get("/api/v1/crm/report-subscriptions").json()["results"]
    assert got["schedule_id"] == pk
    assert told(api_client(people.mia), "DELETE", f"report-subscriptions/{got['id']}").status_code == 404
    assert told(api_client(reader), "DELETE", f"report-subscriptions/{got['id']}").status_code == 204
    assert not ReportRecipient.objects.exists()
