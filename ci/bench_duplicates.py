"""Measure the duplicate radar: precision and recall on labelled records, and how long a scan takes.

    python ci/bench_duplicates.py [--seeds 11 12 13] [--records 10000] [--scan 100000] [--json]

Records, with what people do to them, come from a seed: other formats of a phone, names in another order, script or
spelling, initials, nicknames, typing errors, private and work addresses, changed jobs; and beside them people who
only look alike: families and couples with one phone, namesakes, colleagues, businesses with similar names. The peer
finds what shares an exact email address or phone number. Weights were chosen on seed 1; report other seeds.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ci.bench_duplicates_records import Record, World  # noqa: E402  (the path first)


def true_pairs(records: list[Record]) -> set[tuple[int, int]]:
    """Return the pairs of places that are about one entity."""
    groups: dict[int, list[int]] = {}
    for place, one in enumerate(records):
        groups.setdefault(one.entity, []).append(place)
    return {pair for group in groups.values() for pair in itertools.combinations(group, 2)}


def peer_pairs(records: list[Record]) -> set[tuple[int, int]]:
    """Return what an exact comparison of emails and phones finds."""
    groups: dict[str, list[int]] = {}
    for place, one in enumerate(records):
        for address in {*map(str.lower, one.emails), *one.phones}:
            groups.setdefault(address, []).append(place)
    return {pair for group in groups.values() for pair in itertools.combinations(group, 2)}


def quality(found: set[tuple[int, int]], true: set[tuple[int, int]]) -> dict[str, float]:
    """Return precision and recall."""
    hits = len(found & true)
    return {
        "precision": round(hits / max(1, len(found)), 4),
        "recall": round(hits / max(1, len(true)), 4),
        "found": len(found),
        "true": len(true),
    }


def prepare(folder: str) -> None:
    """Point Django at a database of its own, or at DATABASE_URL, and make its tables."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("CRM_DATA_DIR", folder)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def insert(records: list[Record]) -> None:
    """Write the records as contacts; an address that another contact holds already becomes a further one."""
    from crm.matching import e164, fold_company, fold_email
    from crm.models import Contact, ContactAddress, DuplicateKey, DuplicatePair

    for model in (DuplicatePair, DuplicateKey, ContactAddress, Contact):
        model.objects.all().delete()
    taken: set[str] = set()
    contacts, addresses = [], []
    for place, one in enumerate(records):
        row = Contact(
            pk=place + 1,
            kind="person" if one.first else "company",
            first_name=one.first,
            last_name=one.last,
            company_name=one.company,
            company_folded=fold_company(one.company),
            city=one.city,
            job_title=one.role,
            external_ref=f"bench:{place}",
        )
        for channel, values, fold in (("email", one.emails, fold_email), ("phone", one.phones, e164)):
            for value in values:
                folded = fold(value)
                is_main = bool(folded) and folded not in taken and not getattr(row, channel)
                if is_main:
                    taken.add(folded)
                    setattr(row, channel, value)
                    setattr(row, "email_folded" if channel == "email" else "phone_e164", folded)
                addresses.append(
                    ContactAddress(contact_id=row.pk, channel=channel, value=value, folded=folded, is_primary=is_main)
                )
        contacts.append(row)
    Contact.objects.bulk_create(contacts, batch_size=2_000)
    ContactAddress.objects.bulk_create(addresses, batch_size=5_000)


def scan() -> dict[str, float]:
    """Scan everything by the command, in a process of its own: seconds, seconds of CPU, and its peak of MB."""
    before, started, peak = os.times(), time.monotonic(), 0
    command = [sys.executable, str(ROOT / "manage.py"), "find_duplicates"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{process.pid}/status").read_text()
                found = re.search(r"VmHWM:\s+(\d+)", status)  # unlike getrusage, without what the parent held
                peak = int(found[1]) if found else peak
            time.sleep(0.1)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": round(time.monotonic() - started, 1), "CPU": round(used, 1), "peak MB": round(peak / 1024)}


def measured(seed: int, count: int) -> dict[str, Any]:
    """Write the records of a seed, scan them, and compare the queue with the truth."""
    from crm.models import DuplicatePair

    records = World(seed, count).build()
    insert(records)
    spent = scan()
    pairs = DuplicatePair.objects.values_list("contact_id", "other_id")
    true = true_pairs(records)
    emails = [replace(one, phones=[]) for one in records]
    return {
        "seed": seed,
        "radar": quality({(one - 1, other - 1) for one, other in pairs}, true),
        "peer": quality(peer_pairs(records), true),
        "peer, emails alone": quality(peer_pairs(emails), true),
        **spent,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--scan", type=int, default=100_000, help="records to time; 0: none")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        from crm.duplicates import THRESHOLD

        report: dict[str, Any] = {"threshold": THRESHOLD, "bar": {"precision": 0.97, "recall": 0.9}}
        report["labelled"] = [measured(seed, asked.records) for seed in asked.seeds]
        if asked.scan:
            insert(World(99, asked.scan).build())
            report["scan"] = {"records": asked.scan, **scan()}
        if asked.json:
            print(json.dumps(report, indent=1))
            return
    print(f"threshold {THRESHOLD}; bar: precision ≥ 0.97 at recall ≥ 0.90; scan of 100,000 ≤ 300 s")
    for entry in report["labelled"]:
        for who in ("radar", "peer", "peer, emails alone"):
            found = entry[who]
            print(f"seed {entry['seed']:<4}{who:<20}precision {found['precision']:<8}recall {found['recall']:<8}"
                  f"found {found['found']} of {found['true']}")  # fmt: skip
    if "scan" in report:
        print("scan: {records} records in {seconds} s ({CPU} s of CPU), at most {peak MB} MB".format(**report["scan"]))


if __name__ == "__main__":
    main()
