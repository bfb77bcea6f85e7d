"""What pages offer beside single records, by REST: imports, files of lists, search, views, people."""

import csv
import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import SavedView
from crm.models import Contact, ImportRun, Lead
from tests.factories.crm import make_activity, make_contact, make_deal, make_item, make_lead
from tests.people import api_client, browser

pytestmark = pytest.mark.django_db
CRM, HOME = "/api/v1/crm/", "/api/v1/"
FILE = "Email,First Name,Town\nasha@x.in,Asha,Pune\nwrong,Ravi,Goa\n"


def send(client: Any, method: str, path: str, body: Any = None) -> Any:
    """Send JSON and return what a successful answer holds."""
    sent = json.dumps(body) if body is not None else ""
    answer = client.generic(method, path, sent, content_type="application/json")
    assert answer.status_code < 300, answer.content
    return answer.json() if answer.content else None


def upload(client: Any, text: str = FILE) -> dict[str, Any]:
    """Upload a file of leads and return the import."""
    file = SimpleUploadedFile("leads.csv", text.encode())
    answer = client.post(f"{CRM}imports", {"file": file, "kind": "leads"})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_file_is_uploaded_mapped_mended_started_followed_and_undone(people, run_events):
    client = api_client(people.rita)
    run = upload(client)
    address = f"{CRM}imports/{run['id']}"
    assert (run["state"], run["kind"], run["total"]) == ("draft", "leads", 2)
    assert run["found"]["counts"]["error"] == 1
    assert Contact.objects.count() == 0
    mapping = run["mapping"] | {"Town": "city"}
    run = send(client, "PATCH", address, {"mapping": mapping, "mode": "good"})
    assert (run["mapping"]["Town"], run["mode"]) == ("city", "good")
    wrong = send(client, "GET", f"{address}/rows?outcome=error")["results"]
    assert [(row["columns"], row["cells"]["Email"]) for row in wrong] == [(["Email"], "wrong")]
    failures = b"".join(client.get(f"{address}/failures").streaming_content).decode("utf-8-sig")
    assert [row["Email"] for row in csv.DictReader(io.StringIO(failures))] == ["wrong"]
    cells = {str(wrong[0]["number"]): {"Email": "ravi@x.in"}}
    run = send(client, "PATCH", f"{address}/rows", {"rows": cells})
    assert run["found"]["counts"]["error"] == 0
    run = send(client, "POST", f"{address}/start", {})
    assert (run["state"], run["progress"]["of"]) == ("queued", 2) or run["progress"]["doing"]
    run_events()
    run = send(client, "GET", address)
    assert (run["state"], run["created_count"], run["progress"]) == ("finished", 2, None)
    rows = send(client, "GET", f"{address}/rows")
    assert {Lead.objects.get(pk=row["lead_id"]).city for row in rows["results"]} == {"Pune", "Goa"}
    assert rows["next"] is None
    undone = send(client, "POST", f"{CRM}operations/{run['operation_id']}/undo", {})
    run_events()
    assert undone["state"] in {"undone", "undoing"}
    assert Lead.objects.count() == 0
    answer = client.post(f"{address}/start", "{}", content_type="application/json")
    assert answer.status_code == 409


def test_an_import_is_only_for_who_uploaded_it_and_administrators(people):
    run = upload(api_client(people.rita))
    for path, method, body in (
        ("", "GET", None), ("", "PATCH", {"mode": "good"}), ("/start", "POST", {}), ("/rows", "GET", None),
        ("/rows", "PATCH", {"rows": {}}), ("/failures", "GET", None),
    ):  # fmt: skip
        sent = json.dumps(body) if body is not None else ""
        answer = api_client(people.ron).generic(
            method, f"{CRM}imports/{run['id']}{path}", sent, content_type="application/json"
        )
        assert answer.status_code == 404
    assert ImportRun.objects.get().mode == "all"
    assert send(api_client(people.ada), "GET", f"{CRM}imports")["results"][0]["id"] == run["id"]


