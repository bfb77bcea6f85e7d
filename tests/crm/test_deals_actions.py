"""Deals: the machine's edges, S2's guards, lines, and the rules of who."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from core import clock, registry
from core.actions import clean, run
from core.errors import Denied, Invalid, NotFound, Refused
from core.models import Event
from crm.actions.approvals import request_approval
from crm.actions.deals import (
    abandon_deal,
    create_deal,
    delete_deal,
    lose_deal,
    move_deal,
    reassign_deal,
    reopen_deal,
    set_lines,
    update_deal,
    win_deal,
)
from crm.actions.leads import disqualify_lead
from crm.deal_rules import refusal
from crm.deal_verbs import deal_verbs
from crm.forms.deals import SetLinesForm, UpdateDealForm
from crm.models import Contact, Deal, Lead, Pipeline
from crm.queries.deals import days_by_stage, deal_facts
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_item, make_lead, make_pipeline
from tests.people import as_actor

pytestmark = pytest.mark.django_db
TODAY = clock.today("Asia/Kolkata")
VERBS = {
    "win": (lambda deal: win_deal(deal, actor=SYSTEM, closed_on=TODAY), {"open": "won"}),
    "lose": (lambda deal: lose_deal(deal, actor=SYSTEM, reason="Price"), {"open": "lost"}),
    "abandon": (lambda deal: abandon_deal(deal, actor=SYSTEM), {"open": "abandoned"}),
    "reopen": (lambda deal: reopen_deal(deal, actor=SYSTEM), {"won": "open"}),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("start", Deal.Status.values)
def test_each_verb_moves_or_refuses(verb, start):
    deal = make_deal(start)
    act, edges = VERBS[verb]
    if start in edges:
        act(deal)
        assert Deal.objects.get().status == edges[start]
    else:
        with pytest.raises(Refused) as refusal:
            act(deal)
        assert refusal.value.message
        assert Deal.objects.get().status == start
        assert not Event.objects.exists()


@pytest.mark.parametrize(
    "change",
    ["status = 'won', closed_on = NULL", "status = 'lost', lost_reason = ''", "status = 'gone'", "value_minor = -1"],
)
def test_direct_sql_into_a_broken_rule_is_refused(change):
    deal = make_deal()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE crm_deal SET {change} WHERE id = %s", [deal.pk])


def test_winning_makes_a_customer_and_tells_the_manager_once(people, run_events):
    assert people.north
    deal = make_deal(owner=people.rita)
    won = win_deal(deal, actor=as_actor(people.rita), closed_on=TODAY)
    assert (won.closed_on, won.probability) == (TODAY, 100)
    assert Contact.objects.get().stage == "customer"
    run_events()
    run_events()
    assert people.max.notifications.filter(kind="deal.won").count() == 1
    assert not people.ada.notifications.exists()


def test_without_a_manager_the_administrators_are_told(people, run_events):
    assert people.ada
    win_deal(make_deal(owner=people.ron), actor=as_actor(people.ron), closed_on=TODAY)
    run_events()
    assert people.ada.notifications.filter(kind="deal.won").count() == 1


def test_winning_needs_a_close_date():
    deal = make_deal(expected_close_on=None)
    with pytest.raises(Refused) as refusal:
        win_deal(deal, actor=SYSTEM)
    assert refusal.value.code == "close_date_required"
    win_deal(deal, actor=SYSTEM, closed_on=TODAY)
    assert Deal.objects.get().expected_close_on == TODAY
    other = make_deal(expected_close_on=date(2030, 1, 1))
    assert win_deal(other, actor=SYSTEM).closed_on == TODAY


def test_a_deal_is_not_won_in_the_future():
    with pytest.raises(Invalid):
        win_deal(make_deal(), actor=SYSTEM, closed_on=TODAY + timedelta(days=1))


def test_losing_needs_a_reason(people):
    deal = make_deal(owner=people.rita)
    with pytest.raises(Invalid):
        lose_deal(deal, actor=SYSTEM, reason=" ")
    with pytest.raises(Invalid):
        run("deal.lose", deal, actor=as_actor(people.rita), data={})
    assert Deal.objects.get().status == "open"


def test_a_rep_closes_own_deals_only(people):
    deal = make_deal(owner=people.rita)
    with pytest.raises(Denied):
        win_deal(deal, actor=as_actor(people.ron), closed_on=TODAY)
    with pytest.raises(Denied):
        reopen_deal(make_deal("won", owner=people.rita), actor=as_actor(people.rita))
    assert Deal.objects.get(pk=deal.pk).status == "open"


def test_reopening_takes_back_the_customer_within_30_days(people):
    deal = make_deal(owner=people.rita)
    win_deal(deal, actor=SYSTEM, closed_on=TODAY)
    Deal.objects.update(won_at=clock.now() - timedelta(days=29, hours=23))
    reopened = reopen_deal(deal, actor=as_actor(people.max))
    assert (reopened.status, reopened.won_at, reopened.closed_on) == ("open", None, None)
    assert reopened.probability == reopened.stage.probability
    assert Contact.objects.get().stage == "qualified"


def test_after_30_days_a_won_deal_stays_won(people):
    deal = make_deal("won", won_at=clock.now() - timedelta(days=30, minutes=1))
    with pytest.raises(Refused):
        reopen_deal(deal, actor=as_actor(people.max))


def test_another_app_can_object_to_reopening(monkeypatch):
    monkeypatch.setitem(registry.GUARDS, "deal.reopen", [lambda deal: f"Refund {deal.title} first."])
    with pytest.raises(Refused, match="Refund Website first"):
        reopen_deal(make_deal("won"), actor=SYSTEM)


def test_a_new_deal_starts_in_the_default_pipeline(people):
    pipeline = make_pipeline()
    deal = create_deal(actor=as_actor(people.rita), contact=make_contact(), title="Shop", value_minor=100)
    first = pipeline.stages.order_by("order").first()
    assert (deal.stage, deal.probability, deal.owner, deal.currency) == (first, 20, people.rita, "INR")


def test_the_first_deal_of_an_install_makes_the_pipeline(people):
    deal = create_deal(actor=as_actor(people.rita), contact=make_contact(), title="Shop")
    assert deal.pipeline.is_default
    assert deal.pipeline.stages.filter(is_proposal_sent=True).count() == 1


def test_moving_sets_the_stage_probability_unless_it_was_set_by_hand(people):
    deal = make_deal(owner=people.rita)
    stages = {stage.name: stage for stage in deal.pipeline.stages.all()}
    assert move_deal(deal, actor=as_actor(people.rita), stage=stages["Negotiation"]).probability == 75
    update_deal(deal, actor=SYSTEM, probability=5)
    assert move_deal(deal, actor=SYSTEM, stage=stages["Closing"]).probability == 5
    assert Event.objects.filter(name="deal.moved").count() == 2


def test_a_deal_moves_within_its_pipeline_while_open():
    deal, other = make_deal(), make_pipeline("Partners", is_default=False)
    with pytest.raises(Invalid):
        move_deal(deal, actor=SYSTEM, stage=other.stages.first())
    lost = make_deal("lost")
    with pytest.raises(Refused):
        move_deal(lost, actor=SYSTEM, stage=lost.pipeline.stages.last())


def test_a_closed_deal_is_not_edited():
    for status in ("won", "lost", "abandoned"):
        deal = make_deal(status)
        with pytest.raises(Refused):
            update_deal(deal, actor=SYSTEM, title="Other")
        with pytest.raises(Refused):
            set_lines(deal, actor=SYSTEM, lines=[])


def test_an_edit_with_an_old_version_is_refused():
    deal = make_deal()
    update_deal(deal, actor=SYSTEM, version=1, title="Shop")
    with pytest.raises(Refused) as refusal:
        update_deal(deal, actor=SYSTEM, version=1, title="Store")
    assert refusal.value.code == "stale"
    assert Deal.objects.get().title == "Shop"


def test_a_patch_leaves_what_it_does_not_name():
    deal = make_deal(expected_close_on=date(2030, 1, 1))
    sent = {"value": {"amount": "10", "currency": "INR"}}
    values = clean(UpdateDealForm, {**UpdateDealForm.values(deal), **sent})
    updated = update_deal(deal, actor=SYSTEM, **values)
    assert (updated.value_minor, updated.title) == (1_000, "Website")
    assert updated.expected_close_on == date(2030, 1, 1)


def test_lines_make_the_value(people):
    item = make_item(unit_price_minor=1_500_000)
    deal = make_deal(owner=people.rita)
    data = {
        "lines": [{"item": item.pk, "quantity": "2"}, {"description": "Set-up", "quantity": 1, "unit_price": "99.99"}]
    }
    deal = run("deal.set_lines", deal, actor=as_actor(people.rita), data=data)
    assert deal.value_minor == 3_009_999
    assert [line.description for line in deal.lines.order_by("order")] == [item.name, "Set-up"]
    events = Event.objects.count()
    set_lines(
        deal, actor=SYSTEM, lines=[{"item": item, "quantity": 2}, {"description": "Set-up", "unit_price_minor": 9_999}]
    )
    assert Event.objects.count() == events


def test_lines_of_a_page_are_numbered_fields():
    form = SetLinesForm(
        {"lines-0-description": "Care", "lines-0-quantity": "1.5", "lines-0-unit_price": "10", "lines-1-quantity": "1"}
    )
    assert form.is_valid(), form.errors
    assert form.cleaned_data["lines"] == [
        {"item": None, "description": "Care", "quantity": Decimal("1.5"), "unit_price": Decimal(10)}
    ]


@pytest.mark.parametrize(
    "lines", ['"x"', "{", '[{"quantity": 1}]', '[{"description": "x", "quantity": 0, "unit_price": 1}]']
)
def test_wrong_lines_are_named(lines):
    with pytest.raises(Invalid) as wrong:
        run("deal.set_lines", make_deal(), actor=SYSTEM, data={"lines": lines})
    assert "lines" in wrong.value.errors


def test_reassigning_a_deal_takes_a_manager(people):
    deal = make_deal(owner=people.rita)
    with pytest.raises(Denied):
        reassign_deal(deal, actor=as_actor(people.rita), owner=people.ron)
    assert reassign_deal(deal, actor=as_actor(people.max), owner=people.ron).owner == people.ron


def test_deleting_spares_won_deals_and_those_of_leads(people):
    ada = as_actor(people.ada)
    with pytest.raises(Refused):
        delete_deal(make_deal("won"), actor=ada)
    with pytest.raises(Refused):
        delete_deal(make_lead("converted", "INTERESTED").converted_deal, actor=ada)
    deal = make_deal()
    delete_deal(deal, actor=ada)
    assert not Deal.objects.filter(pk=deal.pk).exists()
    with pytest.raises(NotFound):
        delete_deal(deal, actor=ada)


def test_the_score_learns_what_became_of_a_lead_and_unlearns_it(run_events):
    lead = make_lead("converted", "INTERESTED")
    win_deal(lead.converted_deal, actor=SYSTEM, closed_on=TODAY)
    run_events()
    assert Lead.objects.get().facts["outcome"] == "won"
    reopen_deal(lead.converted_deal, actor=SYSTEM)
    run_events()
    assert "outcome" not in Lead.objects.get().facts
    other = make_lead()
    disqualify_lead(other, actor=SYSTEM, reason="No budget")
    run_events()
    assert Lead.objects.get(pk=other.pk).facts["outcome"] == "lost"


def test_lines_that_no_column_could_hold_are_refused():
    line = {"description": "x", "quantity": 999_999_999, "unit_price_minor": 10**15}
    with pytest.raises(Invalid):
        set_lines(make_deal(), actor=SYSTEM, lines=[line])


def test_reopening_leaves_a_customer_who_left(people):
    deal = make_deal("won", contact=make_contact(stage="churned"))
    assert reopen_deal(deal, actor=as_actor(people.max)).contact.stage == "churned"
    assert Contact.objects.get().stage == "churned"


def test_a_pipeline_out_of_use_takes_no_new_deals(people):
    pipeline = make_pipeline("Old", is_default=False)
    Pipeline.objects.filter(pk=pipeline.pk).update(is_active=False)
    data = {"contact": make_contact().pk, "title": "New", "stage": pipeline.stages.first().pk}
    with pytest.raises(Invalid, match="takes no new deals"):
        run("deal.create", actor=as_actor(people.rita), data=data)
    assert not Deal.objects.exists()


@pytest.mark.parametrize(
    ("verb", "status", "act"),
    [
        ("edit", "abandoned", lambda deal: update_deal(deal, actor=SYSTEM, title="X")),
        ("delete", "won", lambda deal: delete_deal(deal, actor=SYSTEM)),
        ("approval", "lost", lambda deal: request_approval(deal, actor=SYSTEM)),
    ],
)
def test_a_refusal_has_the_words_that_the_page_shows(people, verb, status, act):
    deal = make_deal(status, owner=people.max, closed_on=TODAY)
    with pytest.raises(Refused) as refused:
        act(deal)
    shown = deal_verbs(deal, as_actor(people.ada), deal_facts(as_actor(people.ada), deal))
    assert refused.value.message == refusal(verb, deal)
    assert verb not in shown or shown[verb].reason == refused.value.message


def test_the_days_in_a_stage_of_a_deal_given_up_end_with_it():
    deal = make_deal("abandoned", closed_on=TODAY - timedelta(days=10))
    Deal.objects.filter(pk=deal.pk).update(created_at=clock.now() - timedelta(days=30))
    deal.refresh_from_db()
    assert days_by_stage(deal) == {deal.stage_id: pytest.approx(20, abs=1)}
