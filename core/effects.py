"""The ledger of outward effects: planned in a transaction, claimed as late as possible, done at most once.

After a crash a claimed effect towards an idempotent receiver is repeated with the same key; any other becomes
`unknown`, is shown to a person, and is never repeated by itself (QUALITY.md §5.2).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from core import clock, quarantine
from core.models import Effect

LEASE = timedelta(seconds=60)
BACKOFF = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)  # seconds; gives up after about 3 days


class RetryLater(Exception):
    """It did not happen and may be tried again, `after` seconds or by the usual growing delay."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Rejected(Exception):
    """It did not happen and will not: the other side refused for good."""


class LostClaim(Exception):
    """Somebody else has, or had, this effect in hand."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an effect stands: done, failed, unknown, settled, or waiting for `seconds`."""

    state: str
    external_id: str = ""
    error: str = ""
    seconds: float = 0


class Claim:
    """The right to do an effect now; `take` commits it, so that a crash afterwards is seen."""

    def __init__(self, effect: Effect) -> None:
        self.effect = effect
        self.taken = False

    def take(self) -> None:
        """Commit the claim; raises LostClaim when another worker was first."""
        if self.taken:
            return
        at = clock.now()
        won = Effect.objects.filter(pk=self.effect.pk, state=Effect.PLANNED, attempts=self.effect.attempts).update(
            state=Effect.CLAIMED, leased_until=at + LEASE, attempts=self.effect.attempts + 1, changed_at=at
        )
        if not won:
            raise LostClaim(self.effect.key)
        self.taken = True


def plan(
    key: str, *, kind: str, repeatable: bool, subject: tuple[str, int] | None = None, due_at: datetime | None = None
) -> Effect:
    """Write down an effect in the transaction that decided it; the same key again returns the first row."""
    at = clock.now()
    effect, _ = Effect.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "is_repeatable": repeatable,
            "subject_type": subject[0] if subject else "",
            "subject_id": subject[1] if subject else None,
            "due_at": due_at or at,
            "created_at": at,
            "changed_at": at,
        },
    )
    return effect


def perform(key: str, work: Callable[[Claim], str]) -> Outcome:
    """Do a planned effect outside any transaction; `work` talks to the world and returns the vendor's id.

    For a repeatable effect the claim is taken before `work`; otherwise `work` takes it just before the point of
    no return. Calling again after success returns the recorded outcome, so reporting back may be repeated.
    """
    with transaction.atomic(durable=True):  # raises inside another transaction: no network in one
        effect = Effect.objects.get(key=key)
    if effect.state == Effect.CLAIMED:
        effect = _after_crash(effect)
    if effect.state != Effect.PLANNED:
        return _standing(effect)
    wait = LEASE.total_seconds() if quarantine.is_quiet() else (effect.due_at - clock.now()).total_seconds()
    if wait > 0:
        return Outcome("waiting", seconds=wait)
    claim = Claim(effect)
    try:
        if effect.is_repeatable:
            claim.take()
        external_id = work(claim)
    except LostClaim:
        return Outcome("waiting", seconds=LEASE.total_seconds())
    except RetryLater as later:
        return _retry(effect, str(later), later.after)
    except Rejected as error:
        return _close(effect, Effect.FAILED, error=str(error))
    except Exception as error:
        if claim.taken and not effect.is_repeatable:
            return _close(effect, Effect.UNKNOWN, error=f"{type(error).__name__}: {error}")
        return _retry(effect, f"{type(error).__name__}: {error}", None)
    return _close(effect, Effect.DONE, external_id=external_id)


def settle(effect: Effect) -> None:
    """A person decided that an unknown effect counts as done; call it inside an action."""
    _close(effect, Effect.SETTLED)


def reopen(effect: Effect) -> None:
    """A person decided to do a failed or unknown effect again; call it inside an action."""
    at = clock.now()
    Effect.objects.filter(pk=effect.pk, state__in=(Effect.UNKNOWN, Effect.FAILED)).update(
        state=Effect.PLANNED, due_at=at, error="", leased_until=None, changed_at=at
    )


def _after_crash(effect: Effect) -> Effect:
    if effect.leased_until and effect.leased_until > clock.now():
        return effect
    to = Effect.PLANNED if effect.is_repeatable else Effect.UNKNOWN
    Effect.objects.filter(pk=effect.pk, state=Effect.CLAIMED, leased_until=effect.leased_until).update(
        state=to, changed_at=clock.now(), error="The worker stopped while this was under way."
    )
    return Effect.objects.get(pk=effect.pk)


def _standing(effect: Effect) -> Outcome:
    if effect.state == Effect.CLAIMED:
        left = ((effect.leased_until or clock.now()) - clock.now()).total_seconds()
        return Outcome("waiting", seconds=max(left, 0) + 1)
    return Outcome(effect.state, effect.external_id, effect.error)


def _retry(effect: Effect, reason: str, after: float | None) -> Outcome:
    tries = effect.attempts + 1
    if tries > len(BACKOFF):
        return _close(effect, Effect.FAILED, error=f"Gave up after {tries} tries. {reason}")
    seconds = after if after is not None else BACKOFF[tries - 1] * random.uniform(1, 1.3)  # noqa: S311
    at = clock.now()
    Effect.objects.filter(pk=effect.pk, state__in=(Effect.PLANNED, Effect.CLAIMED)).update(
        state=Effect.PLANNED,
        attempts=tries,
        due_at=at + timedelta(seconds=seconds),
        leased_until=None,
        error=reason,
        changed_at=at,
    )
    return Outcome("waiting", error=reason, seconds=seconds)


def _close(effect: Effect, state: str, *, external_id: str = "", error: str = "") -> Outcome:
    Effect.objects.filter(pk=effect.pk).update(
        state=state, external_id=external_id[:255], error=error, leased_until=None, changed_at=clock.now()
    )
    return Outcome(state, external_id, error)
