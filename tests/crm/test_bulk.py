"""What is done with many rows is what single verbs would do, row by row; what fails says so by name."""

import json
import re
from contextlib import contextmanager

import pytest
from django.urls import reverse

from accounts.models import Notification
from core import clock
from core.actions import run
from core.errors import HouseError
from core.models import Delivery, Event
from crm.actions import bulk, operations
from crm.actions.operations import undo_operation
from crm.actions.rotting import recount_all
from crm.actions.scores import refresh_contact_score
from crm.models import Activity, Contact, Deal, Lead, Operation
from crm.queries.operations import entries
from tests.crm.digests import state
from tests.factories.crm import make_activity, make_contact, make_deal, make_lead, make_pipeline
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db


def said(since: int) -> list[tuple]:
    """What was published, without the operation's own events."""
    rows = Event.objects.filter(pk__gt=since).exclude(name__startswith="operation.").order_by("pk")
    return [(row.name, row.subject_id, row.actor_id, row.data) for row in rows]


def scene(rita, ron) -> list[Lead]:
    leads = [make_lead(owner=owner) for owner in (rita, rita, ron)]
    return [*leads, make_lead("converted", "INTERESTED", owner=rita)]


@pytest.mark.parametrize("who", ["max", "rita"])
def test_bulk_is_the_sum_of_singles(people, who):
    """Same rows, same permission for each, same events; only the wrapping differs."""
    actor = as_actor(getattr(people, who))
    results = []
    for in_one_go in (True, False):
        ids = [lead.pk for lead in scene(people.rita, people.ron)]
        base = ids[0]
        start = Event.objects.latest("pk").pk if Event.objects.exists() else 0
        data = {"reason": "No budget"}
        if in_one_go:
            asked = {"verb": "disqualify", "ids": ids, "data": data}
            made = run("lead.bulk", actor=actor, data=asked)
            answers = [row["ok"] for row in made.results]
        else:
            answers = []
            for lead in Lead.objects.filter(pk__in=ids).order_by("pk"):
                try:
                    if not actor.can("lead:read", lead):
                        answers.append(False)
                        continue
                    run("lead.disqualify", lead, actor=actor, data=data)
                    answers.append(True)
                except HouseError:
                    answers.append(False)
        events = [(name, subject - base, by) for name, subject, by, _ in said(start)]
        left = list(Lead.objects.filter(pk__in=ids).order_by("pk").values_list("status", "version"))
        results.append((answers, events, left))
    assert results[0] == results[1]
    assert results[0][0] == ([True, True, True, False] if who == "max" else [True, True, False, False])


def test_rest_answers_for_each_row_and_the_undo_restores_all(max_, rita, ron):
    contacts = [make_contact(owner=rita, city="Goa") for _ in range(3)]
    before = state()
    client = api_client(max_)
    body = {"verb": "update", "ids": [*(c.pk for c in contacts), 999_999_999], "data": {"city": "Pune"}}
    answer = client.post("/api/v1/crm/contacts/bulk", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert [row["ok"] for row in made["results"]] == [True, True, True, False]
    assert made["results"][-1]["code"] == "not_found"
    assert set(Contact.objects.values_list("city", flat=True)) == {"Pune"}
    address = f"/api/v1/crm/operations/{made['id']}/undo"
    undone = client.post(address, {}, content_type="application/json")
    assert undone.status_code == 200 and undone.json()["state"] == "undone"
    assert state() == before
    again = client.post(address, {}, content_type="application/json")
    assert again.status_code == 409
    listed = client.get("/api/v1/crm/operations").json()["results"]
    assert [row["state"] for row in listed] == ["undone"]
    one = client.get(f"/api/v1/crm/operations/{made['id']}").json()
    assert one["failures"][0]["id"] == 999_999_999
    assert api_client(ron).get(f"/api/v1/crm/operations/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"verb": "fly", "ids": [1]}, "verb"),
        ({"verb": "delete"}, "__all__"),
        ({"verb": "delete", "ids": ["x"]}, "ids"),
        ({"verb": "delete", "ids": {"a": 1}}, "ids"),
        ({"verb": "delete", "ids": list(range(1, 1_100))}, "ids"),
        ({"verb": "update", "ids": [1], "data": {"nose": "long"}}, "data"),
        ({"verb": "update", "ids": [1], "data": {"timezone": "Mars"}}, "timezone"),
        ({"verb": "update", "ids": [1], "data": [1]}, "data"),
        ({"verb": "reassign", "ids": [1], "data": {}}, "owner"),
        ({"verb": "delete", "all": True, "filters": "nose=long"}, "filters"),
    ],
)
def test_a_wrong_body_is_refused_whole(ada, body, field):
    make_contact()
    before = state()
    answer = api_client(ada).post("/api/v1/crm/contacts/bulk", body, content_type="application/json")
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert state() == before and not Operation.objects.exists()


