"""Measure the import of contacts on a house of its own, with a floor beside it.

    ci/bench_import.py                               100,000 rows, SQLite
    DATABASE_URL=postgres://… ci/bench_import.py     1,000,000 rows, PostgreSQL, a database of its own

One row in fifty repeats somebody of the file, one in a hundred somebody who is here already. Prints seconds, rows a
second and the worker's peak memory for the check and the import; the floor is `csv` and COPY (SQLite: executemany)
of the same columns into the same tables, without looking at any of them.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
FIRST = (
    "Asha", "Bela", "Chen", "Dev", "Esha", "Farid", "Gita", "Hari", "Indu", "Jai", "Kavi", "Lata", "Mira", "Neel",
    "Omar", "Priya", "Ravi", "Sita", "Tara", "Uma",
)  # fmt: skip
LAST = (
    "Rao", "Iyer", "Sharma", "Khan", "Patel", "Das", "Menon", "Bose", "Singh", "Nair", "Gupta", "Joshi", "Kaur",
    "Reddy", "Shah", "Verma",
)  # fmt: skip
CITIES = (
    "Pune", "Mumbai", "Delhi", "Chennai", "Kochi", "Jaipur", "Indore", "Surat", "Nagpur", "Bhopal",
)  # fmt: skip
HEADERS = ("First name", "Last name", "Company", "Email", "Phone", "City", "Source", "Tags")
FLOOR = """
import csv, sys, time, django
django.setup()
from django.db import transaction
from core import bulk
from crm.models import Contact, ContactAddress, Tag
begun = time.monotonic()
names = ("first_name", "last_name", "company_name", "email", "phone", "city")
size = 5_000
with open(sys.argv[1], newline="") as file, transaction.atomic():
    rows, tag = csv.reader(file), Tag.objects.create(name="floor")
    next(rows)
    seen, part, done = set(), [], False
    while not done:
        part = []
        for row in rows:
            if row[3] not in seen and row[4] not in seen:
                seen.update(row[3:5])
                part.append(row)
            if len(part) == size:
                break
        done = len(part) < size
        ids = bulk.reserve(Contact, len(part))
        both, told = list(zip(ids, part)), (*names, "email_folded", "phone_e164")
        fixed = {n: v for n, v in bulk.defaults(Contact).items() if n not in told}
        bulk.insert(Contact, ("id", *told), ((pk, *r[:6], r[3], r[4]) for pk, r in both), fixed)
        told = ("contact_id", "channel", "value", "folded")
        fixed = {n: v for n, v in bulk.defaults(ContactAddress).items() if n not in told}
        pairs = ((pk, c, r[at], r[at]) for pk, r in both for c, at in (("email", 3), ("phone", 4)))
        bulk.insert(ContactAddress, told, pairs, fixed)
        bulk.insert(Contact.tags.through, ("contact_id", "tag_id"), ((pk, tag.pk) for pk in ids))
print(time.monotonic() - begun)
"""


def main() -> None:
    """Run both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    address = os.environ.get("DATABASE_URL", "")
    parser.add_argument("--rows", type=int, default=1_000_000 if address else 100_000)
    parser.add_argument("--kind", default="contacts", choices=("contacts", "leads"))
    parser.add_argument("--xlsx", action="store_true", help="the same table as a spreadsheet")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole, before = Path(folder, "all.csv"), Path(folder, "before.csv")
        rows = list(people(asked.rows)) if asked.xlsx else people(asked.rows)
        write(whole, rows)
        write(before, people(asked.rows, every=100))
        floor = figures(folder, "floor", address, lambda env: bare(env, whole))
        if asked.xlsx:
            whole = as_sheet(whole)
        found = figures(folder, "import", address, lambda env: imported(env, before, whole, asked.kind))
    size = asked.rows
    print(f"{size:,} rows of {asked.kind} on {'PostgreSQL' if address else 'SQLite'}")
    for label, seconds in (("check", found["checked"]), ("import", found["imported"]), ("floor", floor)):
        print(f"{label:<8}{seconds:>8.1f} s{size / seconds:>10,.0f} rows/s")
    print(f"worker's peak memory {found['peak']:.0f} MB; {found['counts']}")
    print(json.dumps({"rows": size, "floor": floor, **found}))


def people(count: int, every: int = 1) -> Iterator[list[str]]:
    """Rows that are the same on every run; with `every` only some of them, in capitals."""
    chance = Random(20)
    for number in range(count):
        about = number if number % 50 else chance.randrange(number + 1)
        first, last = FIRST[about % 20], LAST[about // 20 % 16]
        row = [
            first, last, f"{last} {CITIES[about % 10]} {about % 50_000} Ltd",
            f"{first}.{last}{about}@mail{about % 900}.example", f"+91{9_000_000_000 + about}",
            CITIES[about % 10], "web", "newsletter, fair 2026" if about % 3 else "",
        ]  # fmt: skip
        if number % every == 0:
            yield row if every == 1 else [cell.upper() for cell in row]


def write(path: Path, rows: Iterator[list[str]] | list[list[str]]) -> None:
    """Write a file as people upload it."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADERS])
        csv.writer(file).writerows(rows)


def as_sheet(path: Path) -> Path:
    """The same table as XLSX with shared strings, as spreadsheets write it."""
    import xlsxwriter

    target = path.with_suffix(".xlsx")
    with xlsxwriter.Workbook(target) as book, path.open(newline="") as file:
        sheet = book.add_worksheet()
        for number, row in enumerate(csv.reader(file)):
            sheet.write_row(number, 0, row)
    return target


def figures(folder: str, name: str, address: str, measure: Callable[[dict[str, str]], Any]) -> Any:
    """Measure in a house of its own, made before and gone after."""
    data = Path(folder, name)
    ours = {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
    env = {**os.environ, **ours, "CRM_DATA_DIR": str(data)}
    base = urlsplit(address)
    own = f"crm_bench_{name}_{os.getpid()}"
    admin = ["psql", "-q", address]
    if address:
        subprocess.run([*admin, "-c", f"CREATE DATABASE {own}"], check=True)
        env["DATABASE_URL"] = base._replace(path=f"/{own}").geturl()
    try:
        manage(env, "migrate", "-v", "0")
        return measure(env)
    finally:
        if address:
            subprocess.run([*admin, "-c", f"DROP DATABASE {own}"], check=True)


def imported(env: dict[str, str], before: Path, whole: Path, kind: str) -> dict[str, object]:
    """Import some people, then the whole file."""
    manage(env, "import_file", str(before), "--kind", kind, "--json")
    answer = json.loads(manage(env, "import_file", str(whole), "--kind", kind, "--json"))
    peak = answer["peak"]
    counts = {name: answer[name] for name in ("created", "updated", "skipped", "errors")}
    if answer["rehearsed"] != {name.removesuffix("s"): n for name, n in counts.items()}:
        raise SystemExit(f"The check said {answer['rehearsed']}, the import did {counts}.")
    return {"checked": answer["checked"], "imported": answer["imported"], "peak": peak, "counts": counts}


def bare(env: dict[str, str], whole: Path) -> float:
    """The floor: read and write, and nothing else."""
    return float(run([sys.executable, "-c", FLOOR, str(whole)], env))


def manage(env: dict[str, str], *words: str) -> str:
    return run([sys.executable, "manage.py", *words], env)


def run(command: list[str], env: dict[str, str]) -> str:
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{command[-2:]} failed after {time.monotonic() - began:.0f} s:\n{done.stderr[-3000:]}")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


if __name__ == "__main__":
    main()
