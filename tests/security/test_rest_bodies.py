"""Whatever is sent to the REST API is answered by a plain 4xx in problem+json, at once, and changes nothing."""

import base64
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts.models import User
from core import clock
from core.management.commands.list_endpoints import endpoints
from tests.environment import of_this_round
from tests.factories.rest import UPLOADS, document, filled, make_rows, noun_of
from tests.people import api_client, browser
from tests.security.ground import state

pytestmark = pytest.mark.django_db
API = "/api/v1/crm/"
UPLOAD = f"{API}imports"  # takes a form, not JSON


@pytest.fixture
def api(people):
    client = api_client(people.ada)
    client.raise_request_exception = False
    return client


@pytest.fixture
def places(people) -> dict[str, str]:
    """Every REST address by its pattern, with a row behind each."""
    ids = make_rows(people.ron)
    return {
        entry.pattern: entry.pattern.replace("<int:pk>", str(ids.get(noun_of(entry.pattern))))
        for entry in endpoints()
        if entry.kind == "rest" and entry.permission != "public"
    }


def calls(places: dict[str, str], *methods: str) -> list[tuple[str, str]]:
    """Every (method, address) of the API with one of these methods."""
    return [
        (method, places[entry.pattern])
        for entry in endpoints()
        if entry.kind == "rest" and entry.pattern in places
        for method in entry.methods
        if method in methods and not (method == "POST" and entry.pattern.endswith(UPLOADS))
    ]


def refused(answer: Any, *statuses: int) -> dict[str, Any]:
    """Check that an answer is a problem, and return it."""
    assert answer.status_code in (statuses or range(400, 500)), (answer.status_code, answer.content[:200])
    assert answer["Content-Type"].startswith("application/problem+json"), answer["Content-Type"]
    assert b"Traceback" not in answer.content
    return json.loads(answer.content)


NO_OBJECT = [
    b"{", b"[]", b"[1]", b"null", b"7", b'"text"', b"\xff\xfe\x00", b"{'a': 1}", b'{"a": 1}}', b"\x00",
    b'{"a":' * 20_000, b"[" * 100_000, b'{"title": NaN}', b'{"title": 1e999}', b'{"value": -Infinity}',
    b'{"title": "\\ud800"}', b'{"first_name": "\\udfff", "email": "a@x.example"}', b'{"n": ' + b"9" * 6_000 + b"}",
    b'{"first_name": "\\u0000"}', b'{"custom": {"a": "\\u0000"}}', b'{"tags": ["\\u0000"]}',
]  # fmt: skip


@pytest.mark.parametrize("body", NO_OBJECT, ids=lambda body: repr(body[:30]))
def test_what_is_no_storable_object_is_refused_everywhere(api, places, body):
    before = state()
    for method, address in calls(places, "POST", "PATCH", "PUT"):
        answer = api.generic(method, address, body, content_type="application/json")
        refused(answer, 400, 422)
    assert state() == before


ODD = [
    None, True, 10**30, "x" * 30_000, [["a"]], {"a": {"b": []}}, "1e999999", "\u00b2", "0001-01-01T00:00:00+14:00",
    "9999-12-31", "0001-01-01", {"amount": "1e999999"}, {"amount": [], "currency": {}}, [{"item": [],
    "quantity": "1e999999", "description": "x"}],
]  # fmt: skip


def fields_of(api: Any) -> dict[tuple[str, str], list[str]]:
    """The fields of every body that the document describes."""
    found = {}
    for path, verbs in api.get("/api/v1/openapi.json").json()["paths"].items():
        for method, operation in verbs.items():
            body = operation.get("requestBody", {"content": {}})["content"].get("application/json")
            if body:
                fields = body["schema"].get("properties", {})
                found[method.upper(), path.replace("{pk}", "<int:pk>")] = list(fields)
    return found


