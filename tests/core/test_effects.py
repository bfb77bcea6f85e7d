"""The ledger: nothing leaves twice, nothing is lost without a trace."""

from datetime import timedelta

import pytest

from core import clock, effects
from core.models import Effect

pytestmark = pytest.mark.django_db


def plan(*, repeatable):
    return effects.plan("letter:1", kind="email", repeatable=repeatable, subject=("letter", 1))


def test_a_done_effect_is_never_done_again():
    plan(repeatable=True)
    calls = []
    first = effects.perform("letter:1", lambda claim: calls.append(1) or "id-1")
    second = effects.perform("letter:1", lambda claim: calls.append(1) or "id-2")
    assert (first.state, first.external_id, second.external_id, len(calls)) == ("done", "id-1", "id-1", 1)


def test_planning_twice_is_one_effect():
    assert plan(repeatable=True).pk == plan(repeatable=True).pk


def test_an_error_before_the_claim_is_tried_again():
    plan(repeatable=False)

    def work(claim):
        raise ConnectionResetError

    outcome = effects.perform("letter:1", work)
    assert outcome.state == "waiting"
    assert outcome.seconds >= 60
    assert Effect.objects.get().state == Effect.PLANNED


def test_an_error_after_the_claim_of_an_unrepeatable_effect_is_unknown():
    plan(repeatable=False)

    def work(claim):
        claim.take()
        raise ConnectionResetError

    assert effects.perform("letter:1", work).state == "unknown"
    assert effects.perform("letter:1", lambda claim: "again").state == "unknown"


@pytest.mark.parametrize(("repeatable", "state"), [(True, "done"), (False, "unknown")])
def test_after_a_crash_only_repeatable_effects_are_repeated(repeatable, state):
    effect = plan(repeatable=repeatable)
    effects.Claim(effect).take()
    assert effects.perform("letter:1", lambda claim: "id").state == "waiting"
    Effect.objects.update(leased_until=clock.now() - timedelta(seconds=1))
    assert effects.perform("letter:1", lambda claim: "id").state == state


def test_a_rejection_is_final():
    plan(repeatable=True)

    def work(claim):
        raise effects.Rejected("550 no such user")

    assert effects.perform("letter:1", work).state == "failed"
    assert Effect.objects.get().error == "550 no such user"


def test_retry_after_is_honoured_and_the_eighth_failure_gives_up():
    plan(repeatable=True)

    def work(claim):
        raise effects.RetryLater("429", after=7)

    for _ in range(8):
        outcome = effects.perform("letter:1", work)
        assert (outcome.state, outcome.seconds) == ("waiting", 7)
        Effect.objects.update(due_at=clock.now())
    assert effects.perform("letter:1", work).state == "failed"


def test_two_claims_one_winner():
    effect = plan(repeatable=True)
    effects.Claim(effect).take()
    with pytest.raises(effects.LostClaim):
        effects.Claim(effect).take()


def test_a_person_may_open_an_unknown_effect_again_or_settle_it():
    effect = plan(repeatable=False)
    Effect.objects.update(state=Effect.UNKNOWN)
    effects.reopen(effect)
    assert effects.perform("letter:1", lambda claim: claim.take() or "id").state == "done"
    effects.settle(effect)
    assert Effect.objects.get().state == Effect.SETTLED
