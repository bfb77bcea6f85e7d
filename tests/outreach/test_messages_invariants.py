"""The invariants see what they are there to see."""

from datetime import timedelta

import pytest

from core import clock
from core.models import Effect
from core.registry import INVARIANTS
from crm.actions.consent import suppress_address
from crm.models import Suppression
from outreach.actions.suggestions import approve_suggestion
from outreach.models import Conversation, Message, Suggestion
from tests.outreach.scene import SYSTEM, lead_of
from tests.people import as_actor

pytestmark = pytest.mark.django_db
OURS = ("I2-message", "I3", "A-05", "I8")


@pytest.fixture
def sent(rita, run_events) -> Message:
    """A first message, approved as drafted and sent."""
    lead_of(rita)
    run_events()
    approve_suggestion(Suggestion.objects.get(), actor=as_actor(rita))
    run_events()
    return Message.objects.get()


def broken() -> list[str]:
    return [key for key in OURS if INVARIANTS[key].check()]


def test_all_hold_after_a_message_went_out(sent) -> None:
    assert broken() == []


def test_a_message_that_the_ledger_does_not_know_of_is_seen(sent) -> None:
    Effect.objects.filter(key=sent.effect_key).update(state="failed")
    assert broken() == ["I2-message"]


def test_a_message_to_a_suppressed_address_is_seen(sent) -> None:
    suppress_address(actor=SYSTEM, channel="email", address=sent.to_address, reason="hard")
    assert broken() == []
    Suppression.objects.update(at=clock.now() - timedelta(hours=1))
    assert broken() == ["I3"]


def test_words_that_differ_from_the_approved_ones_are_seen(sent) -> None:
    Message.objects.update(body_text="Something else")
    assert broken() == ["A-05"]


def test_a_message_in_somebody_elses_thread_is_seen(sent, ron) -> None:
    other = lead_of(ron, "other@clinic.example").contact
    Message.objects.update(conversation=Conversation.objects.create(contact=other))
    assert broken() == ["I8"]
