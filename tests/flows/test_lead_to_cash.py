"""The main job over real sockets: web and worker as processes, SMTP, signed posts, Stripe's stand-in."""

import hashlib
import hmac
import json
import random
import re
import sys
import time
import zlib
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest

from outreach.signing import sign
from tests.flows.running import ROOT, House, Letterbox, house, post, wait_for

pytestmark = [pytest.mark.slow]
STAND_INS = ROOT.parent / "shared" / "vendor-specs"
INBOUND = "a secret between two servers"
WEBHOOK = "whsec_flow_test"
SET_UP = """
from accounts.actor import Actor
from crm.actions.catalog import create_item
from outreach.models import Workflow
from outreach.models.workflow import KNOWN
create_item(actor=Actor.system("test"), sku="SITE", name="Website with booking", unit_price_minor=4800000,
            currency="INR", description="Design, booking and reminders")
for key, entry in KNOWN.items():
    Workflow.objects.update_or_create(
        key=key, defaults={"name": entry["name"], "autonomy": "AUTONOMY", "per_hour": 10000, "per_contact_per_day": 9}
    )
"""


def prepared(running: House, autonomy: str) -> dict[str, Any]:
    cast = running.prepare()
    running.command("starter_set")
    running.command("shell", "-v", "0", "-c", SET_UP.replace("AUTONOMY", autonomy))
    running.start("web")
    running.start("worker")
    return {entry["email"].partition("@")[0]: entry for entry in cast["users"]}


def fill_in_form(running: House, name: str, email: str) -> None:
    """Post the public form as a stranger's browser does."""
    # Each stranger has an address of their own: the form takes ten posts a minute from one.
    address = {"X-Forwarded-For": f"203.0.113.{zlib.crc32(email.encode()) % 250}"}
    with httpx2.Client(base_url=running.url, timeout=30, headers=address) as browser:
        browser.get("/f/contact/")
        fields = {"first_name": name, "email": email, "business_name": f"{name} Dental", "industry": "Dental clinic",
                  "city": "Jaipur", "note": "We lose appointments", "consent": "on"}  # fmt: skip
        token = browser.cookies.get("csrftoken")
        answer = browser.post("/f/contact/", data={**fields, "csrfmiddlewaretoken": token or ""})
        assert answer.status_code in {200, 302, 303}, answer.text[:600]


def answer_mail(running: House, first: EmailMessage, text: str) -> bytes:
    """Answer a mail as the lead would, through the signed HTTP door; returns the raw mail."""
    reply = EmailMessage()
    reply["From"] = first["To"]
    reply["To"] = first["Reply-To"] or first["From"]
    reply["Subject"] = f"Re: {first['Subject']}"
    reply["Message-ID"] = f"<{hashlib.sha256(text.encode() + str(first['To']).encode()).hexdigest()[:20]}@lead.example>"
    reply["In-Reply-To"] = first["Message-ID"]
    reply["References"] = first["Message-ID"]
    quoted = "\n".join(f"> {line}" for line in first.get_body(("plain",)).get_content().splitlines())
    reply.set_content(f"{text}\n\nOn Monday we wrote:\n{quoted}\n")
    raw = reply.as_bytes()
    deliver_mail(running, raw)
    return raw


