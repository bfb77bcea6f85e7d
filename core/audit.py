"""The tamper-evident chain over the event rows: HMAC of (previous, row), its end sealed (QUALITY.md B-08)."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

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
    """Walk the whole chain; names the first row that was edited, inserted, removed or reordered."""
    with transaction.atomic():
        head = AuditHead.objects.filter(pk=1).first()
        previous, length, last = "", 0, 0
        for row in _rows():
            length += 1
            if not hmac.compare_digest(row.mac, _link(previous, row)):
                return Verdict(False, length, row.pk, "The row, or the one before it, was changed.")
            previous, last = row.mac, row.pk
    if head is None:
        return Verdict(not length, length, None, "The chain has no end." if length else "")
    if not hmac.compare_digest(head.seal, _seal(head)):
        return Verdict(False, length, last, "The seal at the end of the chain was changed.")
    if (head.mac, head.length) != (previous, length):
        return Verdict(False, length, last, "Rows are missing at the end of the chain.")
    return Verdict(True, length)


def _rows() -> Iterator[Event]:
    return Event.objects.order_by("pk").iterator(chunk_size=2_000)


def _link(previous: str, row: Event) -> str:
    content: list[Any] = [
        previous,
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
    return _mac(json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def _seal(head: AuditHead) -> str:
    return _mac(f"end {head.last_event_id} {head.length} {head.mac}")


def _mac(text: str) -> str:
    return hmac.new(settings.AUDIT_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
