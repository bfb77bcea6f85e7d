"""The relay: claims due deliveries, hands each to its subscriber, retries, buries, replays.

At least once: a claim is a committed conditional UPDATE with a lease, so a killed worker's deliveries come back;
attempts count at the claim, so a delivery that kills its process is buried too.
"""

import logging
import time
from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest

from core import clock, events, quarantine, registry
from core.logs import request_id
from core.models import Delivery

LEASE = timedelta(seconds=60)
# From when a due delivery was anyone's: what a killed worker held is free from the end of its lease.
FREE_SINCE = Greatest("due_at", Coalesce("leased_until", "due_at"))
RETRIES = (10, 60, 600, 3600)  # seconds; after the last one the delivery is buried and shown
log = logging.getLogger(__name__)


def drain(limit: int = 200, seconds: float = 45) -> int:
    """Deliver what is due until nothing is, `limit` or the time is reached; returns how many were handled."""
    if quarantine.is_quiet():
        return 0
    handled, end = 0, time.monotonic() + seconds
    while handled < limit and time.monotonic() < end:
        delivery = claim()
        if delivery is None:
            break
        deliver(delivery)
        handled += 1
    return handled


def due() -> Any:
    """Return the deliveries that anyone may claim now."""
    at = clock.now()
    return Delivery.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=at),
        done_at__isnull=True,
        buried_at__isnull=True,
        due_at__lte=at,
    )


def is_stuck(limit: timedelta) -> bool:
    """Whether something was anyone's for longer than `limit` while nobody has anything in hand."""
    if quarantine.is_quiet():
        return False
    late = due().annotate(free_since=FREE_SINCE).filter(free_since__lt=clock.now() - limit)
    in_hand = Delivery.objects.filter(leased_until__gt=clock.now(), done_at__isnull=True)
    return late.exists() and not in_hand.exists()


def claim() -> Delivery | None:
    """Take the oldest due delivery for one lease, or None; two claimants never get the same one."""
    while True:
        candidates = due().order_by("due_at", "pk").values_list("pk", "attempts")[:5]
        found = list(candidates)
        if not found:
            return None
        for pk, attempts in found:
            won = (
                due()
                .filter(pk=pk, attempts=attempts)
                .update(attempts=F("attempts") + 1, leased_until=clock.now() + LEASE)
            )
            if won:
                return Delivery.objects.select_related("event").get(pk=pk)


def deliver(delivery: Delivery) -> None:
    """Call the subscriber of a claimed delivery and note how it went; never raises."""
    event = delivery.event
    subscriber = events.SUBSCRIBERS.get(event.name, {}).get(delivery.subscriber)
    if subscriber is None:
        _finish(delivery, error="No such subscriber any more.")
        return
    if delivery.attempts > len(RETRIES) + 1:
        _bury(delivery, delivery.error or "The worker died each time this was tried.")
        return
    token, started = request_id.set(event.request_id), time.monotonic()
    said = {"subscriber": delivery.subscriber, "event": event.name, "tries": delivery.attempts}
    try:
        subscriber(events.decode(event.name, event.data), _meta(delivery))
    except events.Postpone as wait:
        _again(delivery, wait.seconds, str(wait), counts=False)
    except Exception as error:
        log.exception("delivery failed", extra=said)
        text = f"{type(error).__name__}: {error}"
        if delivery.attempts > len(RETRIES):
            _bury(delivery, text)
        else:
            _again(delivery, RETRIES[delivery.attempts - 1], text, counts=True)
    else:
        _finish(delivery)
        log.info("delivered", extra={**said, "ms": round((time.monotonic() - started) * 1000)})
    finally:
        request_id.reset(token)


def replay(delivery: Delivery) -> None:
    """Dig up a buried delivery: due now, with all its tries again."""
    Delivery.objects.filter(pk=delivery.pk).update(buried_at=None, attempts=0, due_at=clock.now(), leased_until=None)


def _meta(delivery: Delivery) -> events.Meta:
    event = delivery.event
    return events.Meta(
        event_id=event.pk,
        key=f"{event.pk}:{delivery.subscriber}",
        at=event.at,
        actor=registry.actor_of(event),
        request_id=event.request_id,
    )


def _finish(delivery: Delivery, error: str = "") -> None:
    Delivery.objects.filter(pk=delivery.pk, leased_until=delivery.leased_until).update(
        done_at=clock.now(), leased_until=None, error=error
    )


def _again(delivery: Delivery, seconds: float, error: str, *, counts: bool) -> None:
    Delivery.objects.filter(pk=delivery.pk, leased_until=delivery.leased_until).update(
        due_at=clock.now() + timedelta(seconds=seconds),
        leased_until=None,
        error=error,
        attempts=delivery.attempts if counts else max(delivery.attempts - 1, 0),
    )


def _bury(delivery: Delivery, error: str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(buried_at=clock.now(), leased_until=None, error=error)
    log.error("delivery buried", extra={"subscriber": delivery.subscriber, "delivery": delivery.pk})
