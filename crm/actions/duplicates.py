"""The radar keeps its queue: contacts are scanned, and people say which pairs are two."""

import time
from collections.abc import Iterable, Sequence

from django.db.models import Q

from accounts.actor import Actor
from core import bulk
from core.actions import action
from core.events import publish
from crm import duplicates
from crm.duplicates import Likeness
from crm.events import DuplicateDismissed, DuplicateScanRequested
from crm.models import Contact, DuplicateKey, DuplicatePair
from crm.queries.duplicates import Radar, profiles_of, unkeyed

SLICE = 200
KEYS, PAIRS = "keys", "pairs"
OPEN, DIFFERENT = DuplicatePair.State.OPEN.value, DuplicatePair.State.DIFFERENT.value


@action("duplicate.dismiss", permission="contact:merge")
def dismiss_duplicate(pair: DuplicatePair, *, actor: Actor) -> DuplicatePair:
    """Say that two contacts are not the same; the radar keeps quiet about them. Publishes DuplicateDismissed."""
    pair.state, pair.decided_by = DIFFERENT, actor.user
    pair.save(update_fields=["state", "decided_by"])
    publish(DuplicateDismissed(duplicate_id=pair.pk, contact_id=pair.contact_id, other_id=pair.other_id), actor=actor)
    return pair


@action("duplicate.reopen", permission="contact:merge")
def reopen_duplicate(pair: DuplicatePair, *, actor: Actor) -> DuplicatePair:
    """Put a pair back into the queue. Publishes DuplicateDismissed with `is_open`."""
    pair.state, pair.decided_by = OPEN, None
    pair.save(update_fields=["state", "decided_by"])
    publish(
        DuplicateDismissed(duplicate_id=pair.pk, contact_id=pair.contact_id, other_id=pair.other_id, is_open=True),
        actor=actor,
    )
    return pair


@action("duplicate.scan", permission=None)
def scan_contacts(*, actor: Actor, ids: Sequence[int], radar: Radar | None = None) -> int:
    """Look for the twins of some contacts; what is found is in the queue. Returns how many open pairs they have."""
    profiles = profiles_of(ids)
    _write_keys(profiles)
    found = (radar or Radar()).look(profiles)
    return _keep(found, Q(contact__in=ids) | Q(other__in=ids))


@action("duplicate.scan_slice", permission=None)
def scan_slice(*, actor: Actor, ids: Sequence[int], radar: Radar) -> int:
    """One slice of a whole scan: compare contacts that have their keys with those of smaller ids."""
    found = radar.look(profiles_of(ids), below_only=True)
    return _keep(found, Q(other__in=ids))


@action("duplicate.write_keys", permission=None)
def write_keys(*, actor: Actor, ids: Sequence[int]) -> None:
    """Write down anew what some contacts could have in common with others."""
    _write_keys(profiles_of(ids))


@action("duplicate.request_scan", permission=None)
def request_scan(*, actor: Actor, after: int = 0, phase: str = KEYS) -> None:
    """Let the worker go on with a whole scan after this contact. Publishes DuplicateScanRequested."""
    publish(DuplicateScanRequested(after=after, phase=phase), actor=actor)


def scan_part(
    actor: Actor, after: int = 0, phase: str = KEYS, *, seconds: float = float("inf")
) -> tuple[int, str] | None:
    """Scan all contacts from one on, first for their keys, then for pairs; call it outside a transaction.

    Each slice is a transaction of its own. Returns where to go on when the time was up, None at the end.
    """
    until, radar = time.monotonic() + seconds, Radar()
    while time.monotonic() < until:
        rows = Contact.objects.filter(pk__gt=after).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:SLICE])
        if ids and phase == KEYS:
            write_keys(actor=actor, ids=ids)
        elif ids:
            scan_slice(actor=actor, ids=ids, radar=radar)
        elif phase == PAIRS:
            return None
        phase = PAIRS if not ids else phase
        after = ids[-1] if ids else 0
    return after, phase


def scan_some(actor: Actor, ids: Iterable[int] = (), *, seconds: float = 20.0) -> bool:
    """Scan these contacts, or those never scanned, until the time is up; returns whether some are left."""
    wanted, until, radar, last = list(ids), time.monotonic() + seconds, Radar(), 0
    while chunk := wanted[:SLICE] or unkeyed(SLICE, after=last):
        if time.monotonic() > until:
            return True
        scan_contacts(actor=actor, ids=chunk, radar=radar)
        wanted, last = wanted[SLICE:], last if wanted else chunk[-1]
    return False


def _write_keys(profiles: Iterable[duplicates.Profile]) -> None:
    rows = [(one.id, duplicates.hashed(key)) for one in profiles for key in sorted(duplicates.keys(one) or {"seen"})]
    DuplicateKey.objects.filter(contact__in={pk for pk, _key in rows}).delete()
    bulk.insert(DuplicateKey, ("contact_id", "key"), rows)


def _keep(found: dict[tuple[int, int], Likeness], about: Q) -> int:
    held = {(row.contact_id, row.other_id): row for row in DuplicatePair.objects.filter(about)}
    sure = {pair: like for pair, like in found.items() if like.score >= duplicates.THRESHOLD}
    new: list[DuplicatePair] = []
    changed: list[DuplicatePair] = []
    for pair, like in sure.items():
        reasons = [[reason.text, reason.points] for reason in like.reasons]
        row = held.get(pair) or DuplicatePair(contact_id=pair[0], other_id=pair[1])
        score = round(like.score * 1000)
        if row.pk is None:
            new.append(row)
        elif (row.score, row.reasons) != (score, reasons):
            changed.append(row)
        row.score, row.reasons = score, reasons
    DuplicatePair.objects.bulk_create(new, ignore_conflicts=True)
    DuplicatePair.objects.bulk_update(changed, ["score", "reasons"])
    gone = [row.pk for pair, row in held.items() if row.state == OPEN and pair not in sure]
    DuplicatePair.objects.filter(pk__in=gone).delete()
    return sum(held[pair].state == OPEN if pair in held else 1 for pair in sure)