def test_a_verb_that_the_role_lacks_is_refused_whole(rita):
    contact = make_contact(owner=rita)
    answer = api_client(rita).post(
        "/api/v1/crm/contacts/bulk", {"verb": "delete", "ids": [contact.pk]}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert Contact.objects.exists() and not Operation.objects.exists()


def test_more_than_twenty_rows_are_the_workers_and_a_kill_loses_nothing(max_, rita, run_events, monkeypatch):
    contacts = [make_contact(owner=rita) for _ in range(230)]
    odd = contacts[70].pk
    Contact.objects.filter(pk=odd).update(phone="12")
    before = state()
    actor = as_actor(max_)
    asked = {"verb": "update", "all": True, "filters": "", "data": {"city": "Pune"}}
    operation = run("contact.bulk", actor=actor, data=asked)
    assert operation.is_working and operation.total == 230
    late = make_contact(owner=rita, city="Goa")

    with killed_in(monkeypatch, bulk, "_change", calls=3):
        run_events()
    assert Contact.objects.filter(city="Pune").count() == 99
    revive(run_events)
    operation.refresh_from_db()
    assert (operation.state, operation.row_count) == ("done", 229)
    [failure] = entries(operation, "failure")
    assert failure["id"] == odd and "phone number" in failure["reason"]
    late.refresh_from_db()
    assert late.city == "Goa"
    late.delete()

    undo_operation(operation, actor=actor)
    with killed_in(monkeypatch, operations.StepUndo, "run", calls=2):
        run_events()
    assert 0 < Contact.objects.filter(city="Pune").count() < 229
    revive(run_events)
    operation.refresh_from_db()
    assert operation.state == "undone"
    assert state() == before


@contextmanager
def killed_in(monkeypatch, owner, name: str, calls: int):
    """Let the worker die at the end of this call of a function, before anything of it is committed."""
    work, made = getattr(owner, name), []

    def dies(*args, **kwargs):
        made.append(1)
        result = work(*args, **kwargs)
        if len(made) == calls:
            raise SystemExit
        return result

    monkeypatch.setattr(owner, name, dies)
    with pytest.raises(SystemExit):
        yield
    monkeypatch.undo()


def revive(run_events) -> None:
    """Let the leases of the dead run out, and another worker go on."""
    Delivery.objects.filter(done_at=None).update(leased_until=None)
    run_events()


def test_the_page_asks_does_and_offers_an_undo(max_, rita, ron):
    leads = [make_lead(owner=rita) for _ in range(3)]
    for lead in leads:
        refresh_contact_score(lead.contact_id)
    before = state()
    page = browser(max_)
    query = "&".join(["verb=reassign", "back=/leads/?view=mine", *(f"pk={row.pk}" for row in leads)])
    asked = page.get(f"/bulk/leads/?{query}")
    assert asked.status_code == 200 and b"Assign 3 leads" in asked.content
    wrong = page.post(f"/bulk/leads/?{query}", {"owner": ""})
    assert wrong.status_code == 422
    answer = page.post(f"/bulk/leads/?{query}", {"owner": ron.pk})
    assert (answer.status_code, answer["Location"]) == (303, "/leads/?view=mine")
    assert set(Lead.objects.values_list("owner", flat=True)) == {ron.pk}
    shown = page.get("/operations/").content.decode()
    assert "Assigned 3 leads: Ron Rep" in shown
    [address] = set(re.findall(r'action="(/operations/\d+/undo/)"', shown))
    undone = page.post(address, {"back": "/leads/"})
    assert undone["Location"] == "/leads/"
    assert state() == before


def test_the_toast_carries_an_undo_form_with_and_without_script(ada):
    contact = make_contact()
    page = browser(ada)
    page.post(reverse("crm:contact-delete", args=[contact.pk]))
    toast = page.get("/contacts/").content.decode().partition('id="toasts"')[2]
    assert re.search(r'<form method="post" action="/operations/\d+/undo/"', toast)
    lead = make_lead("qualified", "INTERESTED", owner=ada)
    make_pipeline()
    moved = page.post(reverse("crm:lead-convert", args=[lead.pk]), {}, headers={"HX-Request": "true"})
    address, values = json.loads(moved["HX-Trigger"])["toast"]["undo"]
    assert values == {}
    back = page.post(address, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver/leads/{lead.pk}/"})
    assert back["HX-Redirect"] == f"/leads/{lead.pk}/"
    assert not Deal.objects.exists()


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "javascript:1"])
def test_nobody_is_led_elsewhere_after_an_undo(ada, back):
    page = browser(ada)
    page.post(reverse("crm:contact-delete", args=[make_contact().pk]))
    operation = Operation.objects.get()
    answer = page.post(reverse("crm:operation-undo", args=[operation.pk]), {"back": back})
    assert answer["Location"] == operation.get_absolute_url()


def test_an_edit_asks_for_the_field_then_for_its_value(max_, rita):
    deals = [make_deal(owner=rita) for _ in range(2)]
    page = browser(max_)
    address = "/bulk/deals/?verb=update&" + "&".join(f"pk={row.pk}" for row in deals)
    assert b'name="field"' in page.get(address).content
    asked = page.post(address, {"field": "expected_close_on"})
    assert asked.status_code == 200 and b'type="date"' in asked.content
    wrong = page.post(address, {"field": "expected_close_on", "go": "1", "expected_close_on": "31 June"})
    assert wrong.status_code == 422 and b"valid date" in wrong.content
    page.post(address, {"field": "expected_close_on", "go": "1", "expected_close_on": "2027-01-31"})
    assert {str(row.expected_close_on) for row in Deal.objects.all()} == {"2027-01-31"}


