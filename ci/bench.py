"""Measure what is promised on running houses of their own; each figure beside a floor.

make bench                    everything, on SQLite (100,000 contacts)
make bench ARGS=job           the main job: a form to its first message, webhooks, the everyday pages
make bench ARGS=records       lists, search, records, board and creating, at 10,000 contacts and at many
DATABASE_URL=postgres://… make bench        the same on PostgreSQL (1,000,000 contacts)
"""

import argparse
import hashlib
import hmac
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402  (the path first)

from ci import bench_records  # noqa: E402
from tests.flows.running import House, Letterbox, house, wait_for  # noqa: E402

SECRET = "whsec_bench"
REAL_LEADS = ROOT.parent / "shared" / "data" / "leads" / "x_education_train.csv"


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("all", "job", "records"), default="all")
    parser.add_argument("--contacts", type=int, default=0, help="the larger number of contacts")
    parser.add_argument("--leads", type=int, default=40, help="forms to post, one after another")
    parser.add_argument("--webhooks", type=int, default=300)
    parser.add_argument("--pages", type=int, default=30, help="calls of each page")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.part != "records":
        print("== The main job ==", file=sys.stderr)
        main_job(asked)
    if asked.part != "job":
        print("\n== Records and pipeline ==", file=sys.stderr)
        bench_records.main(asked.pages, asked.contacts)


def main_job(asked: argparse.Namespace) -> None:
    """Run the figures of the main job and print them: p50, p95, p99, the bar, the floor of the same run."""
    figures: list[dict[str, object]] = []
    letterbox = Letterbox()
    settings = {"STRIPE_WEBHOOK_SECRET": SECRET, "INBOUND_SECRET": "bench"}
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), letterbox, **settings) as running:
        cast = running.prepare()
        running.command("starter_set")
        running.command("shell", "-v", "0", "-c", SWITCH_TO_AUTO)
        if REAL_LEADS.exists():
            figures.append(imported(running))
        running.start("web")
        running.start("worker")
        with httpx2.Client(base_url=running.url) as client:
            floor = timed(lambda: client.get("/healthz"), asked.pages)
        figures.append(row("floor: /healthz through the same server, ms", floor, None))
        figures += first_messages(running, letterbox, asked.leads)
        figures.append(webhooks(running, asked.webhooks))
        figures += pages(running, cast, asked.pages)
    if asked.json:
        print(json.dumps(figures, indent=1))
        return
    print(f"{'figure':<46}{'p50':>9}{'p95':>9}{'p99':>9}{'bar':>16}")
    for entry in figures:
        cells = "".join(f"{entry[name]:>9}" for name in ("p50", "p95", "p99"))
        print(f"{entry['figure']:<46}{cells}{entry['bar'] or '':>16}")


SWITCH_TO_AUTO = """
from outreach.models import Workflow
Workflow.objects.update_or_create(
    key="lead_intake", defaults={"name": "First message", "autonomy": "auto", "per_hour": 10000}
)
"""


def imported(running: House) -> dict[str, object]:
    """Import the real leads by the command, wall time."""
    started = time.monotonic()
    running.command("import_file", str(REAL_LEADS), "--kind", "leads", "--json")
    return row("import of 6,508 real leads, s", [time.monotonic() - started], "≤ 20 s", unit=1)


def first_messages(running: House, letterbox: Letterbox, count: int) -> list[dict[str, object]]:
    """Post the public form; time until the SMTP server has the first message."""
    answers, waits = [], []
    for number in range(count):
        email = f"bench-{number}@example.org"
        address = {"X-Forwarded-For": f"198.51.100.{number % 250}"}
        client = httpx2.Client(base_url=running.url, timeout=30, headers=address)
        client.get("/f/contact/")
        token = client.cookies.get("csrftoken", "")
        started = time.monotonic()
        data = {"first_name": f"Bench {number}", "email": email, "business_name": f"Shop {number}",
                "note": "How much does it cost?", "consent": "on", "csrfmiddlewaretoken": token}  # fmt: skip
        answer = client.post("/f/contact/", data=data)
        answers.append(time.monotonic() - started)
        if answer.status_code >= 400:
            raise SystemExit(f"the form was refused: {answer.status_code} {answer.text[:400]}")
        wait_for(lambda email=email: letterbox.messages(to=email), 30, f"no mail for {email}: {running.tail()}")
        waits.append(time.monotonic() - started)
    return [
        row("form posted → answer, ms", answers, None),
        row("form posted → first message handed over, s", waits, "≤ 10 s p95", unit=1),
    ]


def webhooks(running: House, count: int) -> dict[str, object]:
    """Post signed Stripe events, each stored before it is answered."""
    times = []
    with httpx2.Client(base_url=running.url, timeout=30) as client:
        for number in range(count):
            event = {"id": f"evt_bench_{number}", "object": "event", "type": "ping.pong", "livemode": False,
                     "created": int(time.time()), "data": {"object": {}}}  # fmt: skip
            body = json.dumps(event).encode()
            at = str(int(time.time()))
            mac = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            headers = {"Stripe-Signature": f"t={at},v1={mac}", "Content-Type": "application/json"}
            started = time.monotonic()
            answer = client.post("/webhooks/stripe/", content=body, headers=headers)
            times.append(time.monotonic() - started)
            if answer.status_code != 200:
                raise SystemExit(f"the webhook was refused: {answer.status_code} {answer.text[:300]}")
    return row("webhook stored and answered, ms", times, "≤ 500 ms p99")


def pages(running: House, cast: dict, count: int) -> list[dict[str, object]]:
    """Call the everyday pages as the manager, one after another."""
    manager = next(entry for entry in cast["users"] if entry["role"] == "sales-manager")
    client = running.sign_in(manager["email"], manager["password"])
    leads = client.get("/leads/").text
    first = leads.split('href="/leads/', 2)
    pk = next((part.split("/")[0] for part in first[1:] if part.split("/")[0].isdigit()), "1")
    found = []
    for name, path in (
        ("leads", "/leads/"),
        ("lead", f"/leads/{pk}/"),
        ("contacts", "/contacts/"),
        ("board", "/deals/"),
        ("dashboard", "/"),
        ("inbox", "/inbox/"),
    ):
        times = timed(lambda path=path: client.get(path, follow_redirects=True), count)
        found.append(row(f"page {name}, ms", times, "≤ 100 ms"))
    return found


def timed(call: Callable[[], httpx2.Response], count: int) -> list[float]:
    """Return the seconds of each call, after one that does not count."""
    call()
    times = []
    for _ in range(count):
        started = time.monotonic()
        answer = call()
        times.append(time.monotonic() - started)
        if answer.status_code != 200:
            raise SystemExit(f"{answer.request.url}: {answer.status_code}")
    return times


def row(figure: str, seconds: list[float], bar: str | None, unit: float = 1000) -> dict[str, object]:
    """Return one row of the table."""
    ordered = sorted(seconds)

    def at(part: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))] * unit, 2)

    return {"figure": figure, "n": len(seconds), "p50": round(statistics.median(ordered) * unit, 2),
            "p95": at(0.95), "p99": at(0.99), "bar": bar}  # fmt: skip


if __name__ == "__main__":
    main()
