"""The REST door as a whole, walked from its own document: no operation can be forgotten."""

import json
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from openapi_schema_validator import OAS31Validator
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from config.wsgi import application
from core.management.commands.list_endpoints import endpoints
from crm.models import Activity, BookingPage, ContactAddress, Deal
from tests.environment import many
from tests.factories.crm import make_deal, make_lead
from tests.factories.rest import HOME, address_of, document, make_rows, noun_of, operations
from tests.people import api_client

pytestmark = pytest.mark.django_db
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]


def test_the_document_is_openapi_3_1_and_tells_every_operation():
    told = document()
    assert told["openapi"].startswith("3.1.")
    text = json.loads(json.dumps(told))
    for path, verbs in text["paths"].items():
        for method, said in verbs.items():
            bodies = [*said["responses"].values(), said.get("requestBody", {})]
            kinds = [kind for body in bodies for kind in body.get("content", {}).values()]
            for schema in [*kinds, *said["parameters"]]:
                OAS31Validator.check_schema(schema["schema"])
            assert {"401", "403", "422", "429"} <= said["responses"].keys(), (method, path)
            assert any(status < "300" for status in said["responses"]), (method, path)
            assert said["x-permission"] not in {"", "undeclared", "public"}, (method, path)
    names = [said["operationId"] for _, _, said in operations()]
    assert len(names) == len(set(names))
    served = {
        (method, entry.pattern.replace("<int:pk>", "{pk}").replace("<channel>", "{channel}"))
        for entry in endpoints()
        if entry.kind == "rest" and entry.permission != "public"
        for method in entry.methods
    }
    assert served == {(method, path) for method, path, _ in operations()}


@pytest.fixture
def kept_connection():
    """A whole WSGI call ends with its connection, which here holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def real_ids(told: dict[str, Any], ids: dict[str, int]) -> dict[str, Any]:
    """Let the document ask for rows that there are, and for some that there are not."""
    for path, verbs in told["paths"].items():
        for said in verbs.values():
            for one in said["parameters"]:
                if one["name"] == "pk":
                    one["schema"] = {"enum": [ids[noun_of(path)]] * 3 + [0, 10**17, 10**30]}
    return told


@pytest.mark.parametrize("who", ["ada", "rita"])
@pytest.mark.usefixtures("kept_connection")
def test_nothing_that_the_document_allows_breaks_the_server(people, who):
    """Schemathesis makes the calls; CRM_EXAMPLES asks for more of them than a run of all tests has time for."""
    user = getattr(people, who)
    told = real_ids(json.loads(json.dumps(document())), make_rows(user))
    schema = schemathesis.openapi.from_dict(told)
    schema.app = application
    key = api_client(user).defaults["HTTP_AUTHORIZATION"]
    headers = {"Authorization": key, "Accept-Encoding": "identity"}
    broken: dict[str, str] = {}
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/live/{channel}"):
            continue  # a line that stays open is asked in tests/crm/test_live.py

        @seed(many("CRM_SEED", 1))
        @examples(
            max_examples=many("CRM_EXAMPLES", 4), deadline=None, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            nonlocal asked
            asked += 1
            point = transaction.savepoint()
            try:
                response = case.call(headers=headers)
            finally:
                transaction.savepoint_rollback(point)
            assert response.status_code < 500, response.text[:300]
            case.validate_response(response, checks=CHECKS)

        try:
            call()
        except BaseExceptionGroup as group:
            broken[operation.label] = str(group.exceptions[0])[:900]
        except Exception as error:
            broken[operation.label] = f"{type(error).__name__}: {error}"[:900]
    assert not broken, "\n\n".join(f"{label}\n{text}" for label, text in broken.items())
    assert asked > 300


GROW_ELSEWHERE = {
    "crm/documents/{pk}/versions": "versions of one document",
    "crm/live": "channels, not rows",
    "crm/map": "cities, not rows",
    "search": "six of a kind at most",
    "crm/calendar": "a week of one person",
    "crm/report-subscriptions": "the reports of one person",
    "crm/imports/{pk}/rows": "rows of a file",
}


def lists() -> dict[str, str]:
    """The addresses of everything that answers with rows, by path."""
    return {
        path: path + ("?q=Asha" if path.endswith("/search") else "")
        for method, path, said in operations()
        if method == "GET" and "'next': {" in str(said["responses"].get(200))
        if "/live/" not in path
    }


def test_a_list_asks_as_often_for_thirty_rows_as_for_one(people):
    ids, client = make_rows(people.ada), api_client(people.ada)
    found: list[dict[str, tuple[int, int]]] = []
    for more in (0, 29):
        users = User.objects.bulk_create(User(email=f"p{at}@x.in", name=f"P {at}") for at in range(more))
        BookingPage.objects.bulk_create(BookingPage(user=user, slug=f"p{user.pk}", title="Meet") for user in users)
        for _ in range(more):
            made = make_rows(people.rita)
            for model in (ContactAddress, Activity, Deal):
                model.objects.filter(contact=made["contacts"]).update(contact=ids["contacts"])
        counted = {}
        for path, pattern in lists().items():
            address = address_of(pattern, ids)
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                rows = client.get(address).json()["results"]
            counted[path.removeprefix(HOME)] = (len(queries), len(rows))
        found.append(counted)
    few, many_rows = found
    assert len(few) > 20
    asked_more = {path: (few[path], many_rows[path]) for path in few if few[path][0] < many_rows[path][0]}
    assert not asked_more
    short = {path: rows for path, (_, rows) in many_rows.items() if rows < 30}
    assert short.keys() <= GROW_ELSEWHERE.keys(), short


def test_bulk_answers_for_each_record_as_the_single_call_does(people):
    """The same records, once one by one and once together, for a rep who may change only some of them."""
    verbs = {
        ("leads", "disqualify"): {"reason": "No budget"},
        ("leads", "update"): {"city": "Goa"},
        ("leads", "reopen"): {},
        ("contacts", "update"): {"city": "Goa"},
        ("contacts", "tag"): {"add": "Fresh"},
        ("deals", "lose"): {"reason": "Price"},
        ("deals", "abandon"): {},
        ("deals", "update"): {"probability": "7"},
    }
    routes = {"update": ("PATCH", ""), "tag": ("POST", "/tags"), "lose": ("POST", "/lost")}
    client = api_client(people.rita)
    own, theirs = make_rows(people.rita), make_rows(people.ron)
    over, won = make_lead("disqualified", owner=people.rita), make_deal("won", owner=people.rita)
    done = {"leads": over.pk, "deals": won.pk}
    for (noun, verb), data in verbs.items():
        ids = sorted({own[noun], theirs[noun], done.get(noun, own[noun]), 10**9})
        method, end = routes.get(verb, ("POST", f"/{verb}"))
        point, singles = transaction.savepoint(), {}
        for pk in ids:
            answer = client.generic(
                method, f"{HOME}crm/{noun}/{pk}{end}", json.dumps(data), content_type="application/json"
            )
            told = json.loads(answer.content)
            singles[pk] = "ok" if answer.status_code < 400 else (told["code"], told["detail"])
        transaction.savepoint_rollback(point)
        point = transaction.savepoint()
        body = {"verb": verb, "ids": ids, "data": data}
        made = client.post(f"{HOME}crm/{noun}/bulk", json.dumps(body), content_type="application/json").json()
        together = {row["id"]: "ok" if row["ok"] else (row["code"], row["reason"]) for row in made["results"]}
        transaction.savepoint_rollback(point)
        assert together == singles, (noun, verb)
        assert len(set(map(str, together.values()))) > 1, (noun, verb)
