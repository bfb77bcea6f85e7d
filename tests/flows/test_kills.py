"""kill -9 of the worker at random moments of the main job: nothing lost, nothing sent twice, every unknown listed.

KILLS=50 runs the full measure (`make bench-kills`); the suite runs a shorter one.
"""

import os
import random
import re
import signal
import threading
import time
from collections import Counter

import httpx2
import pytest

from tests.flows.running import House, Letterbox, descendants, house, post, wait_for
from tests.flows.test_lead_to_cash import (
    INBOUND,
    accept,
    answer_mail,
    body_of,
    counts,
    fill_in_form,
    follow_to_sandbox,
    pay_in_sandbox,
    prepared,
    proposal_link,
)

pytestmark = [pytest.mark.slow]
KILLS = int(os.environ.get("KILLS", "6"))
LEADS = max(4, KILLS // 4)
PATIENCE = 240 + 20 * KILLS


class Killer(threading.Thread):
    """Kills the worker, or one process of it, again and again; a dead worker is started at once."""

    def __init__(self, running: House, kills: int) -> None:
        super().__init__(daemon=True)
        self.running, self.left, self.random = running, kills, random.Random(20261121)

    def run(self) -> None:
        while self.left:
            time.sleep(self.random.uniform(0.5, 6))
            worker = self.running.processes["worker"]
            tree = descendants(worker.pid)
            if self.random.random() < 0.5:
                self.running.kill("worker")
                self.running.start("worker")
            else:
                victim = self.random.choice(tree[1:] or tree)
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                if victim == worker.pid:
                    worker.wait(10)
                if worker.poll() is not None:
                    self.running.start("worker")
            self.left -= 1


class Journey:
    """One lead on its way from form to payment; `step` does what its customer would do next."""

    def __init__(self, running: House, letterbox: Letterbox, number: int) -> None:
        self.running, self.letterbox = running, letterbox
        self.email = f"lead-{number}@lead.example"
        self.at = "form"
        fill_in_form(running, f"Lead{number}", self.email)

    def step(self, leads: dict[str, dict]) -> None:
        stage = leads.get(self.email, {}).get("stage")
        mails = self.letterbox.messages(to=self.email)
        proposals = [mail for mail in mails if "/p/" in body_of(mail)]
        if self.at == "form" and mails and stage == "CONTACTED":
            answer_mail(self.running, mails[0], "We are interested, please tell me the price")
            self.at = "answered"
        elif self.at == "answered" and proposals and stage == "PROPOSAL_SENT":
            answer = accept(self.running, proposal_link(proposals[0]))
            pay_in_sandbox(self.running, follow_to_sandbox(self.running, answer, seconds=120))
            self.at = "paid"
        elif self.at == "paid" and stage == "PAID" and any("Paid:" in str(mail["Subject"]) for mail in mails):
            self.at = "done"


def test_a_worker_killed_at_random_moments_loses_nothing_and_sends_nothing_twice(tmp_path):
    letterbox = Letterbox(pause=0.15)
    with house(tmp_path, letterbox, INBOUND_SECRET=INBOUND) as running:
        cast = prepared(running, "auto")
        manager = running.sign_in(cast["max"]["email"], cast["max"]["password"])
        killer = Killer(running, KILLS)
        killer.start()
        journeys = [Journey(running, letterbox, number) for number in range(LEADS)]
        settled: list[str] = []
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and (killer.left or any(one.at != "done" for one in journeys)):
            settled += decide_unknown(manager, letterbox)
            leads = all_leads(running, cast["max"]["api_key"])
            for journey in journeys:
                journey.step(leads)
            time.sleep(0.5)
        stuck = {journey.email: journey.at for journey in journeys if journey.at != "done"}
        assert not stuck, f"{stuck} after {KILLS - killer.left} kills: {running.tail()}"
        assert killer.left == 0
        everything = Counter(mail["Message-ID"] for mail in letterbox.messages(to="@lead.example"))
        twice = [message_id for message_id, number in everything.items() if number > 1]
        assert not twice
        found = counts(running)
        assert {found[name] for name in ("payments", "invoices", "won", "paid", "customers")} == {LEADS}
        report = running.json("check_invariants", "--json")
        assert report["ok"], report
        assert running.json("audit_verify", "--json")["ok"]
        print(f"{KILLS} kills, {LEADS} leads, {sum(everything.values())} mails, {len(settled)} unknown decided")


def test_a_queue_that_hangs_is_started_again(tmp_path):
    letterbox = Letterbox()
    with house(tmp_path, letterbox, INBOUND_SECRET=INBOUND) as running:
        prepared(running, "auto")
        for email in ("first@lead.example", "second@lead.example"):
            fill_in_form(running, "Lead", email)
            wait_for(lambda to=email: letterbox.messages(to=to), 120, running.tail)
            time.sleep(3)  # idle: nobody who is stopped holds a lock of the database
            for pid in descendants(running.processes["worker"].pid)[1:]:
                os.kill(pid, signal.SIGSTOP)
        assert "do not answer" in running.tail()


def decide_unknown(manager: httpx2.Client, letterbox: Letterbox) -> list[str]:
    """Do what a manager does with the list of unknown sends: settle what arrived, send again what did not."""
    page = manager.get("/messages/unknown/").text
    decided = []
    for pk in sorted(set(re.findall(r"/messages/(\d+)/settle/", page))):
        arrived = any(f"message{pk}" in str(mail["Reply-To"]) for mail in letterbox.messages(to="@lead.example"))
        verb = "settle" if arrived else "resend"
        answer = post(manager, f"/messages/{pk}/{verb}/")
        assert answer.status_code in {200, 204, 303}, answer.text[:300]
        decided.append(f"{pk} {verb}")
    return decided


def all_leads(running: House, key: str) -> dict[str, dict]:
    """Return every lead by its email."""
    answer = httpx2.get(
        f"{running.url}/api/v1/crm/leads", params={"limit": "200"}, headers={"Authorization": f"Bearer {key}"},
        timeout=30,
    )  # fmt: skip
    return {lead["email"]: lead for lead in answer.json()["results"]}