def test_what_failed_is_listed_by_name_and_reason(max_, rita):
    fine, converted = make_lead(owner=rita), make_lead("converted", "INTERESTED", owner=rita)
    page = browser(max_)
    address = f"/bulk/leads/?verb=disqualify&pk={fine.pk}&pk={converted.pk}"
    answer = page.post(address, {"reason": "No budget"}, follow=True)
    text = answer.content.decode()
    assert "1 failed" in text and converted.title in text
    assert "This lead is converted. Mark its deal lost or abandoned instead." in text


@pytest.mark.parametrize("number", [3, 25])
def test_who_gets_many_leads_is_told_once_how_many_and_where(max_, rita, ron, run_events, number):
    ids = [make_lead(owner=rita).pk for _ in range(number)]
    data = {"owner": ron.pk}
    run("lead.bulk", actor=as_actor(max_), data={"verb": "reassign", "ids": ids, "data": data})
    run_events()
    (told,) = Notification.objects.filter(user=ron)
    assert told.text == f"{max_.name} gave you {number} leads."
    shown = browser(ron).get(told.url)
    assert shown.status_code == 200
    assert shown.content.decode().count('name="pk"') == number


def test_one_lead_that_is_given_away_is_told_by_its_name(max_, rita, ron, run_events):
    lead = make_lead(owner=rita, title="Sharma Dental")
    run("lead.reassign", lead, actor=as_actor(max_), data={"owner": ron.pk})
    run_events()
    (told,) = Notification.objects.filter(user=ron)
    assert told.text.startswith("Sharma Dental is yours")


def test_tasks_are_done_given_moved_and_deleted_many_at_once_and_brought_back(people, run_events):
    deal = make_deal(owner=people.rita)
    tasks = [make_activity(type="task", contact=deal.contact, deal=deal, actor=people.rita, subject=f"Task {n}")
             for n in range(3)]  # fmt: skip
    recount_all(Deal.objects.all())
    ids, before, client = [task.pk for task in tasks], state(), browser(people.max)
    picked = "&".join(f"pk={pk}" for pk in ids)
    asks = {
        "complete": {"outcome": "Well"},
        "reassign": {"owner": people.ron.pk},
        "update": {"field": "due_at", "due_at": "2030-05-06T10:00", "go": "1"},
        "delete": {},
    }
    html = client.get("/tasks/?view=all").content.decode()
    for verb, data in asks.items():
        assert f'value="{verb}"' in html
        assert client.get(f"/bulk/tasks/?verb={verb}&{picked}").status_code == 200
        assert client.post(f"/bulk/tasks/?verb={verb}&{picked}", data).status_code == 303
        rows = list(Activity.objects.filter(pk__in=ids))
        assert {
            "complete": lambda rows: [row.outcome for row in rows if row.completed_at] == ["Well"] * 3,
            "reassign": lambda rows: {row.actor for row in rows} == {people.ron},
            "update": lambda rows: {row.due_at.isoformat() for row in rows} == {"2030-05-06T04:30:00+00:00"},
            "delete": lambda rows: rows == [],
        }[verb](rows), verb
        made = Operation.objects.latest("pk")
        assert (made.row_count, made.failed_count) == (3, 0)
        if verb == "reassign":
            run_events()
            told = people.ron.notifications.get(kind="activity.assigned")
            assert told.text.endswith("gave you 3 tasks.") and told.url == "/tasks/?view=mine"
        undo_operation(made, actor=as_actor(people.max))
        assert state() == before, verb


def test_what_is_done_is_not_deleted_and_the_worker_keeps_the_hour(people, run_events):
    contact = make_contact()
    done = make_activity(type="task", contact=contact, actor=people.rita, completed_at=clock.now())
    tasks = [make_activity(type="task", contact=contact, actor=people.rita) for _ in range(21)]
    ids = [done.pk, *(task.pk for task in tasks)]
    answer = api_client(people.max).post(
        "/api/v1/crm/activities/bulk", {"verb": "delete", "ids": [done.pk]}, content_type="application/json"
    )
    assert [row["ok"] for row in answer.json()["results"]] == [False]
    picked = "&".join(f"pk={pk}" for pk in ids)
    browser(people.max).post(
        f"/bulk/tasks/?verb=update&{picked}", {"field": "due_at", "due_at": "2030-05-06T10:00", "go": "1"}
    )
    run_events()
    rows = Activity.objects.filter(pk__in=ids).exclude(pk=done.pk)
    assert {row.due_at.isoformat() for row in rows} == {"2030-05-06T04:30:00+00:00"}
    refused = api_client(people.max).post(
        "/api/v1/crm/activities/bulk",
        {"verb": "update", "ids": [tasks[0].pk], "data": {"due_at": "soon"}},
        content_type="application/json",
    )
    assert refused.status_code == 422
