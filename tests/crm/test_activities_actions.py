"""Activities: what counts as done, what an outbound call does to a lead, follow-ups, and whose they are."""

from datetime import timedelta

import pytest

from core import clock
from core.actions import run
from core.errors import Denied, Invalid, NotFound, Refused
from crm.actions.activities import complete_activity, create_activity, log_call, update_activity
from crm.actions.consent import withdraw_consent
from crm.models import Activity, Contact, Deal, Lead
from crm.queries.activities import activities_for, activity_for
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_lead
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def test_a_note_is_done_and_touches_the_contact_and_the_deal(people):
    deal = make_deal(owner=people.rita, last_touch_at=clock.now() - timedelta(days=9))
    row = create_activity(actor=as_actor(people.rita), type="note", subject="Likes blue", deal=deal)
    assert row.completed_at is not None
    assert row.contact_id == deal.contact_id
    assert Contact.objects.get().last_activity_at is not None
    assert clock.now() - Deal.objects.get().last_touch_at < timedelta(minutes=1)


def test_a_task_and_a_planned_meeting_stay_open(people):
    contact = make_contact()
    tomorrow = clock.now() + timedelta(days=1)
    for kind in ("task", "meeting"):
        row = create_activity(actor=as_actor(people.rita), type=kind, subject="Meet", contact=contact, due_at=tomorrow)
        assert row.completed_at is None
        assert row.actor == people.rita
    assert Contact.objects.get().last_activity_at is None


def test_an_outbound_call_contacts_a_new_lead(people):
    lead = make_lead(owner=people.rita)
    create_activity(actor=as_actor(people.rita), type="call", subject="First call", lead=lead)
    fresh = Lead.objects.get()
    assert (fresh.status, fresh.stage) == ("contacted", "CONTACTED")


@pytest.mark.parametrize("values", [{"is_inbound": True}, {"due_at": clock.now() + timedelta(days=1)}])
def test_an_inbound_or_planned_call_contacts_nobody(people, values):
    lead = make_lead(owner=people.rita)
    create_activity(actor=as_actor(people.rita), type="call", subject="Call", lead=lead, **values)
    assert Lead.objects.get().status == "new"


def test_a_call_to_a_later_lead_is_just_logged(people):
    lead = make_lead("converted", "PROPOSAL_SENT", owner=people.rita)
    create_activity(actor=as_actor(people.rita), type="call", subject="Call", lead=lead)
    assert Lead.objects.get().stage == "PROPOSAL_SENT"


def test_a_call_to_somebody_who_said_no_is_refused(people):
    contact = make_contact(phone="98765 43210", owner=people.rita)
    lead = make_lead(contact=contact, owner=people.rita)
    withdraw_consent(contact, actor=SYSTEM, channel="phone")
    with pytest.raises(Refused):
        create_activity(actor=as_actor(people.rita), type="call", subject="Call", lead=lead)
    assert not Activity.objects.exists()


def test_a_meeting_is_followed_up_a_day_later(people, run_events):
    deal = make_deal(owner=people.rita)
    row = create_activity(
        actor=as_actor(people.rita), type="meeting", subject="Demo", deal=deal, due_at=clock.now() + timedelta(hours=1)
    )
    done = complete_activity(row, actor=as_actor(people.rita), outcome="Went well")
    run_events()
    run_events()
    task = Activity.objects.get(type="task")
    assert (task.actor, task.deal, task.due_at) == (people.rita, deal, done.completed_at + timedelta(hours=24))


def test_done_is_done(people):
    row = make_activity(contact=make_contact(), actor=people.rita)
    complete_activity(row, actor=as_actor(people.rita))
    with pytest.raises(Refused):
        complete_activity(row, actor=as_actor(people.rita))


def test_a_task_for_a_colleague_is_announced(people, run_events):
    create_activity(
        actor=as_actor(people.max), type="task", subject="Call", contact=make_contact(), assignee=people.rita
    )
    run_events()
    assert people.rita.notifications.get().kind == "activity.assigned"


def test_own_means_own_activities_and_those_on_own_leads_and_deals(people):
    contact = make_contact()
    own = make_activity(contact=contact, actor=people.rita)
    on_lead = make_activity(contact=contact, actor=people.max, lead=make_lead(owner=people.rita))
    on_deal = make_activity(contact=contact, actor=None, deal=make_deal(owner=people.rita))
    foreign = make_activity(contact=contact, actor=people.ron)
    assert set(activities_for(as_actor(people.rita))) == {own, on_lead, on_deal}
    with pytest.raises(NotFound):
        activity_for(as_actor(people.rita), foreign.pk)
    assert activities_for(as_actor(people.mia)).count() == 0
    assert activities_for(as_actor(people.sam)).count() == 4
    with pytest.raises(Denied):
        update_activity(foreign, actor=as_actor(people.sam), subject="x")


def test_nobody_writes_on_a_lead_they_cannot_read(people):
    lead = make_lead(owner=people.rita)
    for person in (people.ron, people.sam):
        with pytest.raises(NotFound):
            create_activity(actor=as_actor(person), type="note", subject="x", lead=lead)
    with pytest.raises(Denied):
        create_activity(actor=as_actor(people.vic), type="note", subject="x", contact=lead.contact)
    assert not Activity.objects.exists()


def test_an_activity_is_about_one_contact(people):
    with pytest.raises(Invalid):
        create_activity(actor=SYSTEM, type="note", subject="x")
    with pytest.raises(Invalid):
        create_activity(actor=SYSTEM, type="note", subject="x", lead=make_lead(), deal=make_deal())
    with pytest.raises(Invalid):
        run("activity.create", actor=SYSTEM, data={"type": "note", "subject": "x"})


def test_a_source_key_makes_one_activity():
    contact = make_contact()
    rows = {
        create_activity(actor=SYSTEM, type="task", subject="x", contact=contact, source_key="onboarding:1").pk
        for _ in range(3)
    }
    assert len(rows) == Activity.objects.count() == 1


def test_an_edit_with_an_old_version_is_refused(people):
    row = make_activity(contact=make_contact(), actor=people.rita)
    update_activity(row, actor=as_actor(people.rita), version=1, subject="Write")
    with pytest.raises(Refused) as refusal:
        update_activity(row, actor=as_actor(people.rita), version=1, subject="Call")
    assert refusal.value.code == "stale"


def test_a_call_whose_next_step_fails_is_not_logged_either(people):
    lead = make_lead(owner=people.rita)
    with pytest.raises(KeyError):
        log_call(actor=as_actor(people.rita), outcome="Spoke", next="never", lead=lead)
    assert not Activity.objects.exists()
    assert Lead.objects.get(pk=lead.pk).stage == "NEW"
