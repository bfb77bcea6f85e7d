"""Measure the search on a database of its own: `ci/bench_search.py --rows 1000000 [--database postgres://…/empty]`.

Fills it with people of eight countries, companies, leads and deals by a seeded generator, then asks what people type,
as the palette and the lists do, for an administrator and for a rep who sees a twentieth of the leads. Prints p50, p95
and the slowest beside a plain indexed lookup, and how often a misspelt name is among the first five.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SYLLABLES = (  # noqa: SIM905 - a list of fifty quoted words reads worse
    "ka ro mi te lu sha vi no pra ze di go han bel tri sa mo ne ku ri ja do fen la per si tav ul wen xi yo bra cre dal "
    "eko fir gla hex ino jur kle lom nar opt pul qua rus sen tor umb vex win zan"
).split()
TRADES = "Textiles|Foods|Logistics|Systems|Motors|Dental|Fitness|Learning|Pharma|Interiors|Travels|Jewels|Dairy|Steel"
ENDS = "Ltd|GmbH|SA|Pvt Ltd|LLP|Inc|& Sons|Group|Works|Partners|International|India"
_draw = Random(8)
BRANDS = sorted({"".join(_draw.choices(SYLLABLES, k=_draw.choice((2, 3, 3, 4)))) for _ in range(45_000)})


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

    from crm.models import Contact

    call_command("migrate", verbosity=0)
    if Contact.objects.exists():
        return
    call_command("seed_roles", stdout=StringIO())
    call_command("starter_set", stdout=StringIO())
    started = time.monotonic()
    fill(rows)
    print(f"filled with {rows:,} contacts in {time.monotonic() - started:.0f} s")
    started = time.monotonic()
    call_command("reindex")
    print(f"reindex, all of it right already: {time.monotonic() - started:.0f} s")


def fill(rows: int) -> None:
    """Write contacts, leads and deals, then the indexes, the vocabulary and the planner's figures."""
    from django.apps import apps
    from django.db import connection, transaction

    from ci.bench_rows import INDUSTRIES, PLACES, SOURCES, Maker, indexes, reps, suspended
    from ci.bench_rows import fill as write
    from crm.models.search import learn, prepare, searchables
    from crm.search import words

    class Crowd(Maker):
        """The same business, with 40,000 brands and as many names as real people have."""

        def company(self, number: int) -> str:
            trades, ends = TRADES.split("|"), ENDS.split("|")
            brand = BRANDS[number * 7919 % len(BRANDS)].capitalize()
            return f"{brand} {trades[number // 7 % len(trades)]} {ends[number % len(ends)]}"

        def contacts(self) -> Iterator[tuple[Any, ...]]:
            draw = Random(7)
            places = [[part.split("|") if "|" in str(part) else part for part in place] for place in PLACES]
            for pk in range(1, self.count + 1):
                country, code, digits, cities, firsts, heads, tails = places[int(draw.random() ** 1.5 * len(places))]
                first, last = draw.choice(firsts), draw.choice(heads) + draw.choice(tails)
                if draw.random() < 0.4:
                    last = "".join(draw.choices(SYLLABLES, k=draw.choice((2, 3, 3)))).capitalize()
                company = draw.choice(self.names) if draw.random() < 0.7 else ""
                at_work = company.split()[0].lower() if company else draw.choice(("gmail", "yahoo", "outlook"))
                email = f"{first}.{last}{pk}@{at_work}.com".lower()
                phone = f"{code}{pk * 73_687_871 % 10**digits:0{digits}d}".replace(" ", "")  # all different
                self.named.update((first, last, company))
                at = self.at(pk, self.count)
                place, source = cities[pk % len(cities)], SOURCES[pk % 6]
                said = words((first, last, company), (email, phone))
                yield ("person", first, last, company, company.casefold(), None, INDUSTRIES[pk % 8],
                       place, country, email, email, phone, phone, self.owner(pk), source,
                       "prospect", 50, at, at, at, said)  # fmt: skip

    maker = Crowd(rows, reps())
    maker.named = {"Lead", *INDUSTRIES}
    indexes("remove_index")
    with suspended(*searchables()):
        for label, columns, made, rest in maker.tables():
            if label == "crm.ContactAddress":
                for _ in made:  # on the way the words are kept, for leads and deals
                    pass
            elif label in ("crm.Contact", "crm.Lead", "crm.Deal"):
                write(apps.get_model(label), columns, made, rest)
    indexes("add_index")
    prepare()
    with transaction.atomic():
        learn(maker.named)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


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
        start = draw.randint(0, 5)
        ask("phone, any six", digits[start : start + 6], "")
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
    from accounts.actor import Actor
    from accounts.models import User
    from crm.models import Contact
    from crm.queries.contacts import contacts_for
    from crm.queries.leads import leads_for

    people = {
        "all": Actor.for_user(User.objects.get(email__startswith="ada@")),
        "rep": Actor.for_user(User.objects.get(email__startswith="rita@")),
    }
    print(f"{'':<34}{'p50':>9}{'p95':>9}{'max':>9}   ms")
    known = Contact.objects.order_by("-pk").values_list("email_folded", flat=True)[:count]
    floor: Any = lambda typed: list(Contact.objects.filter(email_folded=typed))  # noqa: E731
    show("floor: one contact by its email", [(email, "") for email in known], floor)
    missed = []
    for kind, texts in asked(count).items():
        print(kind)
        for who, actor in people.items():
            for source, ask, find in (
                ("contacts", nearest, contacts_for),
                ("leads", nearest, leads_for),
                ("contact list", listed, contacts_for),
            ):
                p95, recall = show(f"  {source}, {who}", texts, partial(ask, find(actor)))
                counts = kind == "one wrong letter" and source == "contacts"
                if p95 > 100 or (counts and recall < 0.95):
                    missed.append(f"{kind}, {source}, {who}: p95 {p95:.0f} ms, recall {recall:.3f}")
    print("\n".join(["missed:", *missed]) if missed else "p95 ≤ 100 ms, recall@5 ≥ 0.95: met")
    return bool(missed)


def nearest(rows: Any, typed: str) -> list[str]:
    """Return the names that the palette shows."""
    from crm.queries.search import best

    ids = best(rows, typed, 6)
    found = {row.pk: row.name for row in rows.filter(pk__in=ids)}
    return [found[pk] for pk in ids]


def listed(rows: Any, typed: str) -> list[str]:
    """Return the names on the first page of the list."""
    from crm.queries.search import matching

    return [row.name for row in matching(rows, typed).defer("custom", "search_words")[:51]]


def show(label: str, texts: list[tuple[str, str]], ask: Callable[[str], Any]) -> tuple[float, float]:
    """Print the times of the questions; returns p95, and how often the name is among the first five."""
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
    return p95, right / len(texts)


if __name__ == "__main__":
    sys.exit(main())
