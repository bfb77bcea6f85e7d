"""Both machines of the lead: every edge of the table, legal or not, and what the database itself refuses."""

import random
from collections.abc import Callable
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django_fsm import ConcurrentTransition, TransitionNotAllowed

from accounts.actor import Actor
from core import clock
from core.errors import HouseError, Invalid, Refused
from core.models import Event
from crm.actions.consent import suppress_address
from crm.actions.deals import win_deal
from crm.actions.leads import (
    convert_lead,
    disqualify_lead,
    mark_interested,
    qualify_lead,
    record_outreach,
    record_payment,
    record_proposal_sent,
    reopen_lead,
)
from crm.models import LEGAL_PAIRS, Deal, Lead
from tests.factories.crm import SYSTEM, make_lead

pytestmark = pytest.mark.django_db
AGENT = Actor.agent("intent", workflow="reply_to_cash")
ALL_PAIRS = list(product(Lead.Status.values, Lead.Stage.values))

VERBS: dict[str, Callable[[Lead], Lead]] = {
    "outreach": lambda lead: record_outreach(lead, actor=SYSTEM, channel="email"),
    "interest": lambda lead: mark_interested(lead, actor=AGENT, intent="interested", confidence=0.9),
    "qualify": lambda lead: qualify_lead(lead, actor=SYSTEM),
    "convert": lambda lead: convert_lead(lead, actor=SYSTEM),
    "proposal": lambda lead: record_proposal_sent(lead, actor=SYSTEM),
    "payment": lambda lead: record_payment(lead, actor=SYSTEM),
    "disqualify": lambda lead: disqualify_lead(lead, actor=SYSTEM, reason="No budget"),
    "reopen": lambda lead: reopen_lead(lead, actor=SYSTEM),
}
TABLE: dict[str, dict[tuple[str, str], tuple[str, str]]] = {
    "outreach": {
        ("new", "NEW"): ("contacted", "CONTACTED"),
        ("new", "CONTACTED"): ("contacted", "CONTACTED"),
        ("new", "INTERESTED"): ("contacted", "INTERESTED"),
        ("contacted", "CONTACTED"): ("contacted", "CONTACTED"),
        ("contacted", "INTERESTED"): ("contacted", "INTERESTED"),
    },
    "interest": {
        ("contacted", "CONTACTED"): ("qualified", "INTERESTED"),
        ("contacted", "INTERESTED"): ("qualified", "INTERESTED"),
    },
    "convert": {("qualified", "INTERESTED"): ("converted", "INTERESTED")},
    "proposal": {
        ("qualified", "INTERESTED"): ("converted", "PROPOSAL_SENT"),
        ("converted", "INTERESTED"): ("converted", "PROPOSAL_SENT"),
        ("converted", "PROPOSAL_SENT"): ("converted", "PROPOSAL_SENT"),
    },
    "payment": {("converted", "PROPOSAL_SENT"): ("converted", "PAID")},
    "disqualify": {
        ("new", "NEW"): ("disqualified", "NEW"),
        ("new", "CONTACTED"): ("disqualified", "CONTACTED"),
        ("new", "INTERESTED"): ("disqualified", "INTERESTED"),
        ("contacted", "CONTACTED"): ("disqualified", "CONTACTED"),
        ("contacted", "INTERESTED"): ("disqualified", "INTERESTED"),
        ("qualified", "INTERESTED"): ("disqualified", "INTERESTED"),
    },
    "reopen": {
        ("disqualified", "NEW"): ("new", "NEW"),
        ("disqualified", "CONTACTED"): ("new", "CONTACTED"),
        ("disqualified", "INTERESTED"): ("new", "INTERESTED"),
    },
}
TABLE["qualify"] = TABLE["interest"]


def pair(lead: Lead) -> tuple[str, str]:
    fresh = Lead.objects.get(pk=lead.pk)
    return fresh.status, fresh.stage


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("start", LEGAL_PAIRS, ids="/".join)
def test_each_verb_moves_or_refuses_as_the_table_says(verb, start):
    lead = make_lead(*start)
    expected = TABLE[verb].get(start)
    if expected is None:
        with pytest.raises(Refused) as refusal:
            VERBS[verb](lead)
        assert refusal.value.message
        assert pair(lead) == start
        assert not Event.objects.exists()
        assert Deal.objects.count() == (1 if start[0] == "converted" else 0)
    else:
        VERBS[verb](lead)
        assert pair(lead) == expected


def test_there_are_twelve_legal_pairs():
    assert len(set(LEGAL_PAIRS)) == 12
    reached = {target for edges in TABLE.values() for target in edges.values()} | {("new", "NEW")}
    assert reached == set(LEGAL_PAIRS)


@pytest.mark.parametrize("wanted", ALL_PAIRS, ids="/".join)
def test_direct_sql_reaches_only_the_legal_pairs(wanted):
    lead = make_lead()
    sql = "UPDATE crm_lead SET status = %s, stage = %s, disqualification_reason = 'x' WHERE id = %s"
    if wanted in LEGAL_PAIRS:
        with connection.cursor() as cursor:
            cursor.execute(sql, [*wanted, lead.pk])
        assert pair(lead) == wanted
        return
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [*wanted, lead.pk])
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(status=wanted[0], stage=wanted[1])
    assert pair(lead) == ("new", "NEW")