def test_long_results_of_an_import_come_in_pages(people):
    lines = "".join(f"p{number}@x.in,P{number},Pune\n" for number in range(60))
    run = upload(api_client(people.rita), "Email,First Name,Town\n" + "wrong,X,Y\n" * 60 + lines)
    seen, cursor = [], ""
    while cursor is not None:
        address = f"{CRM}imports/{run['id']}/rows?outcome=error&cursor={cursor}"
        page = send(api_client(people.rita), "GET", address)
        seen += [row["number"] for row in page["results"]]
        cursor = page["next"]
    assert (len(seen), seen) == (60, sorted(set(seen)))


@pytest.mark.parametrize("nouns", ["contacts", "leads", "deals", "activities", "items"])
def test_the_file_of_a_list_is_the_one_of_its_page(people, nouns):
    lead = make_lead(owner=people.rita, city="Pune")
    make_deal(owner=people.rita, contact=make_contact(first_name="=cmd()", owner=people.rita))
    make_activity(contact=lead.contact, actor=people.rita, subject="Call")
    make_item()
    page = {"activities": "/tasks/", "deals": "/deals/list/"}.get(nouns, f"/{nouns}/")
    for query in ("view=&format=csv", "format=csv&edited=1", "format=xlsx"):
        ours = api_client(people.ada).get(f"{CRM}{nouns}/export?{query}")
        theirs = browser(people.ada).get(f"{page}export/?{query}")
        assert ours.status_code == theirs.status_code == 200
        assert ours["Content-Type"] == theirs["Content-Type"]
        if "csv" in query:
            text = b"".join(ours.streaming_content)
            assert text == b"".join(theirs.streaming_content)
            assert b",=cmd" not in text
    for query in ("format=exe", "nothing=1", "sort=nothing", "view=nothing"):
        assert api_client(people.ada).get(f"{CRM}{nouns}/export?{query}").status_code == 422
    assert api_client(people.vic).get(f"{CRM}{nouns}/export").status_code == 403


def test_the_search_finds_what_the_reader_may_see(people):
    make_contact(first_name="Zubin", last_name="Mehta", owner=people.ron)
    contact = make_contact(first_name="Zubin", last_name="Rao", owner=people.ron)
    lead = make_lead(owner=people.ron, contact=contact, title="Zubin's shop")
    found = send(api_client(people.ada), "GET", f"{HOME}search?q=zubin")["results"]
    assert {row["noun"] for row in found} == {"contact", "lead"}
    assert ("lead", lead.pk, lead.get_absolute_url()) in [(row["noun"], row["id"], row["url"]) for row in found]
    found = send(api_client(people.rita), "GET", f"{HOME}search?q=zubin")["results"]
    assert {row["noun"] for row in found} == {"contact"}
    assert send(api_client(people.ada), "GET", f"{HOME}search")["results"] == []
    assert send(api_client(people.ada, "lead:read"), "GET", f"{HOME}search?q=mehta")["results"] == []
    for query in ("q=" + "x" * 101, "nothing=1"):
        assert api_client(people.ada).get(f"{HOME}search?{query}").status_code == 422


def test_views_are_saved_shared_changed_and_only_ones_own_forgotten(people):
    rita, ron = api_client(people.rita), api_client(people.ron)
    view = send(rita, "POST", f"{HOME}views", {"name": "Pune", "page": "contacts", "query": "city=Pune"})
    assert send(ron, "GET", f"{HOME}views")["results"] == []
    view = send(rita, "PATCH", f"{HOME}views/{view['id']}", {"is_shared": True})
    assert (view["name"], view["query"], view["is_shared"]) == ("Pune", "city=Pune", True)
    assert [row["id"] for row in send(ron, "GET", f"{HOME}views?page=contacts")["results"]] == [view["id"]]
    assert ron.delete(f"{HOME}views/{view['id']}").status_code == 404
    assert rita.delete(f"{HOME}views/{view['id']}").status_code == 204
    assert not SavedView.objects.exists()


def test_everybody_reads_names_and_nothing_more_of_people(people):
    people.everybody()
    rows = send(api_client(people.vic), "GET", f"{HOME}people?search=rita")["results"]
    assert rows == [{"id": people.rita.pk, "is_active": True, "name": "Rita Rep"}]
