"""Measure records and pipeline on 10,000 contacts and on many: `make bench ARGS=records`, through real HTTP.

Each page is asked of a running house, signed in as a rep (who sees own rows only) and as the administrator. The floor
beside it is a bare Django: its default middleware, the same SELECT of fifty rows, the same texts in a plain table, no
menu, filters, counts or icons; served by the same server from the same database.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

from tests.flows.running import ROOT, House, descendants, free_port, house, wait_for

SMALL, ON_SQLITE, ON_POSTGRESQL = 10_000, 100_000, 1_000_000
FLAT = 1.3
MEMORY_MB = 300
WORST = 300  # ms, the p95 of every page
MOST_AT_WORK = 900  # s that the worker may take for what is due at a first start
PAUSE = 0.4  # s between two newcomers of the figure "create, one at a time": the worker has seen to the one before
# name, who, address, most statements, bar: "floor" is twice the floor's p50, (of, ms) a limit of its own
PAGES = (
    ("contacts", "admin", "/contacts/", 8, "floor"),
    ("contacts of a rep", "rep", "/contacts/?view=mine", 8, "floor"),
    ("leads", "admin", "/leads/", 8, "floor"),
    ("leads of a rep", "rep", "/leads/", 8, "floor"),
    ("deals", "admin", "/deals/list/", 8, "floor"),
    ("deals of a rep", "rep", "/deals/list/", 8, "floor"),
    ("tasks", "admin", "/tasks/", 8, "floor"),
    ("tasks of a rep", "rep", "/tasks/", 8, "floor"),
    ("contacts, far down", "admin", "/contacts/?cursor={far_contact}", 8, "floor"),
    ("leads, far down", "admin", "/leads/?cursor={far_lead}", 8, "floor"),
    ("leads, filtered", "rep", "/leads/?view=new", 8, "floor"),
    ("search, a beginning", "admin", "/contacts/?q={beginning}", 12, ("p95", 100)),
    ("search, exactly", "admin", "/contacts/?q={exact}", 12, ("p95", 100)),
    ("search, a wrong letter", "admin", "/contacts/?q={typo}", 12, ("p95", 100)),
    ("search, a wrong letter, rep", "rep", "/contacts/?q={typo}", 12, ("p95", 100)),
    ("search, part of a phone", "admin", "/contacts/?q={phone}", 12, ("p95", 100)),
    ("palette", "rep", "/search/?q={beginning}", 16, ("p95", 100)),
    ("contact", "admin", "/contacts/{busy}/", 12, ("p50", 30)),
    ("lead", "admin", "/leads/{busy}/", 12, ("p50", 30)),
    ("lead, its timeline", "rep", "/leads/{own}/?tab=timeline", 12, ("p50", 30)),
    ("deal", "admin", "/deals/{deal}/", 12, ("p50", 30)),
    ("board", "admin", "/deals/", 10, ("p50", 30)),
    ("board of a rep", "rep", "/deals/", 10, ("p50", 30)),
    # Nothing of these is kept, and the last ones ask for other days at each look: every look is a first one.
    *((f"dashboard, {period}, {who}", who, f"/dashboard/?period={period}", 20, ("p95", 300))
      for who, period in (("admin", "month"), ("admin", "quarter"), ("admin", "year"), ("manager", "year"))),
    *((f"report, {name}, {period}", "admin", f"/reports/{name}/?period={period}", 20, ("p95", 300))
      for name in ("pipeline", "forecast", "rep-performance", "conversion-rates", "sources", "cities", "response-time",
                   "forecast-accuracy") for period in ("month", "year")),
    *((f"report, {name}, a first look", "manager", f"/reports/{name}/?first={{day}}", 20, ("p95", 300))
      for name in ("pipeline", "rep-performance", "conversion-rates", "sources", "cities", "response-time")),
    ("today", "rep", "/today/", 20, ("p95", 300)),
)  # fmt: skip

Times = list[float]


def main(rounds: int = 40, contacts: int = 0) -> None:
    """Fill and measure both sizes, print them side by side."""
    is_large = os.environ.get("DATABASE_URL", "").startswith("postgres")
    large = contacts or (ON_POSTGRESQL if is_large else ON_SQLITE)
    found = {}
    for count in (SMALL, large):
        with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as running:
            cast = running.prepare()
            running.command("starter_set")
            marks = json.loads(script(running, "bench_rows.py", str(count)).splitlines()[-1])
            print(f"{count:,} contacts filled in in {marks['filled_in_s']:.0f} s", flush=True)
            found[count] = measure(running, cast, marks, rounds)
    show(found[SMALL], found[large], SMALL, large)
    print("\nImport:", flush=True)
    subprocess.run([sys.executable, "ci/bench_import.py"], cwd=ROOT, check=True)


def measure(running: House, cast: dict[str, Any], marks: dict[str, Any], rounds: int) -> dict[str, Any]:
    """Return {name: [seconds]} of every page, of the floors and of creating, with statements and memory."""
    people = {"admin": "crm-admin", "manager": "sales-manager", "rep": "sales-rep"}
    users = {who: next(user for user in cast["users"] if user["role"] == role) for who, role in people.items()}
    asked = [(users[who]["email"], address.format(**places(marks, 0)))
             for _, who, address, *_ in PAGES]  # fmt: skip
    counted = json.loads(script(running, "bench_rows.py", "statements", json.dumps(asked)))
    running.start("serve")
    print(f"the worker had done what was due after {settle(running):.0f} s", flush=True)
    clients = {who: running.sign_in(user["email"], user["password"]) for who, user in users.items()}
    times: dict[str, Times] = {}
    with floor_of(running) as address:
        plain = httpx2.Client(base_url=address, cookies=clients["admin"].cookies, timeout=60)
        for noun in ("contacts", "leads", "deals", "tasks"):
            times[f"floor {noun}"] = asking(lambda _, noun=noun: plain.get(f"/{noun}/"), rounds)
    for name, who, address, *_ in PAGES:
        client = clients[who]
        times[name] = asking(lambda n, c=client, a=address: c.get(a.format(**places(marks, n))), rounds)  # fmt: skip
    times["create, one at a time"] = asking(lambda n: create(clients["admin"], n), rounds, PAUSE)
    times["create, one after another"] = asking(lambda n: create(clients["admin"], n), rounds)
    queries = dict(zip((name for name, *_ in PAGES), counted, strict=True))
    return {"times": times, "statements": queries, "memory": memory(running)}


def settle(running: House) -> float:
    """Wait until nothing is at work any more: a first start runs each daily job once; returns the seconds."""
    started = time.monotonic()
    before = -1.0
    while (now := cpu_seconds(running)) - before > 0.25 and time.monotonic() - started < MOST_AT_WORK:
        before = now
        time.sleep(5)
    return time.monotonic() - started


def cpu_seconds(running: House) -> float:
    """Return what all processes of the house have used so far."""
    used = 0
    for process in running.processes.values():
        for pid in descendants(process.pid):
            with contextlib.suppress(OSError):
                used += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return used / os.sysconf("SC_CLK_TCK")


def places(marks: dict[str, Any], number: int) -> dict[str, Any]:
    """Return what the addresses name, another one for each call."""
    return {key: value[number % len(value)] if isinstance(value, list) else value
            for key, value in marks.items()}  # fmt: skip


def create(client: httpx2.Client, number: int) -> httpx2.Response:
    """Post a lead as a program does: de-duplicated, scored, assigned, answered with its row."""
    body = {"email": f"new-{time.time_ns()}@bench.example.net", "business_name": f"Bench Works {number}",
            "first_name": "Asha", "last_name": f"Bench{number}", "city": "Pune", "industry": "Retail"}  # fmt: skip
    headers = {"X-CSRFToken": client.cookies["csrftoken"]}
    return client.post("/api/v1/crm/leads", json=body, headers=headers)


def asking(call: Callable[[int], httpx2.Response], rounds: int, pause: float = 0) -> Times:
    """Return the seconds of each call, after two that do not count; `pause` seconds lie between them."""
    times = []
    for number in range(-2, rounds):
        time.sleep(pause)
        started = time.perf_counter()
        answer = call(number)
        took = time.perf_counter() - started
        if answer.status_code not in {200, 201}:
            raise SystemExit(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")
        if number >= 0:
            times.append(took)
    return times


def memory(running: House) -> dict[str, float]:
    """Return megabytes of web, worker and what holds them: their share of what they use together (PSS), and RSS."""
    found = dict.fromkeys(("Pss", "Rss"), 0.0)
    for process in running.processes.values():
        for pid in descendants(process.pid):
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if (key := line.partition(":")[0]) in found:
                        found[key] += int(line.split()[1]) / 1024
    return found


@contextlib.contextmanager
def floor_of(running: House) -> Iterator[str]:
    """Serve the bare Django beside the house; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench_floor:application", "--port", str(port), "--log-level", "error"]
    server = subprocess.Popen(command, cwd=ROOT / "ci", env=running.env)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(address), 60, "the floor did not start")
        yield address
    finally:
        server.terminate()
        server.wait(10)