def test_a_thousand_random_sequences_never_reach_an_illegal_pair():
    chance = random.Random(2)
    names = list(VERBS)
    lead = make_lead(score=50)
    for _ in range(1_000):
        if chance.random() < 0.12:
            lead = make_lead(score=chance.choice((0, 29, 30, 80)))
        verb = chance.choice(names)
        before = pair(lead)
        try:
            VERBS[verb](lead)
        except HouseError:
            assert pair(lead) == before
        else:
            assert pair(lead) == TABLE[verb][before]
    assert {pair(row) for row in Lead.objects.all()} <= set(LEGAL_PAIRS)
    for row in Lead.objects.filter(status="converted"):
        assert row.deals.count() == 1


def test_states_cannot_be_assigned():
    lead = make_lead()
    with pytest.raises(AttributeError):
        lead.status = "qualified"
    with pytest.raises(AttributeError):
        lead.stage = "PAID"


def test_a_protected_state_is_read_again_and_stays_protected():
    lead = make_lead()
    Lead.objects.filter(pk=lead.pk).update(status="contacted", stage="CONTACTED")
    lead.refresh_from_db()
    assert (lead.status, lead.stage) == ("contacted", "CONTACTED")
    with pytest.raises(AttributeError):
        lead.status = "new"
    Lead.objects.filter(pk=lead.pk).delete()
    with pytest.raises(Lead.DoesNotExist):
        lead.refresh_from_db()
    assert lead.status == "contacted"
    with pytest.raises(AttributeError):
        lead.status = "new"


def test_a_refreshed_lead_can_be_saved_after_its_state_changed():
    lead = make_lead()
    record_outreach(lead, actor=SYSTEM)
    lead.refresh_from_db()
    lead.store(next_step="Call")
    assert pair(lead) == ("contacted", "CONTACTED")


def test_the_second_of_two_stale_copies_cannot_move():
    lead = make_lead()
    first, second = Lead.objects.get(pk=lead.pk), Lead.objects.get(pk=lead.pk)
    first.contact_status()
    first.contact_stage()
    first.store("status", "stage")
    second.disqualify_status()
    second.disqualification_reason = "No budget"
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        second.store("status", "disqualification_reason")


def test_transitions_refuse_by_themselves_too():
    lead = make_lead()
    for name in ("convert_status", "propose_stage", "pay_stage", "reopen_status", "qualify_status"):
        with pytest.raises(TransitionNotAllowed):
            getattr(lead, name)()


def test_outreach_to_a_suppressed_address_is_refused():
    lead = make_lead()
    suppress_address(actor=SYSTEM, channel="email", address=lead.contact.email.upper(), reason="hard")
    with pytest.raises(Refused):
        record_outreach(lead, actor=SYSTEM, channel="email")
    assert pair(lead) == ("new", "NEW")


def test_qualifying_by_hand_needs_a_score_of_30(people):
    lead = make_lead("contacted", "CONTACTED", score=29, owner=people.rita)
    with pytest.raises(HouseError) as refusal:
        qualify_lead(lead, actor=Actor.for_user(people.rita))
    assert refusal.value.status == 422
    assert "29" in refusal.value.message
    assert pair(lead) == ("contacted", "CONTACTED")


def test_interest_lifts_the_score_to_30_and_the_reasons_still_add_up():
    lead = make_lead("contacted", "CONTACTED", score=0, facts={"intent": "not_interested", "do_not_email": "yes"})
    lead = mark_interested(lead, actor=AGENT, intent="interested", confidence=0.9)
    assert lead.score >= 30
    assert lead.reason_points() == lead.score
    assert lead.facts["intent"] == "interested"


def test_a_won_deal_never_makes_its_lead_paid():
    lead = make_lead("converted", "PROPOSAL_SENT")
    win_deal(lead.converted_deal, actor=SYSTEM, closed_on=clock.now().date())
    assert pair(lead) == ("converted", "PROPOSAL_SENT")


def test_a_proposal_moves_the_deal_to_its_stage():
    lead = make_lead("qualified", "INTERESTED", estimated_value_minor=100, currency="INR")
    lead = record_proposal_sent(lead, actor=SYSTEM)
    lead.refresh_from_db()
    assert lead.converted_deal.stage.name == "Proposal Sent"
    assert lead.converted_deal.probability == 60


def test_a_large_proposal_needs_approval_first():
    lead = make_lead("qualified", "INTERESTED", estimated_value_minor=50_000_000, currency="INR")
    with pytest.raises(Refused) as refusal:
        record_proposal_sent(lead, actor=SYSTEM)
    assert refusal.value.code == "needs_approval"
    assert pair(lead) == ("qualified", "INTERESTED")
    assert not Deal.objects.exists()


@pytest.mark.parametrize(("intent", "confidence"), [("question", 0.99), ("unsubscribe", 1.0), ("interested", 0.79)])
def test_a_machine_qualifies_only_on_sure_interest(intent, confidence):
    lead = make_lead("contacted", "CONTACTED")
    with pytest.raises(Refused):
        mark_interested(lead, actor=AGENT, intent=intent, confidence=confidence)
    assert pair(lead) == ("contacted", "CONTACTED")
    assert not Event.objects.exists()


def test_a_person_cannot_lift_a_low_score_by_calling_it_interest(people):
    lead = make_lead("contacted", "CONTACTED", score=10, owner=people.rita)
    with pytest.raises(Invalid):
        mark_interested(lead, actor=Actor.for_user(people.rita), intent="interested", confidence=1)
    assert pair(lead) == ("contacted", "CONTACTED")
