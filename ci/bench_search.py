"""Measure the search on a database of its own: `ci/bench_search.py --rows 1000000 [--database postgres://…/empty]`.

Fills it with people of eight countries, companies, leads and deals by a seeded generator, then asks what people type:
as the pages do (the palette and the list, in process), for an administrator and for a rep who sees a twentieth of the
leads. Prints p50, p95 and the slowest beside a plain indexed lookup, and how often a name with one wrong letter is among
the first five.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

COMPANIES = 83_000
BRANDS = 40_000
SYLLABLES = (
    "ka ro mi te lu sha vi no pra ze di go han bel tri sa mo ne ku ri ja do fen la per si tav ul wen xi yo bra cre dal "
    "eko fir gla hex ino jur kle lom nar opt pul qua rus sen tor umb vex win zan"
).split()
START = datetime(2026, 1, 1, tzinfo=UTC)
REPS = 20


def main() -> int:
    """Fill, ask, print; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="contacts")
    parser.add_argument("--database", default="", help="default: SQLite in a folder of its own")
    parser.add_argument("--asked", type=int, default=300, help="texts of each kind")
    parser.add_argument("--folder", default="", help="keep it here, and use what is already in it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ |= {"CRM_DATA_DIR": str(folder), "DATABASE_URL": options.database}
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        prepared(options.rows)
        return measured(options.asked)


def prepared(rows: int) -> None:
    """Make the tables, the people and the records, unless they are there."""
    from django.core.management import call_command
    from django.db import connection

    from crm.models import Contact

    call_command("migrate", verbosity=0)
    if Contact.objects.exists():
        return
    call_command("seed_roles", stdout=open(os.devnull, "w"))
    call_command("starter_set", stdout=open(os.devnull, "w"))
    started = time.monotonic()
    fill(rows)
    print(f"filled with {rows:,} contacts in {time.monotonic() - started:.0f} s")
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    call_command("reindex")
    print(f"reindex, all of it right already but the vocabulary: {time.monotonic() - started:.0f} s")


def people(rows: int) -> Iterator[tuple[int, str, str, str, str, str]]:
    """Yield (id, first name, last name, company, email, phone); the same on every machine."""
    from ci.bench_rows import COMPANY, PLACES

    draw = Random(7)
    brands = sorted({"".join(draw.choices(SYLLABLES, k=draw.choice((2, 3, 3, 4)))) for _ in range(BRANDS)})
    _, trades, ends = (part.split("|") for part in COMPANY)
    made = Random(8)
    companies = [
        f"{made.choice(brands).capitalize()} {made.choice(trades)} {made.choice(ends)}" for _ in range(COMPANIES)
    ]
    places = [(code, digits, *(part.split("|") for part in names)) for _, code, digits, _, *names in PLACES]
    for pk in range(1, rows + 1):
        code, digits, firsts, heads, tails = places[int(draw.random() ** 1.5 * len(places))]
        first, last = draw.choice(firsts), draw.choice(heads) + draw.choice(tails)
        if draw.random() < 0.4:
            last = "".join(draw.choices(SYLLABLES, k=draw.choice((2, 3, 3)))).capitalize()
        company = draw.choice(companies) if draw.random() < 0.7 else ""
        at = company.split()[0].lower() if company else draw.choice(("gmail", "yahoo", "outlook"))
        phone = f"{code}{pk * 73_687_871 % 10**digits:0{digits}d}".replace(" ", "")  # all different
        yield pk, first, last, company, f"{first}.{last}{pk}@{at}.com".lower(), phone


def fill(rows: int) -> None:
    """Write the contacts, a lead for each and a deal for every tenth."""
    from django.db import connection, transaction

    from accounts.models import User
    from core import bulk
    from crm.models import Contact, Deal, Lead, Stage
    from crm.models.search import suspended
    from crm.search import words

    owners = [
        User.objects.get_or_create(email=f"rep{number}@bench.example.org", defaults={"name": f"Rep {number}"})[0].pk
        for number in range(REPS - 1)
    ]
    owners = [User.objects.get(email__startswith="rita@").pk, *owners]
    stage = Stage.objects.select_related("pipeline").order_by("pk").first()
    told: dict[int, tuple[str, str]] = {}

    def contacts() -> Iterator[tuple[Any, ...]]:
        for pk, first, last, company, email, phone in people(rows):
            said = words((first, last, company), (email, phone))
            told[pk] = (company or f"{first} {last}", said)
            yield (pk, first, last, company, company.casefold(), email, email, phone, phone, owners[pk % REPS],
                   said, at(pk), at(pk))  # fmt: skip

    def at(pk: int) -> datetime:
        return START + timedelta(seconds=10 * pk)

    def leads() -> Iterator[tuple[Any, ...]]:
        for pk, (name, said) in told.items():
            yield pk, pk, name, name, owners[pk % REPS], words((name, name), more=said), at(pk), at(pk)

    def deals() -> Iterator[tuple[Any, ...]]:
        for number, (pk, (name, said)) in enumerate(list(told.items())[::10], 1):
            title = f"{name}, website"
            yield number, pk, title, stage.pipeline_id, stage.pk, owners[pk % REPS], words((title,), more=said), at(pk), at(pk)

    tables: tuple[tuple[Any, tuple[str, ...], Callable[[], Iterator[Any]], dict[str, Any]], ...] = (
        (Contact, ("id", "first_name", "last_name", "company_name", "company_folded", "email", "email_folded", "phone",
                   "phone_e164", "owner_id", "search_words", "created_at", "updated_at"), contacts, {}),
        (Lead, ("id", "contact_id", "title", "business_name", "owner_id", "search_words", "created_at", "updated_at"),
         leads, {}),
        (Deal, ("id", "contact_id", "title", "pipeline_id", "stage_id", "owner_id", "search_words", "created_at",
                "updated_at"), deals, {"currency": "INR"}),
    )  # fmt: skip
    with suspended(Contact, Lead, Deal):
        for model, names, made, more in tables:
            same = {key: value for key, value in bulk.defaults(model).items() if key not in names} | more
            with transaction.atomic():
                bulk.insert(model, names, made(), same)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for model, *_ in tables:
                    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), {rows})")


