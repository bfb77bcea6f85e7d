"""Two contacts become one and two again; every row is where it belongs, whatever happened in between."""

import random

import pytest
from django.apps import apps

from accounts.actions.shares import share_record
from accounts.actor import Actor
from accounts.permissions import can
from core.errors import Invalid, Moved, NotFound
from core.registry import INVARIANTS
from crm.actions.addresses import add_address
from crm.actions.consent import give_consent, withdraw_consent
from crm.actions.contacts import create_contact, update_contact
from crm.actions.merging import merge_contact, unmerge_contact
from crm.models import Activity, Consent, Contact, ContactAddress, ContactMerge, DuplicatePair, Lead, Tag
from crm.queries.consent import may_contact
from crm.queries.contacts import contact_for, known_contact
from crm.queries.merging import choices_of, pointers_to
from crm.queries.timeline import timeline
from outreach.models import Conversation, Message
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_lead
from tests.people import again, as_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(max_):
    """Two records of one person, each with an address and a phone."""
    actor = as_actor(max_)
    one = create_contact(actor=actor, first_name="Meera", last_name="Sharma", email="meera@acme.in", city="Pune")
    other = create_contact(actor=actor, first_name="M.", last_name="Sharma", email="m.sharma@gmail.com",
                           phone="+91 98765 43210", job_title="Dentist")  # fmt: skip
    return one, other, actor


def undo(old_id, actor):
    return unmerge_contact(ContactMerge.objects.get(old_id=old_id), actor=actor)


def test_what_is_missing_comes_from_the_other_and_all_addresses_stay(two):
    one, other, actor = two
    kept = merge_contact(one, actor=actor, other=other)
    assert (kept.first_name, kept.email, kept.phone, kept.job_title, kept.city) == (
        "Meera", "meera@acme.in", "+91 98765 43210", "Dentist", "Pune",
    )  # fmt: skip
    assert not Contact.objects.filter(pk=other.pk).exists()
    held = ContactAddress.objects.filter(contact=kept).current()
    assert set(held.values_list("folded", flat=True)) == {"meera@acme.in", "msharma@gmail.com", "+919876543210"}
    assert set(held.filter(is_primary=True).values_list("channel", flat=True)) == {"email", "phone"}
    assert known_contact(folded="msharma@gmail.com") == kept


def test_the_chosen_fields_come_from_the_other(two):
    one, other, actor = two
    assert {choice.name for choice in choices_of(one, other)} >= {"first_name", "email", "phone", "city"}
    kept = merge_contact(one, actor=actor, other=other, take=["email", "first_name"])
    assert (kept.email, kept.email_folded, kept.first_name, kept.phone) == (
        "m.sharma@gmail.com", "msharma@gmail.com", "M.", "",
    )  # fmt: skip
    assert kept.addresses.get(folded="meera@acme.in").valid_until is None


def test_a_contact_is_not_merged_with_itself_and_not_twice(two):
    one, other, actor = two
    with pytest.raises(Invalid):
        merge_contact(one, actor=actor, other=one)
    merge_contact(one, actor=actor, other=other)
    with pytest.raises(NotFound):
        merge_contact(one, actor=actor, other=other)


def test_every_app_is_covered_by_the_register_of_models():
    covered = {(model._meta.label, column.name) for model, column in pointers_to(Contact)}
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            derived = getattr(model, "is_derived", False) or model is DuplicatePair
            if field.is_relation and field.related_model is Contact and not derived:
                assert (model._meta.label, field.name) in covered


def test_the_stricter_word_on_consent_wins_until_they_are_two_again(two):
    one, other, actor = two
    give_consent(one, actor=actor, channel="email", source="form")
    withdraw_consent(other, actor=actor, channel="email", purpose="marketing", reason="Stop")
    kept = merge_contact(one, actor=actor, other=other)
    assert not may_contact(kept, "email", marketing=True).allowed
    undo(other.pk, actor)
    assert may_contact(Contact.objects.get(pk=one.pk), "email", marketing=True).allowed
    assert not may_contact(Contact.objects.get(pk=other.pk), "email", marketing=True).allowed


def test_two_conversations_become_one_and_two_again(two, run_events):
    one, other, actor = two
    talks = [Conversation.objects.create(contact=row) for row in (one, other)]
    mails = [Message.objects.create(contact=talk.contact, conversation=talk, direction="in") for talk in talks]
    merge_contact(one, actor=actor, other=other)
    assert set(Conversation.objects.get().messages.all()) == set(mails)
    run_events()
    assert Conversation.objects.get().last_message_at == mails[1].created_at
    later = Message.objects.create(contact=one, conversation=talks[0], direction="in")
    undo(other.pk, actor)
    assert set(Conversation.objects.get(contact=one).messages.all()) == {mails[0], later}
    assert set(Conversation.objects.get(contact=other).messages.all()) == {mails[1]}


def test_readers_are_led_to_the_one_that_stays_and_back(two, max_):
    one, other, actor = two
    merge_contact(one, actor=actor, other=other)
    with pytest.raises(Moved) as moved:
        contact_for(actor, other.pk)
    assert (moved.value.old, moved.value.new) == (other.pk, one.pk)
    third = make_contact()
    merge_contact(third, actor=actor, other=one)
    with pytest.raises(Moved) as moved:
        contact_for(actor, other.pk)
    assert moved.value.new == third.pk


