"""The tamper-evident chain over the event rows: HMAC of (previous, row), its end sealed (QUALITY.md B-08)."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Max, OuterRef, QuerySet, Subquery

from core.models import AuditHead, Event


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds, how long it is, and the first row that does not fit."""

    ok: bool
    length: int
    first_bad_id: int | None = None
    reason: str = ""


def append(rows: list[Event]) -> None:
    """Insert event rows at the end of the chain; must run inside the action's transaction, last."""
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    for row in rows:
        row.mac = head.mac = _link(head.mac, row)
    Event.objects.bulk_create(rows)
    head.last_event_id, head.length = rows[-1].pk, head.length + len(rows)
    head.seal = _seal(head)
    head.save()


def verify() -> Verdict:
    """Walk the whole chain; names the first row that was edited, inserted, removed or reordered.

    Holds no lock: what is written meanwhile belongs to the next walk.
    """
    head = AuditHead.objects.filter(pk=1).first()
    previous, length, last = "", 0, 0
    for row in _rows(head.last_event_id if head else 0):
        length += 1
        if not _fits(previous, row):
            return Verdict(False, length, row.pk, "The row, or the one before it, was changed.")
        previous, last = row.mac, row.pk
    newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    end = AuditHead.objects.filter(pk=1).values_list("last_event_id", flat=True).first() or 0
    if head is None and not end:
        return Verdict(not newest, length, None, "The chain has no end." if newest else "")
    if head is not None and not hmac.compare_digest(head.seal, _seal(head)):
        return Verdict(False, length, last, "The seal at the end of the chain was changed.")
    if head is not None and (head.mac, head.length) != (previous, length):
        return Verdict(False, length, last, "Rows are missing at the end of the chain.")
    if newest > end:
        return Verdict(False, length, newest, "A row follows the end of the chain.")
    return Verdict(True, length)


def redact(rows: QuerySet[Event], change: Callable[[Event], None]) -> int:
    """Let `change` take words out of rows, and seal what is left; the chain goes on over their old links.

    A row that did not fit before gets no seal, so that `verify` still names it. Returns how many there were.
    """
    before = Event.objects.filter(pk__lt=OuterRef("pk")).order_by("-pk").values("mac")[:1]
    found = list(rows.annotate(before=Subquery(before)).order_by("pk"))
    for row in found:
        previous = row.before or ""
        fits = _fits(previous, row)
        change(row)
        if fits:
            row.seal = _redacted(previous, row)
        row.save(update_fields=["data", "actor_name", "ip", "seal"])
    return len(found)


def _fits(previous: str, row: Event) -> bool:
    if row.seal:
        return hmac.compare_digest(row.seal, _redacted(previous, row))
    return hmac.compare_digest(row.mac, _link(previous, row))


def _rows(last: int) -> Iterator[Event]:
    return Event.objects.filter(pk__lte=last).order_by("pk").iterator(chunk_size=2_000)


def _link(previous: str, row: Event) -> str:
    return _mac_of([previous, *_content(row)])


def _redacted(previous: str, row: Event) -> str:
    return _mac_of(["redacted", row.pk, previous, row.mac, *_content(row)])


def _content(row: Event) -> list[Any]:
    return [
        row.name,
        row.subject_type,
        row.subject_id,
        row.contact_id,
        row.actor_kind,
        row.actor_id,
        row.actor_name,
        row.via,
        row.request_id,
        row.ip,
        row.data,
        row.at.isoformat(),
    ]


def _mac_of(content: list[Any]) -> str:
    return _mac(json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def _seal(head: AuditHead) -> str:
    return _mac(f"end {head.last_event_id} {head.length} {head.mac}")


def _mac(text: str) -> str:
    return hmac.new(settings.AUDIT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
