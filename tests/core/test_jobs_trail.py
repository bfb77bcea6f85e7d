"""One request id leads from the click to the worker's delivery and to the call of the vendor."""

import json
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.actions.workspace import update_workspace
from accounts.models import Workspace
from core import jobs
from core.jobs import Job, tick
from core.models import Delivery, Event, JobRun
from tests.flows.running import Letterbox, house, post, wait_for
from tests.people import as_actor, browser

GIVEN = "proxy-0123456789abcdef"


@pytest.mark.slow
def test_the_proxys_id_is_in_the_web_the_workers_and_the_mail_servers_line(tmp_path):
    box = Letterbox()
    with house(tmp_path, box, LOG_LEVEL="INFO") as running:
        cast = {one["email"].partition("@")[0]: one for one in running.prepare()["users"]}
        running.start("web")
        running.start("worker")
        ada = next(one for one in cast.values() if "crm-admin" in str(one))
        page = running.sign_in(ada["email"], ada["password"])
        page.headers["X-Request-ID"] = GIVEN
        page.get("/people/invite/")
        answer = post(page, "/people/invite/", name="New", email="new@acme.in", roles="sales-rep")
        assert answer.status_code in {200, 303}, answer.text[:500]
        assert answer.headers["X-Request-ID"] == GIVEN
        (mail,) = wait_for(lambda: box.messages(to="new@acme.in"), 60, running.tail)
        wait_for(lambda: "delivered" in lines_of(running), 20, running.tail)
        said = lines_of(running)
        page.headers["X-Request-ID"] = "no good\tid"
        made = page.get("/people/").headers["X-Request-ID"]
    assert mail["X-Request-ID"] == GIVEN
    assert said["request"]["route"].startswith("POST /people/invite")
    assert said["delivered"]["event"] == "user.invited"
    assert (said["vendor call"]["vendor"], said["vendor call"]["outcome"]) == ("smtp", "ok")
    assert re.fullmatch(r"[0-9a-f]{32}", made)


def lines_of(running) -> dict[str, dict]:
    """The last line of each kind that carries the given id."""
    found = {}
    for line in running.log.read_text().splitlines():
        if line.startswith("{") and f'"request_id": "{GIVEN}"' in line:
            entry = json.loads(line)
            found[entry["message"]] = entry
    return found


@pytest.mark.django_db
def test_what_a_job_does_carries_one_id_of_its_own(monkeypatch, people, run_events):
    from core.logs import request_id
    from crm.actions.leads import create_lead
    from tests.people import SYSTEM

    seen = []

    def work():
        seen.append(request_id.get())
        create_lead(actor=SYSTEM, email="asha@acme.in")

    monkeypatch.setattr(jobs, "JOBS", {"work": Job("work", work, daily="00:00")})
    assert people.rita
    before = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    tick("w")
    run_events()
    ids = set(Event.objects.filter(pk__gt=before).values_list("request_id", flat=True))
    assert ids == set(seen)
    assert request_id.get() == ""


@pytest.mark.django_db
def test_metrics_tell_requests_by_route_jobs_and_sign_ins(people):
    JobRun.objects.create(job="a", period="1", started_at="2026-01-01T00:00Z", error="ValueError: x")
    page = browser(people.ada)
    page.get(reverse("crm:lead-list"))
    page.post(reverse("account_login"), {"login": "ada@example.com", "password": "wrong"})
    text = browser().get("/metrics").content.decode()
    assert 'crm_request_seconds_count{hundreds="2",method="GET",route="leads/"}' in text
    assert "crm_jobs_failing 1.0" in text
    assert "crm_model_micros_today 0.0" in text
    assert "crm_sign_ins_failed" in text


def test_what_was_given_up_is_seen_and_tried_again_by_page_and_by_command(ada, rita, capsys):
    update_workspace(Workspace.current(), actor=as_actor(ada), name="Elsewhere")
    event = Event.objects.latest("pk")
    given_up = {"event": event, "due_at": event.at, "buried_at": event.at, "error": "x"}
    rows = [Delivery.objects.create(subscriber=f"shop.tell_{n}", **given_up) for n in (1, 2)]
    assert browser(rita).post(reverse("accounts:delivery-replay", args=(rows[0].pk,))).status_code == 403
    client = browser(ada)
    assert "Tell 1" in client.get(reverse("accounts:job-list")).content.decode()
    client.post(reverse("accounts:delivery-replay", args=(rows[0].pk,)))
    call_command("replay", "--list")
    assert f"{rows[1].pk}  workspace.updated → shop.tell_2: x" in capsys.readouterr().out
    assert [row.pk for row in Delivery.objects.filter(buried_at__isnull=False)] == [rows[1].pk]
    call_command("replay")
    assert not Delivery.objects.filter(buried_at__isnull=False).exists()
    assert Event.objects.filter(name="delivery.replayed").count() == 2