@pytest.mark.slow
def test_odd_values_in_every_field_never_break_the_server(api, places):
    forms = fields_of(api)
    assert len(forms) > 15
    known = {"email": "odd@x.example", "title": "Odd", "name": "Odd", "type": "note", "subject": "Odd"}
    known["contact"] = places[f"{API}contacts/<int:pk>"].rpartition("/")[2]
    asked = [(*form, field) for form, fields in forms.items() for field in [*fields, "__proto__"]]
    for (method, pattern, field), value in of_this_round(asked, ODD):
        body = json.dumps({**known, field: value})
        point = transaction.savepoint()
        answer = api.generic(method, places[pattern], body, content_type="application/json")
        transaction.savepoint_rollback(point)
        assert answer.status_code < 500, f"{method} {pattern} {field}={str(value)[:40]!r}"
        if answer.status_code >= 400:
            refused(answer)


def test_nothing_that_was_accepted_poisons_a_list(api, places):
    deep: Any = "end"
    for _ in range(600):
        deep = {"a": deep}
    wide = {f"k{number}": "v" * 1000 for number in range(2_000)}
    for custom in (deep, wide, {"a": [1, [2, [3]]]}, {"": "x"}, {"k" * 5000: 1}):
        body = {"first_name": "Deep", "email": "deep@x.example", "custom": custom}
        answer = api.post(f"{API}contacts", json.dumps(body), content_type="application/json")
        refused(answer, 400, 413, 422)
    assert api.get(f"{API}contacts").status_code == 200


def test_a_huge_body_is_refused_with_413(api, places):
    body = json.dumps({"first_name": "x" * 3_000_000, "email": "a@x.example"})
    for method, address in calls(places, "POST", "PATCH", "PUT"):
        refused(api.generic(method, address, body, content_type="application/json"), 413)


def test_other_kinds_of_body_are_refused(people, api, places):
    for client in (api, browser(people.ada)):
        answer = client.post(f"{API}contacts", {"first_name": "Form", "email": "form@x.example"})
        refused(answer, 400, 415, 422)
    for body, kind in ((b"{}", "application/json"), (b"a,b", "text/csv"), (b"", "")):
        refused(api.generic("POST", UPLOAD, body, content_type=kind), 415)
    for body in (b"no form at all", b"--x\r\nContent-Disposition: form-data\r\n"):
        answer = api.generic("POST", UPLOAD, body, content_type="multipart/form-data; boundary=x")
        refused(answer, 400, 422)
    refused(api.generic("POST", UPLOAD, b"x", content_type="multipart/form-data"), 400)
    for name, content in (("x.csv", b""), ("x.xlsx", b"PK\x03\x04no book"), ("x.png", b"\x89PNG\x00")):
        refused(api.post(UPLOAD, {"file": SimpleUploadedFile(name, content)}), 422)


