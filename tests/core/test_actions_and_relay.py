"""Actions, events, the relay and the chain, with a noun that exists only here."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core import actions, audit, clock, events, relay
from core.actions import action, lock
from core.bulk import sliced
from core.errors import Denied
from core.events import Postpone, event, on, publish
from core.models import Delivery, Event

pytestmark = pytest.mark.django_db
HEARD: list[tuple[int, str]] = []
TROUBLE: list[Exception] = []


class Someone:
    kind, user_id, name, via, request_id, ip = "system", None, "test", "cli", "", ""

    def __init__(self, *, allowed=True):
        self.allowed = allowed

    def require(self, permission, obj=None):
        if not self.allowed:
            raise Denied("Only a test may do this.")


@event("pebble.thrown")
class PebbleThrown:
    pebble_id: int
    splash: str


@on(PebbleThrown)
def hear(happening, meta):
    if TROUBLE:
        raise TROUBLE.pop()
    HEARD.append((happening.pebble_id, meta.key))


@action("pebble.throw", permission="pebble:throw")
def throw(*, actor, number, fail=False):
    publish(PebbleThrown(pebble_id=number, splash="=1+1"), actor=actor)
    if fail:
        raise ValueError(number)
    return Event.objects.first()


@pytest.fixture(autouse=True)
def quiet():
    from core import registry

    HEARD.clear()
    TROUBLE.clear()
    before = list(registry._actor_factory)
    registry.register_actor_factory(lambda row: Someone())
    yield
    registry._actor_factory[:] = before


def test_an_event_reaches_its_subscriber_once_with_a_key(run_events):
    throw(actor=Someone(), number=7)
    assert run_events() == 1
    row = Event.objects.get()
    assert HEARD == [(7, f"{row.pk}:{hear.__module__}.hear")]
    assert (row.subject_type, row.subject_id) == ("pebble", 7)
    assert run_events() == 0


def test_an_action_that_fails_leaves_nothing():
    with pytest.raises(ValueError, match="3"):
        throw(actor=Someone(), number=3, fail=True)
    assert not Event.objects.exists()


def test_an_actor_who_may_not_leaves_nothing():
    with pytest.raises(Denied, match="Only a test"):
        throw(actor=Someone(allowed=False), number=3)
    assert not Event.objects.exists()


def test_publishing_outside_an_action_is_refused():
    with pytest.raises(RuntimeError, match="outside an action"):
        publish(PebbleThrown(pebble_id=1, splash=""), actor=Someone())


def test_a_key_makes_an_action_happen_once():
    throw(actor=Someone(), number=1, key="k")
    throw(actor=Someone(), number=1, key="k")
    assert Event.objects.count() == 1


def test_a_failing_subscriber_is_retried_later_then_buried(run_events):
    throw(actor=Someone(), number=1)
    for tries in range(1, len(relay.RETRIES) + 2):
        TROUBLE.append(RuntimeError("boom"))
        Delivery.objects.update(due_at=clock.now())
        assert run_events() == 1
        assert Delivery.objects.get().attempts == tries
    buried = Delivery.objects.get()
    assert buried.buried_at and "boom" in buried.error
    relay.replay(buried)
    run_events()
    assert HEARD and Delivery.objects.get().done_at


def test_postponing_is_not_a_failure(run_events):
    throw(actor=Someone(), number=1)
    TROUBLE.append(Postpone(30))
    run_events()
    waiting = Delivery.objects.get()
    assert waiting.attempts == 0
    assert waiting.due_at > clock.now() + timedelta(seconds=20)


def test_a_delivery_whose_worker_died_comes_back_after_its_lease():
    throw(actor=Someone(), number=1)
    assert relay.claim() is not None
    assert relay.claim() is None
    Delivery.objects.update(leased_until=clock.now() - timedelta(seconds=1))
    assert relay.claim() is not None


def test_a_delivery_that_kills_its_worker_each_time_is_buried():
    throw(actor=Someone(), number=1)
    Delivery.objects.update(attempts=len(relay.RETRIES) + 1)
    relay.deliver(relay.claim())
    assert Delivery.objects.get().buried_at
    assert HEARD == []


@pytest.mark.parametrize("harm", ["edit", "delete", "cut", "insert", "swap"])
def test_the_chain_names_the_first_row_that_was_tampered_with(harm):
    for number in range(6):
        throw(actor=Someone(), number=number)
    assert audit.verify().ok
    rows = list(Event.objects.order_by("pk"))
    if harm == "edit":
        Event.objects.filter(pk=rows[2].pk).update(data={"pebble_id": 2, "splash": "more"})
        expected = rows[2].pk
    elif harm == "delete":
        rows[2].delete()
        expected = rows[3].pk
    elif harm == "cut":
        last = rows[-1].pk
        Event.objects.filter(pk=last).delete()
        expected = rows[-2].pk
    elif harm == "insert":
        fake = Event.objects.get(pk=rows[5].pk)
        fake.pk = None
        fake.save(force_insert=True)
        expected = fake.pk
    else:
        Event.objects.filter(pk=rows[1].pk).update(data=rows[2].data, mac=rows[2].mac)
        expected = rows[1].pk
    verdict = audit.verify()
    assert (verdict.ok, verdict.first_bad_id) == (False, expected)


def test_events_of_an_inner_action_are_written_with_the_outer_one():
    @action("pebble.throw_two", permission=None)
    def throw_two(*, actor):
        throw(actor=actor, number=1)
        assert not Event.objects.exists()
        throw(actor=actor, number=2)

    throw_two(actor=Someone())
    assert [row.subject_id for row in Event.objects.order_by("pk")] == [1, 2]


def test_an_inner_action_that_fails_and_is_caught_leaves_no_event():
    @action("pebble.throw_or_not", permission=None)
    def throw_or_not(*, actor):
        throw(actor=actor, number=1)
        with pytest.raises(ValueError, match="2"):
            throw(actor=actor, number=2, fail=True)

    throw_or_not(actor=Someone())
    assert [row.subject_id for row in Event.objects.all()] == [1]


def test_types_survive_the_row():
    from datetime import UTC, date, datetime
    from decimal import Decimal

    @event("pebble.weighed")
    class PebbleWeighed:
        pebble_id: int
        on: date
        at: datetime
        grams: Decimal
        owner_id: int | None

    weighed = PebbleWeighed(1, date(2026, 2, 28), datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.50"), None)
    assert events.decode("pebble.weighed", events.encode(weighed)) == weighed


def test_the_outbox_is_empty_after_a_rollback_of_the_outer_transaction():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        throw(actor=Someone(), number=1)
        raise ZeroDivisionError
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_a_locked_row_may_still_be_referred_to(people):
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        lock(people.rita)
    is_locked = connection.features.has_select_for_update
    assert ("FOR NO KEY UPDATE" in queries[-1]["sql"]) is is_locked


@pytest.mark.django_db(transaction=True)
def test_slice_after_slice_lets_others_write_on_sqlite(monkeypatch):
    pauses = []
    monkeypatch.setattr(actions.time, "sleep", pauses.append)
    monkeypatch.setattr(actions, "TURN", -1.0)
    throw(actor=Someone(), number=1)
    assert pauses == ([actions.PAUSE] if connection.vendor == "sqlite" else [])
    monkeypatch.setattr(actions, "TURN", 60.0)
    throw(actor=Someone(), number=2)
    assert len(pauses) <= 1


@pytest.mark.django_db(transaction=True)
def test_a_loop_over_slices_writes_though_somebody_else_wrote_meanwhile():
    for number in range(3):
        throw(actor=Someone(), number=number)
    for row in sliced(Event.objects.all(), size=2):
        other = Thread(target=lambda: (throw(actor=Someone(), number=9), connection.close()))
        if row.data["pebble_id"] == 0:
            other.start()
            other.join()
        throw(actor=Someone(), number=10) if row.data["pebble_id"] < 3 else None
    assert Event.objects.count() == 7