def deliver_mail(running: House, raw: bytes) -> httpx2.Response:
    headers = {**sign(INBOUND, raw, datetime.now(UTC)), "Content-Type": "message/rfc822"}
    answer = httpx2.post(f"{running.url}/webhooks/inbound-mail/", content=raw, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def lead_of(running: House, manager: dict[str, Any], email: str) -> dict[str, Any]:
    """Return the lead as REST shows it to the manager."""
    answer = httpx2.get(
        f"{running.url}/api/v1/crm/leads", params={"search": email},
        headers={"Authorization": f"Bearer {manager['api_key']}"},
    )  # fmt: skip
    results = answer.json()["results"]
    return results[0] if results else {}


def reaches(running: House, manager: dict[str, Any], email: str, pair: tuple[str, str], seconds: float = 30) -> None:
    """Wait until the lead is in (status, stage)."""

    def look() -> bool:
        lead = lead_of(running, manager, email)
        return (lead.get("status"), lead.get("stage")) == pair

    wait_for(
        look, seconds, lambda: f"{email} never came to {pair}: {lead_of(running, manager, email)} {running.tail()}"
    )


def proposal_link(mail: EmailMessage) -> str:
    """Return the public address in a proposal's mail."""
    text = mail.get_body(("plain",)).get_content()
    return re.search(r"/p/[\w-]+/", text).group(0)


def accept(running: House, link: str) -> httpx2.Response:
    """Open the proposal as the customer and accept it; returns the answer that leads to the payment."""
    with httpx2.Client(base_url=running.url, timeout=30) as customer:
        page = customer.get(link)
        assert page.status_code == 200
        token = customer.cookies.get("csrftoken") or ""
        return customer.post(
            f"{link}accept/", data={"name": "Meera Sharma", "agree": "on", "csrfmiddlewaretoken": token}
        )


def counts(running: House) -> dict[str, int]:
    """Return how many of each thing exist."""
    return json.loads(
        running.command(
            "shell", "-v", "0", "-c",
            "import json\nfrom billing.models import *\nfrom crm.models import *\nfrom outreach.models import *\n"
            "print(json.dumps({'payments': Payment.objects.count(), 'invoices': Invoice.objects.count(),"
            "'deals': Deal.objects.count(), 'won': Deal.objects.filter(status='won').count(),"
            "'paid': Lead.objects.filter(stage='PAID').count(),"
            "'onboarding': Activity.objects.filter(source_key__startswith='onboarding').count(),"
            "'customers': Contact.objects.filter(stage='customer').count()}))",
        )
    )  # fmt: skip


def test_with_every_dial_on_auto_a_form_becomes_an_invoice_without_a_person(tmp_path):
    letterbox = Letterbox()
    with house(tmp_path, letterbox, INBOUND_SECRET=INBOUND) as running:
        cast = prepared(running, "auto")
        started = time.monotonic()
        fill_in_form(running, "Meera", "meera@lead.example")
        first = wait_for(lambda: letterbox.messages(to="meera@lead.example"), 30, running.tail)[0]
        assert time.monotonic() - started < 30
        reaches(running, cast["max"], "meera@lead.example", ("contacted", "CONTACTED"))
        raw = answer_mail(running, first, "Sounds great, we are interested. How much does it cost?")
        deliver_mail(running, raw)
        mail = wait_for(
            lambda: [m for m in letterbox.messages(to="meera@lead.example") if "/p/" in body_of(m)], 40, running.tail
        )[0]
        assert [part.get_content_type() for part in mail.iter_attachments()] == ["application/pdf"]
        reaches(running, cast["max"], "meera@lead.example", ("converted", "PROPOSAL_SENT"))
        answer = accept(running, proposal_link(mail))
        assert answer.status_code == 303, answer.text[:500]
        sandbox = follow_to_sandbox(running, answer)
        pay_in_sandbox(running, sandbox)
        reaches(running, cast["max"], "meera@lead.example", ("converted", "PAID"))
        wait_for(lambda: counts(running)["invoices"] == 1, 30, running.tail)
        wait_for(lambda: counts(running)["customers"] == 1, 30, running.tail)
        found = counts(running)
        assert (found["deals"], found["won"], found["payments"]) == (1, 1, 1)
        assert found["onboarding"] >= 1
        assert running.json("check_invariants", "--json")["ok"]
        assert running.json("audit_verify", "--json")["ok"]


def test_with_every_dial_on_approve_a_person_taps_twice(tmp_path):
    letterbox = Letterbox()
    with house(tmp_path, letterbox, INBOUND_SECRET=INBOUND) as running:
        cast = prepared(running, "approve")
        fill_in_form(running, "Kavya", "kavya@lead.example")
        reaches(running, cast["max"], "kavya@lead.example", ("new", "NEW"))
        lead = lead_of(running, cast["max"], "kavya@lead.example")
        owner = next(entry for entry in cast.values() if entry["id"] == lead["owner"]["id"])
        rep = running.sign_in(owner["email"], owner["password"])
        page = wait_for(
            lambda: re.search(r"/suggestions/(\d+)/approve/", rep.get(f"/leads/{lead['id']}/suggestions/").text),
            20, "no draft was offered",
        )  # fmt: skip
        assert letterbox.messages(to="kavya@lead.example") == []
        approve_with_its_fingerprint(rep, f"/leads/{lead['id']}/suggestions/", page.group(0))
        first = wait_for(lambda: letterbox.messages(to="kavya@lead.example"), 30, running.tail)[0]
        answer_mail(running, first, "Yes, interested. What is the price?")
        reaches(running, cast["max"], "kavya@lead.example", ("converted", "INTERESTED"), 30)
        panel = f"/leads/{lead['id']}/money/"
        sent = wait_for(
            lambda: re.search(r"/proposals/(\d+)/send/", rep.get(panel).text), 30, lambda: rep.get(panel).text
        )
        answer = post(rep, sent.group(0))
        assert answer.status_code in {200, 204, 303}, answer.text[:500]
        wait_for(lambda: [m for m in letterbox.messages(to="kavya@lead.example") if "/p/" in body_of(m)], 30)
        reaches(running, cast["max"], "kavya@lead.example", ("converted", "PROPOSAL_SENT"))


@pytest.mark.skipif(not STAND_INS.exists(), reason="the vendors' stand-ins (../shared/vendor-specs) are not here")
def test_stripe_pays_once_however_often_and_in_whatever_order_its_events_arrive(tmp_path):
    sys.path.insert(0, str(STAND_INS))
    oracle = pytest.importorskip("oracle", reason="the stand-ins' own requirements are not installed")
    letterbox = Letterbox()
    with oracle.Oracle("stripe") as stripe:
        settings = {"STRIPE_API_KEY": "sk_test_flow", "STRIPE_API_BASE": stripe.url,
                    "STRIPE_WEBHOOK_SECRET": WEBHOOK, "INBOUND_SECRET": INBOUND}  # fmt: skip
        with house(tmp_path, letterbox, **settings) as running:
            cast = prepared(running, "auto")
            fill_in_form(running, "Ravi", "ravi@lead.example")
            first = wait_for(lambda: letterbox.messages(to="ravi@lead.example"), 30, running.tail)[0]
            answer_mail(running, first, "We are interested, please tell me the price")
            mail = wait_for(
                lambda: [m for m in letterbox.messages(to="ravi@lead.example") if "/p/" in body_of(m)],
                40, running.tail,
            )[0]  # fmt: skip
            reaches(running, cast["max"], "ravi@lead.example", ("converted", "PROPOSAL_SENT"))
            accept(running, proposal_link(mail))
            wait_for(lambda: stripe.calls("POST /v1/checkout/sessions", applied=True), 30, running.tail)
            stripe.assert_conforming()
            checkout = wait_for(lambda: open_checkout(running), 20, running.tail)
            events = [
                stripe_event(number, kind, checkout)
                for number, kind in enumerate(["checkout.session.completed"] * 18 + ["payment_intent.succeeded"] * 2)
            ]
            events += [events[0]] * 3
            random.Random(7).shuffle(events)
            refused = post_event(running, events[0], secret="whsec_wrong")
            assert refused.status_code in {400, 401}
            assert {post_event(running, event).status_code for event in events} == {200}
            reaches(running, cast["max"], "ravi@lead.example", ("converted", "PAID"))
            wait_for(lambda: counts(running)["invoices"] == 1, 30, running.tail)
            time.sleep(3)
            found = counts(running)
            assert (found["paid"], found["payments"], found["invoices"], found["won"]) == (1, 1, 1, 1)
            assert running.json("check_invariants", "--json")["ok"]


def body_of(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content()


def follow_to_sandbox(running: House, answer: httpx2.Response, seconds: float = 30) -> str:
    """Follow the customer's redirects until the sandbox page; returns its path."""
    path = answer.headers["Location"]

    def look() -> str:
        nonlocal path
        found = httpx2.get(path if path.startswith("http") else running.url + path)
        target = found.headers.get("Location", "") or path
        path = target.removeprefix(running.url)
        match = re.search(r"/pay/sandbox/[\w-]+/", path + found.text)
        return match.group(0) if match else ""

    return wait_for(look, seconds, lambda: f"no sandbox page: {path} {running.tail()}")


def pay_in_sandbox(running: House, path: str) -> None:
    with httpx2.Client(base_url=running.url, timeout=30) as customer:
        page = customer.get(path)
        assert "sandbox" in page.text.lower()
        token = customer.cookies.get("csrftoken") or ""
        answer = customer.post(path, data={"outcome": "paid", "csrfmiddlewaretoken": token})
        assert answer.status_code in {200, 302, 303}, answer.text[:500]


def approve_with_its_fingerprint(rep: httpx2.Client, panel: str, path: str) -> None:
    """Press the approve button: post what its form holds."""
    form = re.search(rf'<form[^>]*action="{re.escape(path)}".*?</form>', rep.get(panel).text, re.DOTALL).group(0)
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    hidden.pop("csrfmiddlewaretoken", None)
    answer = post(rep, path, **hidden)
    assert answer.status_code in {200, 204, 303}, answer.text[:500]


def open_checkout(running: House) -> dict[str, Any]:
    printed = running.command(
        "shell", "-v", "0", "-c",
        "import json\nfrom billing.models import Checkout\nc = Checkout.objects.exclude(external_id='').last()\n"
        "print(json.dumps({'id': c.external_id, 'amount': c.amount_minor, 'currency': c.currency, 'pk': c.pk,"
        "'reference': str(c.reference)} if c else {}))",
    )  # fmt: skip
    return json.loads(printed)


def stripe_event(number: int, kind: str, checkout: dict[str, Any]) -> bytes:
    """Return one event of Stripe about our session; the same payment however often."""
    session = {
        "id": checkout["id"], "object": "checkout.session", "amount_total": checkout["amount"],
        "currency": checkout["currency"].lower(), "payment_status": "paid", "status": "complete", "mode": "payment",
        "payment_intent": "pi_flow_1", "livemode": False, "client_reference_id": checkout["reference"],
        "metadata": {"checkout": str(checkout["pk"]), "reference": checkout["reference"]},
    }  # fmt: skip
    intent = {"id": "pi_flow_1", "object": "payment_intent", "amount": checkout["amount"], "livemode": False,
              "amount_received": checkout["amount"], "currency": checkout["currency"].lower(),
              "status": "succeeded", "metadata": session["metadata"]}  # fmt: skip
    event = {"id": f"evt_flow_{number}", "object": "event", "api_version": "2026-10-28.endive", "type": kind,
             "created": int(time.time()), "livemode": False,
             "data": {"object": session if kind.startswith("checkout") else intent}}  # fmt: skip
    return json.dumps(event).encode()


def post_event(running: House, body: bytes, secret: str = WEBHOOK) -> httpx2.Response:
    at = str(int(time.time()))
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={at},v1={mac}", "Content-Type": "application/json"}
    return httpx2.post(f"{running.url}/webhooks/stripe/", content=body, headers=headers, timeout=30)