def test_the_timeline_tells_both_stories(two):
    one, other, actor = two
    kept = merge_contact(one, actor=actor, other=other)
    titles = [entry.title for entry in timeline(actor, kept)]
    assert titles.count("Contact created") == 2
    assert "M. Sharma became part of this" in titles


def test_shares_follow(two, rita):
    one, other, actor = two
    share_record(other, actor=Actor.system("tests"), noun="contact", shared_with=rita, verb="update")
    assert can(again(rita), "contact:update", other)
    kept = merge_contact(one, actor=actor, other=other)
    assert can(again(rita), "contact:update", kept)
    undo(other.pk, actor)
    assert not can(again(rita), "contact:update", one)
    assert can(again(rita), "contact:update", other)


def test_later_edits_are_kept_and_later_work_goes_with_its_lead(two, run_events):
    one, other, actor = two
    lead = make_lead(contact=other)
    kept = merge_contact(one, actor=actor, other=other)
    update_contact(kept, actor=actor, city="Delhi")
    note = make_activity(contact=kept, subject="About the person")
    call = make_activity(contact=kept, lead=Lead.objects.get(pk=lead.pk), subject="About the lead")
    undo(other.pk, actor)
    run_events()
    one.refresh_from_db()
    assert one.city == "Delhi"
    assert (one.phone, one.job_title) == ("", "")
    owners = {row.pk: row.contact_id for row in Activity.objects.all()}
    assert (owners[note.pk], owners[call.pk]) == (one.pk, other.pk)
    assert Lead.objects.get(pk=lead.pk).contact_id == other.pk


def test_who_bought_something_meanwhile_stays_a_customer(two, run_events):
    one, other, actor = two
    Contact.objects.filter(pk=other.pk).update(stage="customer")
    make_deal("won", contact=other)
    merge_contact(one, actor=actor, other=Contact.objects.get(pk=other.pk))
    make_deal("won", contact=Contact.objects.get(pk=one.pk))
    undo(other.pk, actor)
    run_events()
    assert set(Contact.objects.values_list("stage", flat=True)) == {"customer"}
    assert INVARIANTS["I7-customer"].check() == []


@pytest.mark.parametrize("seed", range(6))
def test_merge_edit_unmerge_leaves_every_row_where_it_belongs(max_, run_events, seed):
    dice, actor = random.Random(seed), as_actor(max_)
    contacts = [
        make_contact(first_name="Meera", phone=f"+91 98765 4321{at}" if dice.random() < 0.6 else "",
                     do_not_contact=dice.random() < 0.2, custom={"size": at} if dice.random() < 0.5 else {})
        for at in range(3)
    ]  # fmt: skip
    for contact in contacts:
        furnish(contact, dice)
    one, other, _third = contacts
    before = places()
    facts = {row.pk: row for row in Contact.objects.all()}
    merge_contact(one, actor=actor, other=other, take=dice.choice([None, ["email", "custom:size"], ["phone"]]))
    assert all(owner != other.pk for owner in places().values())
    after = set(places())
    edited = dice.random() < 0.5
    if edited:
        update_contact(Contact.objects.get(pk=one.pk), actor=actor, industry="Dental")
    furnish(Contact.objects.get(pk=one.pk), dice, later=True)
    operation = undo(other.pk, actor)
    assert operation.conflict_count == 0
    run_events()
    now = places()
    assert {key: now.get(key) for key in before} == before
    new = {key: owner for key, owner in now.items() if key not in before and key not in after}
    assert set(new.values()) <= {one.pk}
    for pk, row in facts.items():
        found = Contact.objects.get(pk=pk)
        for name in ("first_name", "email_folded", "phone_e164", "custom", "do_not_contact", "stage"):
            assert getattr(found, name) == getattr(row, name), name
    assert Contact.objects.get(pk=one.pk).industry == ("Dental" if edited else "")
    assert all(INVARIANTS[key].check() == [] for key in ("I6", "I7", "I7-customer"))


def furnish(contact, dice, *, later=False):
    """Give a contact some rows of many kinds."""
    for _ in range(dice.randrange(3)):
        make_activity(contact=contact)
    if dice.random() < 0.7:
        lead = make_lead(contact=contact)
        make_activity(contact=contact, lead=lead)
        if dice.random() < 0.4:
            make_lead("converted", "INTERESTED", contact=contact)
    if dice.random() < 0.4:
        make_deal(contact=contact)
    for name in dice.sample(["vip", "north", "trade"], dice.randrange(3)):
        contact.tags.add(Tag.objects.get_or_create(name=name)[0])
    if dice.random() < 0.5:
        Consent.objects.create(contact=contact, channel="email", state=dice.choice(["given", "withdrawn"]))
    if dice.random() < 0.5:
        add_address(contact, actor=SYSTEM, channel="postal", value=f"{contact.pk} Main Street {dice.random()}")
    if dice.random() < 0.6:
        talk, _ = Conversation.objects.get_or_create(contact=contact)
        Message.objects.create(contact=contact, conversation=talk, direction="in")


def places():
    """Return {(table, row): contact} for every row that leads to a contact; links by what they join."""
    found = {}
    for model, column in pointers_to(Contact):
        if model is ContactMerge:
            continue
        name = model._meta.label
        if model is Contact.tags.through:
            for contact, tag in model.objects.values_list("contact_id", "tag_id"):
                found[name, contact, tag] = contact
        else:
            rows = model._base_manager.exclude(**{column.name: None})
            for pk, contact in rows.values_list("pk", column.attname):
                found[name, column.name, pk] = contact
    return found
