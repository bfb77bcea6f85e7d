"""Contacts are found again, corrected under a version, and deleted only when nothing hangs on them."""

import pytest
from django.db import IntegrityError, transaction

from core.actions import run
from core.errors import Denied, Invalid, Refused
from core.models import Event
from crm.actions.contacts import become_customer, create_contact, delete_contact, reassign_contact, update_contact
from crm.forms.contacts import UpdateContactForm
from crm.models import Contact, ContactAddress
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_lead
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def test_a_rep_makes_a_contact_with_tags_through_the_form(people):
    data = {"first_name": "Asha", "email": "Asha.Rao@Gmail.com", "phone": "098765 43210", "tags": "VIP, vip, retail"}
    contact = run("contact.create", actor=as_actor(people.rita), data=data)
    assert contact.owner == people.rita
    assert (contact.email, contact.email_folded) == ("Asha.Rao@Gmail.com", "asharao@gmail.com")
    assert contact.phone_e164 == "+919876543210"
    assert sorted(tag.name for tag in contact.tags.all()) == ["retail", "vip"]
    assert contact.addresses.filter(is_primary=True).count() == 2


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"first_name": "Asha"}, "__all__"),
        ({"email": "nobody"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"kind": "company"}, "company_name"),
        ({"email": "a@acme.in", "custom": "[1]"}, "custom"),
        ({"email": "a@acme.in", "custom": {"a": "\0"}}, "custom"),
        ({"email": "a@acme.in", "timezone": "Mars/Base"}, "timezone"),
    ],
)
def test_wrong_values_are_named(people, data, field):
    with pytest.raises(Invalid) as wrong:
        run("contact.create", actor=as_actor(people.rita), data=data)
    assert list(wrong.value.errors) == [field]
    assert not Contact.objects.exists()


def test_the_database_refuses_an_unreachable_person():
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.create(first_name="Asha")
    Contact.objects.create(kind="company", company_name="Acme")


def test_an_address_belongs_to_one_contact():
    make_contact(email="asha.rao@gmail.com", phone="98765 43210")
    for facts in ({"email": "asharao@googlemail.com"}, {"phone": "+91 98765-43210"}):
        with pytest.raises(Refused) as refusal:
            create_contact(actor=SYSTEM, **facts)
        assert refusal.value.code == "duplicate"
    other = make_contact()
    with pytest.raises(Refused):
        update_contact(other, actor=SYSTEM, email="asharao@gmail.com")
    assert Contact.objects.count() == 2


def test_a_changed_address_keeps_its_history():
    contact = create_contact(actor=SYSTEM, email="asha@old.in")
    update_contact(contact, actor=SYSTEM, email="asha@new.in")
    old, new = ContactAddress.objects.order_by("id")
    assert (old.value, old.is_primary, old.valid_until is not None) == ("asha@old.in", False, True)
    assert (new.value, new.is_primary, new.valid_until) == ("asha@new.in", True, None)
    assert Event.objects.get(name="contact.updated").data["changes"] == {"email": ["asha@old.in", "asha@new.in"]}


def test_a_contact_cannot_lose_its_last_address():
    contact = make_contact()
    with pytest.raises(Invalid):
        update_contact(contact, actor=SYSTEM, email="")
    assert Contact.objects.get().email


def test_an_edit_with_an_old_version_is_refused():
    contact = make_contact()
    update_contact(contact, actor=SYSTEM, version=1, city="Pune")
    with pytest.raises(Refused) as refusal:
        update_contact(contact, actor=SYSTEM, version=1, city="Goa")
    assert refusal.value.code == "stale"
    assert Contact.objects.get().city == "Pune"


def test_an_unchanged_form_changes_nothing(people):
    contact = create_contact(actor=SYSTEM, email="asha@acme.in", first_name="Asha", tags=["vip"])
    run("contact.update", contact, actor=SYSTEM, data=UpdateContactForm.values(contact))
    fresh = Contact.objects.get()
    assert fresh.version == contact.version
    assert not Event.objects.filter(name="contact.updated").exists()


def test_a_rep_edits_own_contacts_only(people):
    contact = make_contact(owner=people.rita)
    for person in (people.ron, people.sam, people.mia, people.vic):
        with pytest.raises(Denied):
            update_contact(contact, actor=as_actor(person), city="Pune")
    assert update_contact(contact, actor=as_actor(people.rita), city="Pune").city == "Pune"


def test_reassigning_takes_at_least_a_manager(people):
    contact = make_contact(owner=people.rita)
    with pytest.raises(Denied):
        reassign_contact(contact, actor=as_actor(people.rita), owner=people.ron)
    for person in (people.max, people.ada):
        assert reassign_contact(contact, actor=as_actor(person), owner=people.ron).owner == people.ron


def test_deleting_takes_an_admin_and_no_deals(people):
    contact = make_lead().contact
    with pytest.raises(Denied):
        delete_contact(contact, actor=as_actor(people.max))
    deal = make_deal()
    with pytest.raises(Refused):
        delete_contact(deal.contact, actor=as_actor(people.ada))
    delete_contact(contact, actor=as_actor(people.ada))
    assert list(Contact.objects.all()) == [deal.contact]


def test_becoming_a_customer_happens_once():
    contact = make_contact()
    become_customer(contact, actor=SYSTEM)
    become_customer(contact, actor=SYSTEM)
    assert Contact.objects.get().stage == "customer"
    assert Event.objects.filter(name="contact.became_customer").count() == 1


def test_a_person_abroad_and_one_known_by_reference_only_can_be_edited(people):
    actor = as_actor(people.rita)
    abroad = create_contact(actor=actor, phone="020 7946 0958", country="GB")
    by_reference = make_contact(owner=people.rita, email="", email_folded=None, external_ref="x:1")
    for contact in (abroad, by_reference):
        data = UpdateContactForm.values(contact) | {"city": "Pune"}
        assert run("contact.update", contact, actor=actor, data=data).city == "Pune"
    abroad.refresh_from_db()
    assert abroad.phone_e164 == "+442079460958"