PERSON = {"first_name": "Nia", "email": "nia@x.example"}
DEAL = {"title": "New", "contact": "{contacts}"}
ITEM = {"sku": "N-1", "name": "New", "unit_price": "10"}
WRONG = [
    *(("POST", "leads/{leads}/reassign", {"owner": pk}) for pk in (0, -1, 10**9, 10**30, "x", "")),
    *(("POST", "contacts/{contacts}/merge", {"other": pk}) for pk in ("{contacts}", 10**9, 10**30, "x")),
    *(("POST", "deals", DEAL | {"contact": pk}) for pk in (10**9, 10**30, -1, "x")),
    *(("POST", "deals", DEAL | {"value": "10", "currency": one}) for one in ("ZZZ", "rupees", "I\u0000R")),
    *(("POST", "deals", DEAL | {"value": one}) for one in ("-1", "1e400", "NaN", "10**2", "9" * 40)),
    *(("POST", "deals", DEAL | {"expected_close_on": one}) for one in ("2026-02-31", "soon", "10000-01-01")),
    *(("POST", "deals", DEAL | {"stage": pk}) for pk in (10**9, 10**30)),
    *(("POST", "deals", DEAL | {"probability": one}) for one in (101, -1, 10**30)),
    *(("PUT", "deals/{deals}/lines", {"lines": one}) for one in (
        "x", [1], [{"item": 10**30, "quantity": "1"}], [{"quantity": "-1", "description": "x", "unit_price": "1"}],
    )),
    *(("POST", "deals/{deals}/snooze", {"until": one, "reason": "x"}) for one in ("2020-01-01", "2026-02-31", "x")),
    *(("POST", "deals/{deals}/process", {"playbook": pk}) for pk in (10**9, 10**30, "x")),
    *(("POST", "items", ITEM | {"currency": one}) for one in ("ZZZ", "R")),
    *(("POST", "items", ITEM | {"unit_price": one}) for one in ("-1", "1e400", "x")),
    ("POST", "price-lists", {"name": "Abroad", "currency": "ZZZ"}),
    ("PUT", "price-lists/{price-lists}/prices", {"item": 10**30, "unit_price": "1"}),
    *(("POST", "holidays", {"on": one, "name": "x"}) for one in ("2026-02-30", "", "x", "2026-13-01")),
    *(("POST", "activities", {"type": "task", "subject": "x", "contact": "{contacts}", "due_at": one}) for one in (
        "2026-13-01T00:00", "tomorrow", "9" * 40,
    )),
    *(("POST", "activities", {"type": "task", "subject": "x", name: 10**30}) for name in ("contact", "lead", "deal")),
    ("POST", "activities", {"type": "dance", "subject": "x", "contact": "{contacts}"}),
    *(("POST", "contacts/bulk", {"verb": "update", "ids": one, "data": {"city": "x"}}) for one in (
        [], "x", ["x"], [[1]], list(range(2_000)),
    )),
    ("POST", "contacts/bulk", {"verb": "explode", "ids": [1]}),
    ("POST", "contacts/bulk", {"verb": "update", "all": True, "filters": "nothing=1", "data": {"city": "x"}}),
    *(("PATCH", "imports/{imports}/rows", {"rows": one}) for one in (
        [], "x", {"x": {}}, {"2": []}, {"2": {"Nothing": "x"}}, {"2": {"Email": 1}}, {"9" * 30: {}},
    )),
    *(("PATCH", "imports/{imports}", one) for one in ({"kind": "x"}, {"mapping": [1]}, {"mapping": {"Email": "x"}})),
    ("POST", "contacts", PERSON | {"email": "no address"}),
    ("POST", "contacts", PERSON | {"phone": "9" * 400}),
    ("POST", "contacts", PERSON | {"custom": {"nothing": 1}}),
    *(("POST", "/views", {"name": one, "page": "contacts"}) for one in ("", "x" * 61)),
    ("POST", "/views", {"name": "x", "page": "nothing"}),
]  # fmt: skip


def test_wrong_values_are_refused_with_the_field_and_change_nothing(api, people):
    ids, before, said = make_rows(people.ada), state(), []
    for method, path, body in WRONG:
        address = f"/api/v1{path}" if path.startswith("/") else API + path
        for noun, pk in ids.items():
            address = address.replace(f"{{{noun}}}", str(pk))
        sent = json.dumps(filled(body, ids))
        answer = api.generic(method, address, sent, content_type="application/json")
        if not 400 <= answer.status_code < 500:
            said.append(f"{method} {path} {sent[:120]}: {answer.status_code}")
    assert not said, "\n".join(said)
    assert state() == before


def test_what_a_rep_may_not_read_cannot_be_named_in_a_body(people):
    theirs, own = make_rows(people.ron), make_rows(people.rita)
    client, before = api_client(people.rita), state()
    call = {"outcome": "Spoke", "next": "none"}
    for path, body in (
        ("activities", {"type": "note", "subject": "x", "lead": theirs["leads"]}),
        ("activities", {"type": "note", "subject": "x", "deal": theirs["deals"]}),
        ("activities/log-call", {**call, "lead": theirs["leads"]}),
        ("activities/log-call", {**call, "deal": theirs["deals"]}),
    ):
        refused(client.post(API + path, json.dumps(body), content_type="application/json"), 403, 404, 422)  # fmt: skip
    ids = [own["leads"], theirs["leads"]]
    body = {"verb": "update", "ids": ids, "data": {"city": "Goa"}}
    assert state() == before
    made = client.post(f"{API}leads/bulk", json.dumps(body), content_type="application/json").json()
    assert {row["id"]: row.get("code", "done") for row in made["results"]} == {
        own["leads"]: "done",
        theirs["leads"]: "not_found",
    }


