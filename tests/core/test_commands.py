"""The commands and addresses for looking in from outside."""

import json
import sqlite3
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from core import clock, health
from core.models import Delivery, Effect, Event, Heartbeat

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


def answer(*command: str) -> tuple[int, dict | list]:
    """Run a command with --json; returns its exit code and document."""
    out = StringIO()
    code = 0
    try:
        call_command(*command, "--json", stdout=out)
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue())


def happened(people) -> Event:
    """Any event of the cast's creation."""
    assert people.ada
    return Event.objects.order_by("pk").first()


def test_list_endpoints_names_pages_rest_admin_and_sign_in():
    _, routes = answer("list_endpoints")
    by_pattern = {(route["pattern"], tuple(route["methods"])): route for route in routes}

    assert by_pattern["/healthz", ("GET", "HEAD")]["permission"] == "public"
    assert {route["kind"] for route in routes} == {"page", "rest", "admin", "sign-in"}
    assert all(route["permission"] and route["methods"] for route in routes)


def test_state_digest_is_stable_and_sees_a_change(people):
    _, before = answer("state_digest")
    _, again = answer("state_digest")
    assert before == again

    people.ron.name = "Ronald"
    people.ron.save()

    _, after = answer("state_digest")
    changed = {n for n in after["tables"] if after["tables"][n] != before["tables"].get(n)}
    assert after["digest"] != before["digest"]
    assert "accounts_user" in changed


def test_state_digest_ignores_timestamps_audit_and_queue(people):
    ada = people.ada
    _, before = answer("state_digest")

    ada.last_login = clock.now()
    ada.save(update_fields=["last_login"])
    Heartbeat.objects.create(name="w", at=clock.now())

    assert answer("state_digest")[1] == before
    assert not {name for name in before["tables"] if name.startswith(("core_event", "django_q"))}


def test_check_invariants_holds_on_a_healthy_install(people):
    happened(people)
    code, document = answer("check_invariants")
    broken = [item for item in document["invariants"] if not item["ok"]]

    assert (code, document["ok"], broken) == (0, True, [])
    assert {"I12", "I13", "I14", "I15"} <= {item["id"] for item in document["invariants"]}


def test_check_invariants_names_a_forgotten_delivery_while_a_worker_lives(people):
    event = happened(people)
    Delivery.objects.all().delete()
    late = Delivery.objects.create(event=event, subscriber="x", due_at=clock.now() - timedelta(minutes=2))
    assert answer("check_invariants")[0] == 0

    Heartbeat.objects.create(name="w", at=clock.now())
    code, document = answer("check_invariants")

    broken = {item["id"]: item["violations"] for item in document["invariants"] if not item["ok"]}
    assert code == 1
    assert broken == {"I15": [f"delivery {late.pk} was due more than a minute ago"]}


def test_what_a_killed_worker_held_is_late_a_minute_after_its_lease_not_before(people):
    event = happened(people)
    Delivery.objects.all().delete()
    Heartbeat.objects.create(name="w", at=clock.now())
    held = Delivery.objects.create(
        event=event, subscriber="x", due_at=clock.now() - timedelta(minutes=2),
        leased_until=clock.now() - timedelta(seconds=30),
    )  # fmt: skip
    assert answer("check_invariants")[0] == 0

    Delivery.objects.filter(pk=held.pk).update(leased_until=clock.now() - timedelta(seconds=90))
    _, document = answer("check_invariants")
    assert "I15" in {item["id"] for item in document["invariants"] if not item["ok"]}


def test_check_invariants_names_a_lease_that_nobody_took_over(people):
    happened(people)
    Delivery.objects.all().delete()
    at = clock.now()
    Heartbeat.objects.create(name="w", at=at)
    held = Effect.objects.create(
        key="k",
        kind="email",
        is_repeatable=False,
        state=Effect.CLAIMED,
        due_at=at,
        created_at=at,
        changed_at=at,
        leased_until=at - timedelta(minutes=5),
    )

    code, document = answer("check_invariants")

    broken = {item["id"]: item["violations"] for item in document["invariants"] if not item["ok"]}
    assert (code, broken) == (1, {"I14": [f"effect {held.pk} is held past its lease"]})


