"""The clock: rotting deals, tasks due today, silent leads; and who is told of leads."""

from datetime import timedelta

import pytest
import time_machine

from core import clock
from core.registry import INVARIANTS
from crm.actions.activities import create_activity
from crm.actions.leads import create_lead, reassign_lead, record_outreach, update_lead
from crm.actions.scoring import learn_outcome
from crm.jobs import decay_scores, find_rotting_deals, recommend_follow_ups, remind_due_activities, train_scores
from crm.models import Deal, Lead, ScoreModel
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_lead
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=30)


def old_deal(owner) -> Deal:
    deal = make_deal(owner=owner)
    then = clock.now() - LONG_AGO
    Deal.objects.filter(pk=deal.pk).update(created_at=then, stage_since=then, last_touch_at=then)
    return deal


def test_a_deal_that_nobody_touches_rots_once_a_silence(people, run_events):
    deal = old_deal(people.rita)
    make_deal(owner=people.rita)
    for _ in range(2):
        find_rotting_deals()
        run_events()
    told = people.rita.notifications.filter(kind="deal.rotting")
    assert [row.text for row in told] == ["Nobody has touched Website for 30 days."]
    create_activity(actor=as_actor(people.rita), type="note", subject="Called", deal=deal)
    Deal.objects.filter(pk=deal.pk).update(last_touch_at=clock.now() - LONG_AGO, stage_since=clock.now() - LONG_AGO)
    find_rotting_deals()
    run_events()
    assert told.all().count() == 2


def test_planned_work_pauses_the_rot(people, run_events):
    deal = old_deal(people.rita)
    make_activity(deal=deal, contact=deal.contact, due_at=clock.now() + timedelta(days=3))
    find_rotting_deals()
    run_events()
    assert not people.rita.notifications.exists()


@time_machine.travel("2026-06-01 12:00+05:30", tick=False)
def test_each_person_is_reminded_once_of_today(people):
    contact = make_contact()
    today = clock.now()
    for subject in ("Call", "Write"):
        make_activity(contact=contact, actor=people.rita, due_at=today, subject=subject)
    make_activity(contact=contact, actor=people.rita, due_at=today - timedelta(days=3))
    make_activity(contact=contact, actor=people.ron, due_at=today, completed_at=today)
    remind_due_activities()
    remind_due_activities()
    assert [row.text for row in people.rita.notifications.all()] == ["Due today: Call and 1 more."]
    assert not people.ron.notifications.exists()


def test_owners_hear_once_a_week_whom_nobody_has_spoken_to_for_30_days(people):
    said = {"owner": people.rita, "stage": "customer", "last_activity_at": clock.now() - LONG_AGO}
    make_contact(**said | {"last_activity_at": clock.now() - timedelta(days=31)})
    make_contact(**said | {"last_activity_at": clock.now() - timedelta(days=29)})
    make_contact(**said | {"last_activity_at": clock.now() - timedelta(days=31)}, do_not_contact=True)
    planned = make_contact(**said | {"last_activity_at": clock.now() - timedelta(days=40)})
    make_activity(contact=planned, due_at=clock.now() + timedelta(days=1))
    recommend_follow_ups()
    recommend_follow_ups()
    [told] = people.rita.notifications.filter(kind="contact.silent")
    assert told.text == "1 contact has heard nothing for 30 days. Get in touch again."
    page = browser(people.rita).get(told.url)
    assert page.status_code == 200
    assert (page.context["total"], len(page.context["rows"])) == ("1", 1)


def test_silent_leads_lose_points_and_get_them_back(run_events):
    lead = create_lead(actor=SYSTEM, email="asha@acme.in", source="referral")
    fresh = create_lead(actor=SYSTEM, email="other@acme.in", source="referral")
    Lead.objects.filter(pk=lead.pk).update(created_at=clock.now() - timedelta(days=45))
    decay_scores()
    scores = dict(Lead.objects.values_list("pk", "score"))
    assert scores[lead.pk] < lead.score
    assert scores[fresh.pk] == fresh.score
    record_outreach(lead, actor=SYSTEM)
    create_activity(actor=SYSTEM, type="note", subject="Spoke", lead=lead)
    run_events()
    assert Lead.objects.get(pk=lead.pk).score == lead.score