def lists() -> list[str]:
    """The addresses of all lists that page, from the document."""
    return [
        path
        for path, verbs in document()["paths"].items()
        if "{" not in path and any(one["name"] == "limit" for one in verbs.get("get", {}).get("parameters", ()))
    ]


def cursor(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


CURSORS = [
    "x", "²", "====", "%00", cursor([">", "abc", 1]), cursor([">", "2026-01-01T00:00:00+00:00", "abc"]),
    cursor([">", 1e308, 1e308]),
    cursor([">", "0001-01-01T00:00:00+14:00", 1]), cursor([">", "9999-12-31T23:59:59-14:00", 1]), cursor([">", 1]),
    cursor([">", "\x00", 1]), cursor([">", "\ud800", 1]), cursor({"a": 1}),
    base64.urlsafe_b64encode(b'[">", Infinity, NaN]').decode(), base64.urlsafe_b64encode(b"[" * 5000).decode(),
    cursor([">", True, None]), cursor(["|", "2026-01-01T00:00:00+00:00", 1]),
    base64.urlsafe_b64encode(b'[">", ' + b"9" * 5000 + b", 1]").decode(),
]  # fmt: skip


def test_a_made_up_cursor_is_refused(api, places):
    for address in lists():
        by_name = address.rpartition("/")[2] in {"tags", "people"}  # "abc" is a place among names
        for made_up in CURSORS:
            answer = api.get(address, {"cursor": made_up})
            assert (by_name and answer.status_code == 200) or refused(answer, 422), address


QUERIES = [
    {"limit": "1000000000"}, {"limit": "0000019999"}, {"limit": "²"}, {"limit": "-1"}, {"limit": "0"},
    {"limit": "1" * 9999},
    {"ordering": "owner__password"}, {"ordering": "?"}, {"ordering": "-created_at,pk"},
    {"owner__password__startswith": "a"},
    {"owner__is_superuser": "1"}, {"id__in": "1"}, {"page_size": "1000000000"}, {"fields": "password"}, {"format": "x"},
    {"email__regex": "(a+)+$"}, {"__class__": "x"}, {"pk": "1"}, {"search__x": "y"}, {"\x00": "1"},
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query)[:40])
def test_a_query_that_nobody_offers_is_refused(api, places, query):
    assert len(lists()) > 15
    for address in lists():
        refused(api.get(address, query), 400 if "\x00" in query else 422)


FILTERED = [
    "²", "abc", "-1", "9" * 40, "9" * 150, "1e9", "'", "\x00", "%", "_" * 100, "0001-01-01T00:00:00+14:00",
    "a" * 100_000,
    "9999-12-31T23:59:59-14:00", "2026-02-31", "ﬀ", "\\", "(a+)+$", "[]", "None", "true",
]  # fmt: skip


@pytest.mark.slow
def test_odd_values_in_filters_and_search_find_nothing_or_are_refused(api, places):
    told = document()["paths"]
    asked = [(address, entry["name"]) for address in lists() for entry in told[address]["get"]["parameters"]]
    for (address, name), value in of_this_round(asked, FILTERED):
        answer = api.get(address, {name: value})
        assert answer.status_code == 200 or refused(answer, 400, 422)


@pytest.mark.slow
def test_impossible_addresses_are_not_found(api):
    paths = {path for path in document()["paths"] if "{pk}" in path}
    places, methods = (
        sorted(paths | {f"{API}contacts/{{pk}}/nothing"}),
        ["GET", "POST", "PATCH", "DELETE", "PUT", "TRACE"],
    )
    keys = ("0", "99999999", "9" * 30, "-1", "1.0", "%00", "²", "..%2f..%2fadmin")
    for path, pk, method in of_this_round(places, keys, methods):
        address = path.replace("{pk}", pk)
        answer = api.generic(method, address, "{}", content_type="application/json")
        assert 400 <= answer.status_code < 500, (method, address, answer.status_code)


def test_the_document_and_the_problems_name_no_person(api, people, places):
    text = api.get("/api/v1/openapi.json").content.decode()
    for user in User.objects.all():
        assert user.email not in text
    assert str(clock.now().year) not in text
