"""Whatever is sent to the REST API is answered by a plain 4xx in problem+json, at once, and changes nothing."""

import base64
import json
import time
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from core import clock
from core.management.commands.list_endpoints import endpoints
from tests.factories.crm import make_activity, make_contact, make_deal, make_lead
from tests.people import api_client, browser
from tests.security.ground import state

pytestmark = pytest.mark.django_db
API = "/api/v1/crm/"


@pytest.fixture
def api(people):
    client = api_client(people.ada)
    client.raise_request_exception = False
    return client


@pytest.fixture
def places(people) -> dict[str, str]:
    """Every REST address by its pattern, with a row behind each."""
    lead = make_lead(owner=people.ron)
    deal = make_deal(owner=people.ron)
    ids = {
        "contacts": make_contact(owner=people.ron).pk,
        "leads": lead.pk,
        "deals": deal.pk,
        "activities": make_activity(contact=lead.contact).pk,
        "pipelines": deal.pipeline_id,
    }
    return {"/api/v1/leads": "/api/v1/leads"} | {
        entry.pattern: entry.pattern.replace(
            "<int:pk>", str(ids.get(entry.pattern.removeprefix(API).partition("/")[0], 1))
        )
        for entry in endpoints()
        if entry.kind == "rest" and entry.pattern.startswith(API)
    }


def calls(places: dict[str, str], *methods: str) -> list[tuple[str, str]]:
    """Every (method, address) of the API with one of these methods."""
    return [
        (method, places[entry.pattern])
        for entry in endpoints()
        if entry.kind == "rest" and entry.pattern in places
        for method in entry.methods
        if method in methods
    ]


def refused(answer: Any, *statuses: int) -> dict[str, Any]:
    """Check that an answer is a problem, and return it."""
    assert answer.status_code in (statuses or range(400, 500)), (
        answer.status_code,
        answer.content[:200],
    )
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
            if body := operation.get("requestBody"):
                fields = body["content"]["application/json"]["schema"]["properties"]
                found[method.upper(), path.replace("{pk}", "<int:pk>")] = list(fields)
    return found


def test_odd_values_in_every_field_never_break_the_server(api, places):
    forms = fields_of(api)
    assert len(forms) > 15
    known = {
        "email": "odd@x.example",
        "title": "Odd",
        "name": "Odd",
        "type": "note",
        "subject": "Odd",
    }
    known["contact"] = places[f"{API}contacts/<int:pk>"].rpartition("/")[2]
    for (method, pattern), fields in forms.items():
        address = places[pattern]
        for field in [*fields, "__proto__"]:
            for value in ODD:
                body = json.dumps({**known, field: value})
                point = transaction.savepoint()
                answer = api.generic(method, address, body, content_type="application/json")
                transaction.savepoint_rollback(point)
                assert answer.status_code < 500, f"{method} {address} {field}={str(value)[:40]!r}"
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


LISTS = ("contacts", "leads", "deals", "activities", "pipelines")


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


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("number", range(len(CURSORS)))
def test_a_made_up_cursor_is_refused(api, places, name, number):
    refused(api.get(f"{API}{name}", {"cursor": CURSORS[number]}), 422)


QUERIES = [
    {"limit": "1000000000"}, {"limit": "0000019999"}, {"limit": "²"}, {"limit": "-1"}, {"limit": "0"},
    {"limit": "1" * 9999},
    {"ordering": "owner__password"}, {"ordering": "?"}, {"ordering": "-created_at,pk"},
    {"owner__password__startswith": "a"},
    {"owner__is_superuser": "1"}, {"id__in": "1"}, {"page_size": "1000000000"}, {"fields": "password"}, {"format": "x"},
    {"email__regex": "(a+)+$"}, {"__class__": "x"}, {"pk": "1"}, {"search__x": "y"}, {"\x00": "1"},
]  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query)[:40])
def test_a_query_that_nobody_offers_is_refused(api, places, name, query):
    began = time.process_time()
    refused(api.get(f"{API}{name}", query), 400 if "\x00" in query else 422)
    assert time.process_time() - began < 1


FILTERED = [
    "²", "abc", "-1", "9" * 40, "9" * 150, "1e9", "'", "\x00", "%", "_" * 100, "0001-01-01T00:00:00+14:00",
    "a" * 100_000,
    "9999-12-31T23:59:59-14:00", "2026-02-31", "ﬀ", "\\", "(a+)+$", "[]", "None", "true",
]  # fmt: skip


def test_odd_values_in_filters_and_search_find_nothing_or_are_refused(api, places):
    document = api.get("/api/v1/openapi.json").json()
    for name in LISTS:
        operation = document["paths"][f"{API}{name}"]["get"]
        filters = [entry["name"] for entry in operation.get("parameters", [])] + ["search"]
        for one in filters:
            for value in FILTERED:
                began = time.process_time()
                answer = api.get(f"{API}{name}", {one: value})
                assert answer.status_code == 200 or refused(answer, 400, 422), (
                    name,
                    one,
                    value[:30],
                )
                assert time.process_time() - began < 1, (name, one, value[:30])


def test_impossible_addresses_are_not_found(api, places):
    for name in LISTS[:4]:
        for pk in ("0", "99999999", "9" * 30, "-1", "1.0", "1;drop", "%00", "²", "..%2f..%2fadmin"):
            for rest in ("", "/reassign", "/timeline", "/nothing"):
                for method in ("GET", "POST", "PATCH", "DELETE", "PUT", "TRACE"):
                    address = f"{API}{name}/{pk}{rest}"
                    answer = api.generic(method, address, "{}", content_type="application/json")
                    assert 400 <= answer.status_code < 500, (method, address, answer.status_code)


def test_the_document_and_the_problems_name_no_person(api, people, places):
    text = api.get("/api/v1/openapi.json").content.decode()
    for user in User.objects.all():
        assert user.email not in text
    assert str(clock.now().year) not in text