def test_the_rep_is_alerted_of_a_new_lead_but_not_of_their_own(people, run_events):
    assert people.rita
    lead = create_lead(actor=SYSTEM, email="asha@acme.in", business_name="Acme")
    run_events()
    alerts = people.rita.notifications.filter(kind="lead.assigned")
    assert str(lead.score) in alerts.get().text
    create_lead(actor=as_actor(people.rita), email="own@acme.in")
    run_events()
    assert alerts.count() == 1
    reassign_lead(lead, actor=as_actor(people.max), owner=people.ron)
    run_events()
    assert people.ron.notifications.filter(kind="lead.assigned").count() == 1


def test_managers_hear_of_a_lead_without_owner(people, run_events):
    assert people.max
    create_lead(actor=SYSTEM, email="asha@acme.in")
    run_events()
    assert people.max.notifications.filter(kind="lead.unassigned").count() == 1


def test_a_jump_of_twenty_points_alerts_the_owner(people, run_events):
    lead = create_lead(actor=as_actor(people.rita), email="asha@acme.in")
    update_lead(lead, actor=SYSTEM, industry="Retail")
    run_events()
    alerts = people.rita.notifications.filter(kind="lead.scored")
    assert not alerts.exists()
    Lead.objects.filter(pk=lead.pk).update(facts={"asks_to_buy": "yes", "decides": "yes", "intent": "asking_price"})
    update_lead(lead, actor=SYSTEM, city="Pune")
    run_events()
    assert alerts.count() == 1


def test_the_invariants_hold_and_notice_what_breaks_them(people):
    make_lead("converted", "PAID", owner=people.rita)
    keys = ("I6", "I7", "I7-customer", "L4")
    assert [INVARIANTS[key].check() for key in keys] == [[], [], [], []]
    Lead.objects.update(score=51, converted_deal=None)
    make_deal("won")
    assert [len(INVARIANTS[key].check()) for key in keys] == [0, 1, 1, 1]


def outcomes(won: int, lost: int) -> list[Lead]:
    """Write leads that ended, as an import or the deals of years would leave them."""
    ends = ["won"] * won + ["lost"] * lost
    facts = {"won": {"size": "large"}, "lost": {"size": "small"}}
    return [make_lead(facts=facts[end] | {"outcome": end}) for end in ends]


def test_the_score_learns_every_week_once_there_is_enough_to_learn_from():
    outcomes(29, 40)
    lead = make_lead(facts={"size": "large"})
    train_scores()
    assert not ScoreModel.objects.exists()
    outcomes(11, 0)
    train_scores()
    assert ScoreModel.objects.get(is_active=True).n == 80
    lead.refresh_from_db()
    assert (lead.score_model, lead.contact.score) == ("learned", lead.score)
    assert lead.score == lead.reason_points()


def test_an_outcome_is_unlearned_by_what_was_learned_and_counts_stay_counts():
    outcomes(35, 35)
    lead = make_lead(facts={"size": "large"})
    train_scores()
    before = ScoreModel.objects.get(is_active=True).weights
    lead = learn_outcome(lead, actor=SYSTEM, outcome="won")
    assert ScoreModel.objects.get(is_active=True).weights != before
    Lead.objects.filter(pk=lead.pk).update(facts=lead.facts | {"size": "small"})
    lead = learn_outcome(lead, actor=SYSTEM, outcome="")
    assert lead.facts == {"size": "small"}
    assert ScoreModel.objects.get(is_active=True).weights == before


def test_scores_are_refreshed_for_the_contacts_of_silent_leads_too():
    contact = make_contact(score=50, last_activity_at=clock.now() - timedelta(days=60))
    lead = make_lead(contact=contact)
    decay_scores()
    lead.refresh_from_db()
    contact.refresh_from_db()
    assert contact.score == lead.score < 50
