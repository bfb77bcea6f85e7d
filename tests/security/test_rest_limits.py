"""How often a program may call, and what a repeated call does: counted and remembered over all processes."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from django.test import Client

from accounts.actions.api_keys import create_api_key
from accounts.models import ApiKey
from core import clock
from core.errors import Denied
from core.models import Event, IdempotencyKey
from core.throttles import count
from crm.models import Contact, ImportRun
from tests.factories.rest import CSV, UPLOADS, address_of, body_for, make_rows, operations, others
from tests.people import SYSTEM, api_client, as_actor, browser

pytestmark = pytest.mark.django_db
TAGS, CONTACTS = "/api/v1/crm/tags", "/api/v1/crm/contacts"
NIA = {"first_name": "Nia", "email": "nia@new.in"}
THREADS = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's test database lives in one connection")


@pytest.fixture
def limits(settings, time_machine):
    """Small limits, in the first second of a minute."""
    caches["calls"].clear()
    settings.API_CALLS_PER_MINUTE = {"anonymous": 2, "session": 3, "standard": 4, "high": 6}
    time_machine.move_to("2026-11-21T12:00:10+00:00", tick=False)
    yield settings.API_CALLS_PER_MINUTE
    caches["calls"].clear()


def keyed(user, tier: str) -> Client:
    key = create_api_key(actor=SYSTEM, name=tier, scopes=("*",), user=user, tier=tier)
    return Client(headers={"Authorization": f"Bearer {key.plain}"})


def test_each_tier_has_its_calls_in_a_minute_and_is_told_of_them(limits, people, time_machine):
    callers = {
        "anonymous": Client(), "session": browser(people.rita), "standard": keyed(people.rita, "standard"),
        "high": keyed(people.rita, "high"),
    }  # fmt: skip
    for tier, client in callers.items():
        most, usual = limits[tier], 401 if tier == "anonymous" else 200
        for left in reversed(range(most)):
            answer = client.get(TAGS)
            assert answer.status_code == usual
            assert answer["RateLimit-Policy"] == f'"{tier}";q={most};w=60'
            assert answer["RateLimit"] == f'"{tier}";r={left};t=50'
        answer = client.get(TAGS)
        assert (answer.status_code, answer["Retry-After"]) == (429, "50")
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "throttled"
        assert answer["RateLimit"] == f'"{tier}";r=0;t=50'
    time_machine.shift(50)
    assert callers["standard"].get(TAGS).status_code == 200


def test_strangers_are_counted_by_address_and_wrong_keys_with_them(limits, settings):
    settings.TRUSTED_PROXIES = 1
    wrong = {"Authorization": "Bearer crm_00000000_nothing"}

    def status(address: str, **headers: str) -> int:
        return Client(headers={"X-Forwarded-For": address, **headers}).get(TAGS).status_code

    assert status("10.0.0.1") == status("10.0.0.1", **wrong) == 401
    assert status("10.0.0.1", **wrong) == 429
    assert status("10.0.0.2") == 401
    assert [status(f"2001:db8:1:2::{end}") for end in (1, 2, 3)] == [401, 401, 429]
    assert status("2001:db8:1:3::1") == 401


def test_a_refused_call_does_nothing_and_pages_are_not_counted(limits, people):
    client = keyed(people.ada, "standard")
    for _ in range(limits["standard"]):
        client.get(TAGS)
    answer = client.post(CONTACTS, json.dumps(NIA), content_type="application/json")
    assert (answer.status_code, Contact.objects.count()) == (429, 0)
    page = browser(people.ada)
    for _ in range(limits["session"] + 1):
        assert page.get("/tasks/").status_code == 200


def test_only_administrators_give_a_key_the_high_tier(people):
    for user in (people.rita, people.max):
        with pytest.raises(Denied):
            create_api_key(actor=as_actor(user), name="x", scopes=("*",), tier="high")
        assert 'name="tier"' not in browser(user).get("/keys/new/").content.decode()
        browser(user).post("/keys/new/", {"name": "own", "scopes": "*", "days": "", "tier": "high"})
    assert set(ApiKey.objects.values_list("tier", flat=True)) == {"standard"}
    browser(people.ada).post("/keys/new/", {"name": "fast", "scopes": "*", "days": "", "tier": "high"})  # fmt: skip
    assert ApiKey.objects.get(name="fast").tier == "high"


def test_no_call_is_lost_when_many_count_at_once():
    caches["calls"].clear()
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda _: count("calls:test", 7), range(80)))
    assert sorted(counted) == list(range(1, 81))
    assert count("calls:test", 8) == 1


def post(client: Client, path: str, body: object, key: str):
    return client.post(path, json.dumps(body), content_type="application/json", headers={"Idempotency-Key": key})


def test_every_post_with_a_key_happens_once_and_another_body_is_refused(people):
    ids = make_rows(people.rita) | others(people.ron)
    client, replayed = api_client(people.ada), 0
    for method, path, _ in operations():
        if method != "POST" or path.endswith(UPLOADS):
            continue
        address = address_of(path, ids)
        body = body_for(method, path, ids)
        point = transaction.savepoint()
        first = post(client, address, body, path)
        happened = Event.objects.count()
        second = post(client, address, body, path)
        assert (second.status_code, second.content) == (first.status_code, first.content), path
        assert Event.objects.count() == happened or first.status_code == 403, path
        if first.status_code < 400:
            replayed += 1
            third = post(client, address, {**body, "more": 1}, path)
            assert (third.status_code, third.json()["code"]) == (422, "idempotency_key_reused")
            assert Event.objects.count() == happened
        transaction.savepoint_rollback(point)
    assert replayed > 30


def test_an_upload_with_a_key_is_kept_once(people):
    client = api_client(people.ada)

    def upload(content: bytes) -> tuple[int, bytes]:
        sent = {"file": SimpleUploadedFile("x.csv", content)} if content else {"kind": "leads"}
        answer = client.post("/api/v1/crm/imports", sent, headers={"Idempotency-Key": "u"})
        return answer.status_code, answer.content

    assert upload(b"")[0] == 422

    first = upload(CSV)
    assert first[0] == 201
    assert upload(CSV) == first
    assert upload(CSV + b"more@x.example,More,Goa\n")[0] == 422
    assert ImportRun.objects.count() == 1


def test_a_key_is_ones_own_and_forgotten_after_a_day(people):
    first = post(api_client(people.ada), CONTACTS, NIA, "k")
    other = post(api_client(people.max), CONTACTS, {**NIA, "email": "other@new.in"}, "k")
    assert (first.status_code, other.status_code) == (201, 201)
    IdempotencyKey.objects.update(created_at=clock.now() - timedelta(hours=24, seconds=1))
    again = post(api_client(people.ada), CONTACTS, {**NIA, "email": "third@new.in"}, "k")
    assert again.status_code == 201
    for key in ("k" * 161, "k\u00e9y\x7f"):
        assert post(api_client(people.ada), CONTACTS, NIA, key).status_code == 422


def test_what_failed_may_be_tried_again_with_the_same_key(people):
    client = api_client(people.ada)
    assert post(client, CONTACTS, {**NIA, "email": "no address"}, "k").status_code == 422
    assert post(client, CONTACTS, NIA, "k").status_code == 201


@THREADS
@pytest.mark.django_db(transaction=True)
def test_doubles_at_the_same_time_run_once_and_get_one_answer(people):
    key = create_api_key(actor=SYSTEM, name="t", scopes=("*",), user=people.ada)

    def one(_: int) -> tuple[int, bytes]:
        try:
            client = Client(headers={"Authorization": f"Bearer {key.plain}"})
            answer = post(client, CONTACTS, NIA, "same")
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(one, range(8)))
    assert Contact.objects.filter(email="nia@new.in").count() == 1
    assert {status for status, _ in answers} == {201}
    assert len(answers) == 1
