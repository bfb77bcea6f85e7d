"""What must hold about the mechanisms themselves (`manage.py check_invariants`)."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from core import audit, clock, relay
from core.health import DUE_LIMIT, HEARTBEAT_LIMIT
from core.models import Delivery, Effect, Heartbeat
from core.registry import register_invariant

GRACE = timedelta(seconds=60)


def database_is_whole() -> list[str]:
    """Return what the database itself finds wrong: broken pages, rows that point nowhere."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA integrity_check")
            broken = [str(text) for (text,) in cursor.fetchall() if text != "ok"]
            cursor.execute("PRAGMA foreign_key_check")
            return broken + [
                f"{table} row {row} points to a row of {parent} that is gone"
                for table, row, parent, _ in cursor.fetchall()
            ]
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated"
        )
        unproved = [f"{table}: {name} was never validated" for table, name in cursor.fetchall()]
        cursor.execute("SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()")
        (failures,) = cursor.fetchone()
        return unproved + ([f"{failures} pages failed their checksum"] if failures else [])


def chain_verifies() -> list[str]:
    """Return where the audit chain breaks."""
    verdict = audit.verify()
    if verdict.ok:
        return []
    place = f"event {verdict.first_bad_id}: " if verdict.first_bad_id else ""
    return [f"{place}{verdict.reason}"]


def leases_end() -> list[str]:
    """Return what a dead worker still holds although a living one should have taken over."""
    if not a_worker_lives():
        return []
    before = clock.now() - GRACE
    deliveries = Delivery.objects.filter(leased_until__lt=before, done_at__isnull=True, buried_at__isnull=True)
    effects = Effect.objects.filter(state=Effect.CLAIMED, leased_until__lt=before)
    return [
        *_named("delivery", deliveries, "is held past its lease"),
        *_named("effect", effects, "is held past its lease"),
    ]


def due_work_moves() -> list[str]:
    """Return what anyone could have taken for more than a minute, while a worker lives."""
    if not a_worker_lives():
        return []
    free = relay.due().annotate(free_since=relay.FREE_SINCE)
    late = free.filter(free_since__lt=clock.now() - DUE_LIMIT)
    return _named("delivery", late, "was due more than a minute ago")


def a_worker_lives() -> bool:
    """Whether any worker was seen lately."""
    return Heartbeat.objects.filter(at__gte=clock.now() - HEARTBEAT_LIMIT).exists()


def _named(noun: str, rows: QuerySet[Any], fault: str) -> list[str]:
    return [f"{noun} {pk} {fault}" for pk in rows.order_by("pk").values_list("pk", flat=True)[:50]]


register_invariant("I12", "No orphan rows; the database finds nothing broken.", database_is_whole)
register_invariant("I13", "Every state change has its audit row; the chain verifies.", chain_verifies)
register_invariant("I14", "No lease is older than its limit while a worker lives.", leases_end)
register_invariant("I15", "Nothing due waits longer than a minute while a worker lives.", due_work_moves)