def test_audit_verify_names_the_first_row_that_was_edited(people):
    event = happened(people)
    assert answer("audit_verify")[0] == 0

    # As an intruder with the database's own rights would: round every trigger of ours.
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'core_event'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute("UPDATE core_event SET actor_name = 'nobody' WHERE id = %s", [event.pk])
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")
    code, document = answer("audit_verify")

    assert code == 1
    assert document["first_bad_id"] == event.pk
    assert answer("check_invariants")[0] == 1


def test_doctor_says_what_each_missing_setting_means(settings):
    settings.EMAIL_URL = settings.STRIPE_API_KEY = settings.OPENAI_API_KEY = ""
    code, document = answer("doctor")
    findings = {item["key"]: item for item in document["findings"]}

    assert code == 0
    assert findings["mail-out"]["state"] == "off"
    assert str(settings.MAIL_DIR) in findings["mail-out"]["text"]
    assert "sandbox" in findings["stripe"]["text"]
    assert "rules" in findings["model"]["text"]
    assert findings["worker"]["state"] == "warning"


def test_doctor_calls_a_stripe_key_without_its_webhook_secret_an_error(settings):
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_x", ""
    code, document = answer("doctor")
    assert code == 1
    assert [item["key"] for item in document["findings"] if item["state"] == "error"] == ["stripe"]


def test_doctor_never_prints_a_secret(settings):
    settings.EMAIL_URL = "smtp://crm:hush-hush@mail.example.com:587"
    settings.STRIPE_API_KEY = settings.STRIPE_WEBHOOK_SECRET = "sk_test_hush-hush"
    settings.OPENAI_API_KEY = settings.INBOUND_SECRET = "hush-hush"
    settings.IMAP_URL = "imaps://crm:hush-hush@mail.example.com/INBOX"
    assert "hush-hush" not in json.dumps(answer("doctor")[1])


def test_doctor_sees_a_key_file_that_others_may_read(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    (tmp_path / "secret-key").write_text("x")
    (tmp_path / "secret-key").chmod(0o644)
    code, document = answer("doctor")
    assert code == 1
    assert any("secret-key" in item["text"] for item in document["findings"])


def test_healthz_answers_without_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "alive"}


def test_readyz_turns_with_the_worker(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", [True])
    answer_without = client.get("/readyz")
    lines = {check["key"]: check for check in answer_without.json()["checks"]}
    assert answer_without.status_code == 503
    assert not lines["worker"]["ok"]
    assert all(line["ok"] for key, line in lines.items() if key != "worker")

    beat = Heartbeat.objects.create(name="w", at=clock.now())
    assert client.get("/readyz").status_code == 200

    Heartbeat.objects.filter(pk=beat.pk).update(at=clock.now() - timedelta(seconds=31))
    assert client.get("/readyz").status_code == 503


def test_readyz_shows_a_queue_that_does_not_move(client, people, monkeypatch):
    monkeypatch.setattr(health, "_migrated", [True])
    event = happened(people)
    Delivery.objects.all().delete()
    Heartbeat.objects.create(name="w", at=clock.now())
    Delivery.objects.create(event=event, subscriber="x", due_at=clock.now() - timedelta(minutes=3))
    lines = {check["key"]: check for check in client.get("/readyz").json()["checks"]}
    assert not lines["queue"]["ok"]


def test_metrics_are_for_this_machine_only(client):
    assert "crm_deliveries_due 0.0" in client.get("/metrics").content.decode()
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404


def test_a_busy_port_is_named_before_anything_starts(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = subprocess.run(
            [sys.executable, "manage.py", "serve", "--port", port],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert f"Port {port} on 127.0.0.1 is not free" in result.stderr


def test_sqlite_is_the_repaired_one_where_a_wheel_exists():
    if sys.platform == "linux" and "x86_64" in sys.version + __import__("platform").machine():
        assert sqlite3.sqlite_version_info >= (3, 51, 3)