def answers(address: str) -> bool:
    """Whether something listens there."""
    with contextlib.suppress(httpx2.HTTPError):
        return httpx2.get(f"{address}/contacts/", timeout=5).status_code < 500
    return False


def script(running: House, name: str, *arguments: str) -> str:
    """Run a script of this folder inside the house; returns what it printed."""
    command = [sys.executable, f"ci/{name}", *arguments]
    result = subprocess.run(command, cwd=ROOT, env=running.env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{name}: {result.stderr[-3000:]}")
    return result.stdout


def show(small: dict[str, Any], large: dict[str, Any], few: int, many: int) -> None:
    """Print every figure of both sizes, and what misses its bar."""
    print(f"\n{'ms':<30}{f'{few:,}':>14}{f'{many:,}':>18}{'flat':>8}{'statements':>12}  bar")
    for name in large["times"]:
        page = next((page for page in PAGES if page[0] == name), None)
        (low, low95), (high, high95) = at(small["times"][name]), at(large["times"][name])
        said, statements, limit = [], "", ""
        if page is not None:
            _, _, address, most, bar = page
            statements = f"{large['statements'][name]}"
            said += [f"statements > {most}"] * (large["statements"][name] > most)
            if bar == "floor":
                noun = address.removeprefix("/deals/list").strip("/").split("/")[0] or "deals"
                bar = ("p50", 2 * at(large["times"][f"floor {noun}"])[0])
        else:
            bar = ("p50", 20) if name == "create, one at a time" else None
        if bar is not None:
            limit = f"{bar[0]} ≤ {bar[1]:.0f}"
            said += ["MISSED"] * ((high if bar[0] == "p50" else high95) > bar[1] or high95 > WORST)
        said += ["not flat"] * (high > FLAT * low and high - low > 2)
        print(f"{name:<30}{low:>7.1f}{low95:>7.1f}{high:>10.1f}{high95:>8.1f}{high / low:>8.2f}{statements:>12}"
              f"  {limit} {', '.join(said)}")  # fmt: skip
    for count, found in ((few, small), (many, large)):
        used = found["memory"]
        late = "" if used["Pss"] <= MEMORY_MB else "MISSED"
        print(f"web + worker at {count:,}: {used['Pss']:.0f} MB (PSS; RSS {used['Rss']:.0f}), bar {MEMORY_MB} {late}")


def at(times: Times) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    ordered = sorted(times)
    return statistics.median(ordered) * 1000, ordered[int(0.95 * (len(ordered) - 1))] * 1000
