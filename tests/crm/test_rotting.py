"""When a deal is stuck: working days of silence since the last touch, without the days on which it may rest."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.actor import Actor
from accounts.models import Workspace
from core import clock
from core.actions import run
from core.errors import Invalid, Refused
from core.hours import DAYS
from core.models import Event
from crm.actions.activities import complete_activity, create_activity
from crm.actions.deals import lose_deal, move_deal
from crm.actions.rotting import add_holiday, remove_holiday, snooze_deal, unsnooze_deal
from crm.jobs import find_rotting_deals
from crm.models import Deal
from crm.queries.rotting import is_stuck
from crm.rotting import Calendar
from outreach.actions.inbound import receive_message
from outreach.actions.messages import queue_message
from outreach.values import InboundMessage
from tests.factories.crm import SYSTEM, make_activity, make_deal
from tests.people import as_actor

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 6, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Set the clock to noon in India, so many days after Monday 1 June 2026."""

    def set_to(days: float) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(days=days))

    set_to(0)
    return set_to


def stuck(deal: Deal) -> bool:
    return Deal.objects.filter(is_stuck(), pk=deal.pk).exists()


@pytest.mark.parametrize(
    ("days", "pauses", "day"),
    [
        (5, [], date(2026, 6, 8)),
        (0, [], MONDAY),
        (3, [(date(2026, 6, 2), date(2026, 6, 3))], date(2026, 6, 8)),
        (1, [(date(2026, 6, 2), date(2026, 6, 20))], date(2026, 6, 22)),
        (1, [(date(2026, 7, 1), date(2026, 7, 9))], date(2026, 7, 10)),
    ],
)
def test_silence_is_counted_in_working_days_outside_of_pauses(days, pauses, day):
    assert Calendar().rots_on(MONDAY, days, pauses) == day


def test_holidays_and_a_six_day_week_change_the_count():
    assert Calendar("123456").after(MONDAY, 5) == date(2026, 6, 6)
    assert Calendar(holidays={date(2026, 6, 2)}).after(MONDAY, 1) == date(2026, 6, 3)
    assert Calendar("").after(MONDAY, 5) == date(2026, 6, 6)


def test_a_deal_is_stuck_on_the_first_working_day_beyond_its_limit(rita, at):
    deal = open_deal(rita)
    assert deal.rots_on == date(2026, 6, 22)  # 14 working days are over on Friday 19
    at(20)
    assert not stuck(deal)
    at(21)
    assert stuck(deal)


@pytest.mark.parametrize(
    ("who", "is_inbound", "ends"), [("rita", False, True), ("machine", False, False), ("machine", True, True)]
)
def test_only_people_and_the_customer_end_the_silence(rita, at, who, is_inbound, ends):
    deal = open_deal(rita)
    at(25)
    actor = as_actor(rita) if who == "rita" else Actor.workflow("Nurture")
    create_activity(actor=actor, type="email", subject="Hello", deal=deal, is_inbound=is_inbound)
    assert stuck(deal) is not ends


def test_replies_and_messages_by_hand_end_the_silence_but_no_machines_mail(rita, at):
    deal = open_deal(rita)
    words = {"contact": deal.contact, "subject": "Hello", "body_text": "Hi", "purpose": "notice"}
    at(25)
    queue_message(actor=SYSTEM, **words)
    assert stuck(deal)
    queue_message(actor=as_actor(rita), **words)
    assert not stuck(deal)
    at(60)
    letter = InboundMessage(message_id="<1@x>", from_address=deal.contact.email, text="When?")
    receive_message(actor=SYSTEM, inbound=letter)
    assert not stuck(deal)


def test_a_move_and_a_task_done_end_the_silence(rita, at):
    deal = open_deal(rita)
    task = make_activity(deal=deal, contact=deal.contact, actor=rita)
    at(25)
    complete_activity(task, actor=as_actor(rita))
    assert not stuck(deal)
    at(60)
    move_deal(deal, actor=as_actor(rita), stage=deal.pipeline.stages.get(name="Proposal"))
    assert not stuck(deal)


