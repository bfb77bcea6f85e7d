"""Leads come in once, are scored and given to somebody, change hands and become deals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from accounts.actor import Actor
from core import clock
from core.actions import run
from core.errors import Denied, Invalid, Refused
from core.models import Event
from crm.actions.contacts import become_customer, update_contact
from crm.actions.leads import (
    convert_lead,
    create_lead,
    delete_lead,
    disqualify_lead,
    qualify_lead,
    reassign_lead,
    reopen_lead,
    rescore_lead,
    update_lead,
)
from crm.models import Activity, Consent, Contact, Deal, Lead
from tests.factories.crm import SYSTEM, make_contact, make_lead
from tests.people import api_client, as_actor

pytestmark = pytest.mark.django_db


def names_of_events() -> list[str]:
    return list(Event.objects.order_by("id").values_list("name", flat=True))


def test_a_lead_comes_in_scored_and_assigned_with_reasons(people):
    assert people.rita
    lead = create_lead(actor=SYSTEM, email="Asha@Acme.in", business_name="Acme", industry="Retail", city="Pune")
    assert (lead.status, lead.stage) == ("new", "NEW")
    assert lead.contact.email_folded == "asha@acme.in"
    assert lead.contact.kind == "company"
    assert Contact.objects.get().score == lead.score == lead.reason_points()
    assert lead.owner == people.rita
    assert lead.assigned_reason
    assert lead.contact.owner_id == people.rita.pk
    assert names_of_events()[-2:] == ["lead.created", "lead.assigned"]


def test_without_any_rep_a_lead_waits_with_the_reason():
    lead = create_lead(actor=SYSTEM, email="asha@acme.in")
    assert lead.owner is None
    assert lead.assigned_reason


def test_a_rep_owns_what_they_type_in(people):
    lead = create_lead(actor=as_actor(people.ron), email="asha@acme.in", first_name="Asha")
    assert lead.owner == people.ron
    assert lead.title == "Asha"
    assert lead.contact.kind == "person"


def test_a_rep_may_not_give_a_new_lead_to_a_colleague(people):
    with pytest.raises(Denied):
        create_lead(actor=as_actor(people.ron), email="asha@acme.in", owner=people.rita)
    assert not Lead.objects.exists()
    lead = create_lead(actor=as_actor(people.max), email="asha@acme.in", owner=people.rita)
    assert lead.owner == people.rita


def test_an_owner_must_sell(people):
    with pytest.raises(Invalid):
        create_lead(actor=as_actor(people.ada), email="asha@acme.in", owner=people.vic)


def test_support_and_viewers_create_no_leads(people):
    for person in (people.sam, people.vic, people.fin):
        with pytest.raises(Denied):
            create_lead(actor=as_actor(person), email="asha@acme.in")
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    "again",
    [
        {"email": "ASHA.RAO@gmail.com"},
        {"email": "asharao+news@googlemail.com"},
        {"email": "other@acme.in", "phone": "098765 43210"},
        {"phone": "+919876543210"},
        {"phone": "+91 11 2345 6789", "first_name": "Asha", "last_name": "Rao", "business_name": "ACME Pvt. Ltd."},
    ],
)
def test_a_known_address_is_refused_at_doors_that_refuse(again):
    known = {"email": "asha.rao@gmail.com", "phone": "98765 43210"}
    if "business_name" in again:
        known["phone"] = ""
    create_lead(actor=SYSTEM, first_name="Asha", last_name="Rao", business_name="Acme", **known)
    with pytest.raises(Refused) as refusal:
        create_lead(actor=SYSTEM, **again)
    assert refusal.value.code == "duplicate"
    assert refusal.value.message == "Lead already exists"
    assert Lead.objects.count() == Contact.objects.count() == 1


def test_the_same_name_with_another_address_is_another_person():
    create_lead(actor=SYSTEM, first_name="Asha", last_name="Rao", business_name="Acme", email="asha@acme.in")
    create_lead(actor=SYSTEM, first_name="Asha", last_name="Rao", business_name="Acme", email="a.rao@acme.in")
    assert Contact.objects.count() == 2


def test_an_open_lead_is_joined_and_learns_what_is_new():
    first = create_lead(actor=SYSTEM, email="asha@acme.in", source="web")
    again = create_lead(
        actor=SYSTEM, email="asha@acme.in", phone="98765 43210", business_name="Acme", source="web",
        note="What is the price?", on_duplicate="join",
    )  # fmt: skip
    assert again.pk == first.pk
    assert again.business_name == "Acme"
    assert again.score > first.score
    assert again.reason_points() == again.score
    contact = Contact.objects.get()
    assert (contact.phone_e164, contact.score) == ("+919876543210", again.score)
    assert "lead.joined" in names_of_events()
    assert Activity.objects.get(lead=first).body == "What is the price?"


def test_joining_overwrites_nothing_that_is_known():
    create_lead(actor=SYSTEM, email="asha@acme.in", first_name="Asha", city="Pune")
    create_lead(
        actor=SYSTEM, email="asha@acme.in", first_name="Mallory", last_name="M", city="Goa", on_duplicate="join"
    )
    contact = Contact.objects.get()
    assert (contact.first_name, contact.last_name, contact.city) == ("Asha", "", "Pune")


@pytest.mark.parametrize("closed", [("disqualified", "CONTACTED"), ("converted", "PAID")])
@pytest.mark.parametrize("on_duplicate", ["refuse", "join"])
def test_after_a_closed_lead_the_contact_gets_a_new_one(closed, on_duplicate):
    old = make_lead(*closed)
    new = create_lead(actor=SYSTEM, email=old.contact.email, on_duplicate=on_duplicate)
    assert new.pk != old.pk
    assert new.contact_id == old.contact_id


def test_a_lead_whose_deal_is_open_counts_as_open():
    old = make_lead("converted", "PROPOSAL_SENT")
    with pytest.raises(Refused):
        create_lead(actor=SYSTEM, email=old.contact.email)
    Deal.objects.filter(pk=old.converted_deal_id).update(status="abandoned")
    assert create_lead(actor=SYSTEM, email=old.contact.email).pk != old.pk


def test_a_returning_contact_keeps_its_rep(people):
    assert people.rita
    contact = make_contact(owner=people.ron)
    lead = create_lead(actor=SYSTEM, contact=contact)
    assert lead.owner == people.ron
    assert "looks after" in lead.assigned_reason


@pytest.mark.parametrize("wrong", [{}, {"email": "not an address"}, {"phone": "12"}, {"email": "", "phone": ""}])
def test_a_lead_without_a_right_address_is_invalid(wrong):
    with pytest.raises(Invalid):
        create_lead(actor=SYSTEM, first_name="Asha", **wrong)
    assert not Contact.objects.exists()


def test_the_same_key_takes_a_lead_in_once():
    first = create_lead(actor=SYSTEM, email="asha@acme.in", key="door:1")
    again = create_lead(actor=SYSTEM, email="asha@acme.in", key="door:1")
    assert first.pk == again.pk
    assert Lead.objects.count() == 1
    assert names_of_events().count("lead.created") == 1


def test_consent_at_the_door_is_kept():
    create_lead(
        actor=SYSTEM, email="asha@acme.in", consent={"source": "form talk", "text_version": "v1", "ip": "192.0.2.1"}
    )
    row = Consent.objects.get()
    assert (row.channel, row.state, row.source, row.ip) == ("email", "given", "form talk", "192.0.2.1")


def test_the_catalogue_takes_a_lead_through_its_form(people):
    data = {"email": "asha@acme.in", "estimated_value": {"amount": "1200.50", "currency": "USD"}}
    lead = run("lead.create", actor=as_actor(people.rita), data=data)
    assert (lead.estimated_value_minor, lead.currency) == (120_050, "USD")
    with pytest.raises(Invalid) as wrong:
        run("lead.create", actor=as_actor(people.rita), data={"first_name": "Asha"})
    assert wrong.value.errors == {"__all__": ["Give an email address or a phone number."]}


def test_an_edit_with_an_old_version_is_refused(people):
    lead = make_lead(owner=people.rita)
    update_lead(lead, actor=as_actor(people.rita), version=1, next_step="Call")
    with pytest.raises(Refused) as refusal:
        update_lead(lead, actor=as_actor(people.rita), version=1, next_step="Write")
    assert refusal.value.code == "stale"
    assert Lead.objects.get().next_step == "Call"


def test_an_edit_that_the_score_looks_at_scores_anew(people):
    lead = create_lead(actor=SYSTEM, email="asha@acme.in")
    edited = update_lead(lead, actor=SYSTEM, industry="Retail", business_name="Acme")
    assert edited.score > lead.score
    assert edited.reason_points() == edited.score
    scored = Event.objects.get(name="lead.scored").data
    assert (scored["previous"], scored["score"]) == (lead.score, edited.score)


def test_an_edit_that_changes_nothing_says_nothing():
    lead = make_lead(next_step="Call")
    update_lead(lead, actor=SYSTEM, next_step="Call")
    assert names_of_events() == []


@pytest.mark.parametrize("field", ["status", "stage", "score", "owner", "contact"])
def test_an_edit_cannot_reach_states_scores_and_owners(field):
    with pytest.raises(TypeError):
        update_lead(make_lead(), actor=SYSTEM, **{field: "x"})


def test_only_an_untouched_lead_is_deleted(people):
    with pytest.raises(Denied):
        delete_lead(make_lead(owner=people.rita), actor=as_actor(people.rita))
    with pytest.raises(Refused):
        delete_lead(make_lead("contacted", "CONTACTED"), actor=as_actor(people.ada))
    lead = make_lead()
    delete_lead(lead, actor=as_actor(people.ada))
    assert not Lead.objects.filter(pk=lead.pk).exists()
    assert Contact.objects.filter(pk=lead.contact_id).exists()


def test_reassigning_takes_a_manager_and_a_seller(people):
    lead = make_lead(owner=people.rita)
    with pytest.raises(Denied):
        reassign_lead(lead, actor=as_actor(people.rita), owner=people.ron)
    with pytest.raises(Invalid):
        reassign_lead(lead, actor=as_actor(people.max), owner=people.vic)
    moved = reassign_lead(lead, actor=as_actor(people.max), owner=people.ron, reason="Speaks Marathi")
    assert (moved.owner, moved.assigned_reason) == (people.ron, "Speaks Marathi")
    assert Contact.objects.get(pk=lead.contact_id).owner == people.ron


def test_converting_opens_exactly_one_deal_with_a_note(people, run_events):
    lead = make_lead("qualified", "INTERESTED", owner=people.rita, estimated_value_minor=250_000, currency="USD")
    converted = convert_lead(lead, actor=as_actor(people.rita))
    deal = Deal.objects.get()
    assert converted.converted_deal == deal
    assert (deal.lead_id, deal.contact_id, deal.owner) == (lead.pk, lead.contact_id, people.rita)
    assert (deal.value_minor, deal.currency, deal.status) == (250_000, "USD", "open")
    assert deal.expected_close_on == clock.today("Asia/Kolkata") + timedelta(days=30)
    assert converted.conversion == {
        "status": "qualified", "stage": "INTERESTED", "contact_stage": "prospect", "deal_id": deal.pk,
    }  # fmt: skip
    assert Activity.objects.get(type="note").deal == deal
    with pytest.raises(Refused):
        convert_lead(lead, actor=as_actor(people.rita))
    assert Deal.objects.count() == 1
    run_events()
    run_events()
    assert people.rita.notifications.filter(kind="deal.created-from-lead").count() == 1
    assert Activity.objects.filter(deal=deal, type="task").count() == 2


def test_converting_takes_what_was_given(people):
    lead = make_lead("qualified", "INTERESTED", owner=people.rita)
    data = {"title": "Shop", "value": "99.50", "currency": "EUR", "expected_close_on": "2030-01-02"}
    lead = run("lead.convert", lead, actor=as_actor(people.rita), data=data)
    deal = lead.converted_deal
    assert (deal.title, deal.value_minor, deal.currency) == ("Shop", 9_950, "EUR")
    assert deal.expected_close_on.isoformat() == "2030-01-02"


def test_a_lead_is_not_reopened_beside_an_open_one():
    old = make_lead("disqualified", "CONTACTED")
    make_lead(contact=old.contact)
    with pytest.raises(Refused):
        reopen_lead(old, actor=SYSTEM)


def test_disqualifying_needs_a_reason():
    lead = make_lead()
    with pytest.raises(Invalid):
        disqualify_lead(lead, actor=SYSTEM, reason="  ")
    assert Lead.objects.get().status == "new"


def test_the_contact_has_the_score_of_its_best_open_lead():
    contact = make_contact()
    best, other = make_lead(contact=contact, score=80), make_lead(contact=contact, score=40)
    disqualify_lead(best, actor=SYSTEM, reason="No budget")
    contact.refresh_from_db()
    assert contact.score == other.score


def test_silence_lowers_the_score_and_scoring_without_change_writes_nothing():
    lead = create_lead(actor=SYSTEM, email="asha@acme.in", industry="Retail")
    Lead.objects.filter(pk=lead.pk).update(created_at=clock.now() - timedelta(days=60))
    lowered = rescore_lead(lead, actor=Actor.job("score decay"))
    assert lowered.score < lead.score
    assert any(reason["factor"] == "silence" for reason in lowered.score_reasons)
    again = rescore_lead(lead, actor=Actor.job("score decay"))
    assert again.version == lowered.version


@pytest.mark.parametrize(
    ("held", "came", "number"),
    [("", "US", "+14155550100"), ("US", "", "+14155550100"), ("IN", "US", "+14155550100"), ("", "", "+914155550100")],
)
def test_a_number_that_comes_later_is_read_by_the_known_country_and_stays_so(held, came, number):
    contact = make_contact(email="asha@acme.in", country=held)
    create_lead(actor=SYSTEM, email="asha@acme.in", phone="(415) 555-0100", country=came)
    contact.refresh_from_db()
    assert (contact.phone_e164, contact.country) == (number, held or came)
    assert update_contact(contact, actor=SYSTEM, city="Pune").phone_e164 == number


def test_a_wrong_number_is_named_with_a_chosen_contact_too(people):
    data = {"contact": make_contact(owner=people.rita).pk, "phone": "12"}
    with pytest.raises(Invalid) as wrong:
        run("lead.create", actor=as_actor(people.rita), data=data)
    assert list(wrong.value.errors) == ["phone"]


def test_a_key_reads_no_contact_through_a_lead_that_it_may_make(people):
    contact = make_contact(phone="98765 43210")
    program = api_client(people.rita, "lead:create")
    sent = {"path": "/api/v1/crm/leads", "data": {"contact": contact.pk}, "content_type": "application/json"}
    assert program.post(**sent).status_code == 404
    assert not Lead.objects.exists()
    assert api_client(people.rita, "lead:create", "contact:read").post(**sent).status_code == 201


@contextmanager
def meanwhile(begins: str, change: Callable[[], object]) -> Iterator[None]:
    """Let somebody else's change be there just before the first statement that begins like this."""
    waiting = [change]

    def step(execute, sql, *args):
        if waiting and sql.startswith(begins):
            waiting.pop()()
        return execute(sql, *args)

    with connection.execute_wrapper(step):
        yield


def test_a_contact_that_changes_meanwhile_is_not_overwritten_by_its_lead(people):
    lead = make_lead("contacted", "CONTACTED", owner=people.rita)
    contact = Contact.objects.get()
    with meanwhile('UPDATE "crm_lead"', lambda: become_customer(contact, actor=SYSTEM)):
        qualify_lead(lead, actor=as_actor(people.rita))
    contact.refresh_from_db()
    assert (contact.stage, contact.version) == ("customer", 2)