def asked(count: int) -> dict[str, list[tuple[str, str]]]:
    """Return for each kind of question (what is typed, the name that is meant)."""
    from crm.models import Contact

    draw, last = Random(9), Contact.objects.order_by("-pk").values_list("pk", flat=True)[0]
    rows = Contact.objects.filter(pk__in=[draw.randint(1, last) for _ in range(2 * count)])
    found: dict[str, list[tuple[str, str]]] = {}

    def ask(kind: str, typed: str, name: str) -> None:
        found.setdefault(kind, []).append((typed, name))

    for row in list(rows)[:count]:
        first, last_name, name = row.first_name, row.last_name, row.name
        company, digits = row.company_name, row.phone_e164[1:]
        ask("beginning, 2 to 4 letters", first[: draw.randint(2, 4)], "")
        ask("beginnings of both names", f"{first[:3]} {last_name[:4]}", "")
        ask("exact name", name, name)
        ask("names swapped", f"{last_name} {first}", name)
        ask("one wrong letter", misspelt(draw, name), name)
        ask("phone, last five", digits[-5:], "")
        ask("phone, any six", (lambda start: digits[start : start + 6])(draw.randint(0, 5)), "")
        ask("phone, whole", f"+{digits[:2]} {digits[2:7]} {digits[7:]}", name)
        if company:
            brand = company.split()
            ask("phrase", f'"{brand[0]} {brand[1]}"', "")
            ask("name and company", f"{first} {brand[0]}", name)
            ask("company, one wrong letter", misspelt(draw, " ".join(brand[:2])), "")
        ask("known to nobody", f"{first} qqxzv{draw.randint(10, 99)}", "")
    return found


def misspelt(draw: Random, name: str) -> str:
    """Return the name with one letter wrong, missing, doubled or swapped."""
    at = draw.choice([at for at, letter in enumerate(name) if letter.isalpha()])
    wrong = draw.choice("abcdefghijklmnopqrstuvwxyz")
    kind = draw.choice(("wrong", "wrong", "wrong", "missing", "more", "swapped"))
    middle = {"wrong": wrong, "missing": "", "more": name[at] + wrong, "swapped": name[at : at + 2][::-1]}[kind]
    return name[:at] + middle + name[at + (2 if kind == "swapped" else 1) :]


def measured(count: int) -> int:
    """Ask every question of the palette and of the list, as both people; print the figures."""
    from crm.models import Contact
    from crm.queries.contacts import contacts_for
    from crm.queries.leads import leads_for
    from crm.queries.search import best, matching
    from accounts.actor import Actor
    from accounts.models import User

    ada = Actor.for_user(User.objects.get(email__startswith="ada@"))
    rita = Actor.for_user(User.objects.get(email__startswith="rita@"))
    questions = asked(count)
    print(f"{'':<34}{'p50':>9}{'p95':>9}{'max':>9}   ms")
    floor = [(row.email_folded, "") for row in Contact.objects.order_by("-pk")[:count]]
    show("floor: one contact by its email", floor, lambda typed: list(Contact.objects.filter(email_folded=typed)))
    for kind, texts in questions.items():
        print(kind)
        for who, actor in (("all", ada), ("rep", rita)):
            rows = contacts_for(actor)
            show(f"  contacts, {who}", texts, lambda typed: names(rows, best(rows, typed, 8)))
            leads = leads_for(actor)
            show(f"  leads, {who}", texts, lambda typed: best(leads, typed, 8))
            show(f"  contact list, {who}", texts, lambda typed: list(matching(rows, typed)[:51]))
    return 0


def names(rows: Any, ids: list[int]) -> list[str]:
    """Return the names of the rows, in the order of their ids."""
    found = {row.pk: row.name for row in rows.filter(pk__in=ids)}
    return [found[pk] for pk in ids]


def show(label: str, texts: list[tuple[str, str]], ask: Callable[[str], Any]) -> None:
    """Print the times of the questions, and how often the name that was meant is among the first five."""
    times, right, slowest = [], 0, ("", 0.0)
    for typed, name in texts:
        started = time.perf_counter()
        answer = ask(typed)
        took = (time.perf_counter() - started) * 1000
        times.append(took)
        slowest = max(slowest, (typed, took), key=lambda pair: pair[1])
        right += bool(name) and name in answer[:5]
    times.sort()
    p95 = times[int(0.95 * len(times))]
    recall = f"   recall@5 {right / len(texts):.3f}" if right else ""
    print(f"{label:<34}{statistics.median(times):9.1f}{p95:9.1f}{times[-1]:9.1f}   {slowest[0]!r}{recall}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