def test_planned_work_lets_a_deal_rest_until_its_day(rita, at, run_events):
    deal = open_deal(rita)
    at(30)
    due = clock.now() + timedelta(days=10)
    create_activity(actor=as_actor(rita), type="call", subject="Call", deal=deal, due_at=due)
    run_events()
    at(40)
    assert not stuck(deal)
    at(41)
    assert stuck(deal)


def test_days_of_planned_work_are_not_counted(rita, at, run_events):
    deal = open_deal(rita)
    at(4)  # four working days of silence so far
    due = clock.now() + timedelta(days=28)
    create_activity(actor=as_actor(rita), type="call", subject="Call", deal=deal, due_at=due)
    run_events()
    deal.refresh_from_db()
    # Three days before the call was planned on Friday 5 June, and twelve after it was due on Friday 3 July.
    assert deal.rots_on == date(2026, 7, 21)


def test_a_snoozed_deal_rests_with_a_reason_and_is_told_again_afterwards(rita, at, run_events):
    deal = open_deal(rita)
    at(22)
    find_rotting_deals()
    run_events()
    with pytest.raises(Invalid):
        snooze_deal(deal, actor=as_actor(rita), until=MONDAY, reason="Budget in July")
    with pytest.raises(Invalid):
        run("deal.snooze", deal, actor=as_actor(rita), data={"until": "2026-07-10"})
    until = {"until": "2026-07-10", "reason": "Budget in July"}
    run("deal.snooze", deal, actor=as_actor(rita), data=until)
    assert not stuck(deal)
    at(38)
    find_rotting_deals()
    run_events()
    assert rita.notifications.filter(kind="deal.rotting").count() == 1
    assert stuck(unsnooze_deal(deal, actor=as_actor(rita)))
    with pytest.raises(Refused):
        unsnooze_deal(deal, actor=as_actor(rita))
    find_rotting_deals()
    find_rotting_deals()
    run_events()
    assert rita.notifications.filter(kind="deal.rotting").count() == 2


def test_a_holiday_and_another_week_recount_every_open_deal(ada, at, run_events):
    deal = open_deal(ada)
    holiday = add_holiday(actor=as_actor(ada), on=date(2026, 6, 10), name="Eid")
    run_events()
    deal.refresh_from_db()
    assert deal.rots_on == date(2026, 6, 23)
    with pytest.raises(Invalid):
        add_holiday(actor=as_actor(ada), on=date(2026, 6, 10), name="Again")
    remove_holiday(holiday, actor=as_actor(ada))
    run_events()
    data = {"working_hours": {day: [["09:00", "18:00"]] for day in DAYS}}
    from accounts.actions.workspace import update_workspace

    update_workspace(Workspace.current(), actor=as_actor(ada), **data)
    run_events()
    deal.refresh_from_db()
    assert deal.rots_on == date(2026, 6, 16)


def test_a_closed_deal_is_never_stuck_and_snoozing_it_is_refused(rita, at):
    deal = open_deal(rita)
    lose_deal(deal, actor=as_actor(rita), reason="Price")
    at(90)
    assert not stuck(deal)
    assert Deal.objects.get().rots_on is None
    with pytest.raises(Refused):
        snooze_deal(deal, actor=as_actor(rita), until=date(2027, 1, 1), reason="Later")


def test_the_nightly_job_finds_what_nobody_recounted(rita, at, run_events):
    deal = make_deal(owner=rita)
    assert deal.rots_on is None
    at(22)
    find_rotting_deals()
    assert stuck(deal)
    assert Event.objects.filter(name="deal.rotting").count() == 1


def open_deal(owner) -> Deal:
    from crm.actions.deals import create_deal
    from tests.factories.crm import make_contact, make_pipeline

    make_pipeline()
    return create_deal(actor=SYSTEM, contact=make_contact(), title="Shop", owner=owner)
