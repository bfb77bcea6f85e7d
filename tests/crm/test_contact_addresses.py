"""Several addresses for a contact: which one is written to, since when, and what was agreed about it."""

from datetime import date

import pytest
import time_machine

from core import clock
from core.errors import Invalid, Refused
from core.models import Event
from crm.actions.addresses import add_address, make_primary, retire_address
from crm.actions.consent import give_consent, suppress_address, withdraw_consent
from crm.actions.contacts import create_contact, update_contact
from crm.forms.addresses import RetireAddressForm
from crm.models import Contact, ContactAddress
from crm.queries.addresses import addresses_of
from crm.queries.consent import may_contact
from crm.queries.contacts import known_contact
from outreach.queries.outgoing import may_leave
from tests.factories.crm import SYSTEM
from tests.people import api_client, browser

pytestmark = pytest.mark.django_db
API = "/api/v1/crm"


@pytest.fixture
def meera(rita):
    return create_contact(actor=SYSTEM, first_name="Meera", email="meera@acme.in", owner=rita)


def held(contact, channel="email"):
    rows = contact.addresses.filter(channel=channel)
    return {row.value: (row.is_primary, row.valid_until is not None) for row in rows}


def test_a_further_address_stands_beside_the_main_one(meera):
    add_address(meera, actor=SYSTEM, channel="email", value="Meera@Home.example", label="home")
    contact = add_address(meera, actor=SYSTEM, channel="phone", value="098765 43210")
    assert (contact.email, contact.phone, contact.phone_e164) == ("meera@acme.in", "098765 43210", "+919876543210")
    assert held(meera) == {"meera@acme.in": (True, False), "Meera@Home.example": (False, False)}
    assert known_contact(folded="meera@home.example") == meera
    assert Event.objects.filter(name="contact.updated", contact_id=meera.pk).count() == 2


def test_making_another_one_the_main_one_keeps_both(meera):
    add_address(meera, actor=SYSTEM, channel="email", value="m@home.example")
    contact = make_primary(ContactAddress.objects.get(folded="m@home.example"), actor=SYSTEM)
    assert (contact.email, contact.email_folded) == ("m@home.example", "m@home.example")
    assert held(meera) == {"meera@acme.in": (False, False), "m@home.example": (True, False)}


def test_a_retired_address_is_never_written_to_and_still_found(meera):
    add_address(meera, actor=SYSTEM, channel="email", value="m@home.example")
    contact = retire_address(ContactAddress.objects.get(folded="meera@acme.in"), actor=SYSTEM)
    assert contact.email == "m@home.example"
    assert may_contact(contact, "email", address="m@home.example").allowed
    refusal = may_contact(contact, "email", address="meera@acme.in")
    assert refusal.reason == "meera@acme.in is no address of Meera any more."
    assert "no address" in may_leave(contact=contact, lead=None, to_address="meera@acme.in", purpose="reply")
    assert known_contact(folded="meera@acme.in") == meera
    with pytest.raises(Refused):
        make_primary(ContactAddress.objects.get(folded="meera@acme.in"), actor=SYSTEM)


def test_a_new_holder_of_an_old_address_comes_first(meera):
    add_address(meera, actor=SYSTEM, channel="phone", value="+91 98765 43210")
    retire_address(meera.addresses.get(channel="phone"), actor=SYSTEM)
    assert known_contact(phone="+919876543210") == meera
    ron = create_contact(actor=SYSTEM, first_name="Ron", phone="+91 98765 43210")
    assert known_contact(phone="+919876543210") == ron


def test_the_only_way_to_reach_a_person_stays(meera):
    with pytest.raises(Refused, match="only way to reach"):
        retire_address(meera.addresses.get(), actor=SYSTEM)
    meera.refresh_from_db()
    assert (meera.email, held(meera)) == ("meera@acme.in", {"meera@acme.in": (True, False)})


def test_an_email_address_belongs_to_one_contact_and_a_number_may_be_shared(meera):
    other = create_contact(actor=SYSTEM, first_name="Anil", email="anil@acme.in", phone="+91 20 2553 4411")
    with pytest.raises(Refused, match="address of Anil"):
        add_address(meera, actor=SYSTEM, channel="email", value="ANIL@acme.in")
    contact = add_address(meera, actor=SYSTEM, channel="phone", value="020 2553 4411")
    assert (contact.phone, held(contact, "phone")) == ("", {"020 2553 4411": (False, False)})
    assert known_contact(phone="+912025534411") == other
    add_address(other, actor=SYSTEM, channel="email", value="second@acme.in")
    with pytest.raises(Refused):
        create_contact(actor=SYSTEM, first_name="New", email="second@acme.in")


@pytest.mark.parametrize("wrong", [{"channel": "email", "value": "no address"}, {"channel": "phone", "value": "12"}])
def test_what_is_no_address_is_refused(meera, wrong):
    with pytest.raises(Invalid):
        add_address(meera, actor=SYSTEM, **wrong)
    with pytest.raises(Refused):
        add_address(meera, actor=SYSTEM, channel="email", value="MEERA@acme.in")


def test_correcting_the_main_address_retires_what_it_was(meera):
    update_contact(meera, actor=SYSTEM, email="meera.new@acme.in")
    assert held(meera) == {"meera@acme.in": (False, True), "meera.new@acme.in": (True, False)}


def test_consent_is_for_the_address_it_was_given_for_and_a_no_for_all(meera):
    Contact.objects.filter(pk=meera.pk).update(country="DE")
    meera.refresh_from_db()
    give_consent(meera, actor=SYSTEM, channel="email", source="form")
    add_address(meera, actor=SYSTEM, channel="email", value="m@home.example")
    assert may_contact(meera, "email", marketing=True).allowed
    assert not may_contact(meera, "email", marketing=True, address="m@home.example").allowed
    give_consent(meera, actor=SYSTEM, channel="email", source="form", address="m@home.example")
    assert may_contact(meera, "email", marketing=True, address="m@home.example").allowed
    withdraw_consent(meera, actor=SYSTEM, channel="email", purpose="marketing")
    for address in ("meera@acme.in", "m@home.example"):
        assert not may_contact(meera, "email", marketing=True, address=address).allowed


def test_the_page_says_what_was_agreed_about_each(meera, rita):
    add_address(meera, actor=SYSTEM, channel="email", value="m@home.example")
    add_address(meera, actor=SYSTEM, channel="phone", value="+91 98765 43210")
    give_consent(meera, actor=SYSTEM, channel="email", source="form")
    suppress_address(actor=SYSTEM, channel="whatsapp", address="+91 98765 43210", reason="asked")
    marks = {line.row.value: [words for words, _ in line.marks] for line in addresses_of(meera)}
    assert marks == {
        "meera@acme.in": ["Email agreed"], "m@home.example": [], "+91 98765 43210": ["WhatsApp blocked"],
    }  # fmt: skip
    page = browser(rita).get(meera.get_absolute_url()).content.decode()
    for part in ('href="tel:+919876543210"', 'href="https://wa.me/919876543210"', "WhatsApp blocked", "Email agreed"):
        assert part in page


def test_addresses_come_and_go_by_page_and_program(meera, rita, ron):
    client = browser(rita)
    new = f"/contacts/{meera.pk}/addresses/new/"
    assert client.post(new, {"channel": "email", "value": "m@home.example"}).status_code == 303
    assert client.post(new, {"channel": "email", "value": "m@home"}).status_code == 422
    row = meera.addresses.get(folded="m@home.example")
    assert client.post(f"/addresses/{row.pk}/main/").status_code == 303
    future = {"valid_until": "2199-01-01"}
    assert client.post(f"/addresses/{row.pk}/retire/", future).status_code == 422
    assert client.post(f"/addresses/{row.pk}/retire/").status_code == 303
    assert browser(ron).post(f"/addresses/{row.pk}/retire/").status_code == 403
    api = api_client(rita)
    sent = {"channel": "phone", "value": "+91 98765 43210", "is_primary": True}
    answer = api.post(f"{API}/contacts/{meera.pk}/addresses", sent, content_type="application/json")
    assert (answer.status_code, answer.json()["phone"]) == (200, "+91 98765 43210")
    listed = api.get(f"{API}/contacts/{meera.pk}/addresses").json()["results"]
    assert [(row["value"], row["is_primary"], row["valid_until"]) for row in listed] == [
        ("meera@acme.in", True, None), ("+91 98765 43210", True, None),
        ("m@home.example", False, clock.now().date().isoformat()),
    ]  # fmt: skip
    url = f"{API}/addresses/{listed[1]['id']}/retire"
    assert api.post(url, {}, content_type="application/json").json()["phone"] == ""


@time_machine.travel("2026-06-01 20:00+00:00", tick=False)  # in India it is the second already
def test_days_are_those_of_the_workspace(meera):
    june = date(2026, 6, 2)
    add_address(meera, actor=SYSTEM, channel="phone", value="098765 43210")
    add_address(meera, actor=SYSTEM, channel="email", value="m@home.example")
    update_contact(meera, actor=SYSTEM, email="new@acme.in")
    rows = dict(meera.addresses.values_list("value", "valid_from"))
    assert {rows[value] for value in ("098765 43210", "m@home.example", "new@acme.in")} == {june}
    assert meera.addresses.get(value="meera@acme.in").valid_until == june
    form = RetireAddressForm({"valid_until": "2026-06-02"})
    assert form.is_valid(), form.errors
    home = meera.addresses.get(value="m@home.example")
    retire_address(home, actor=SYSTEM)
    assert meera.addresses.get(value="m@home.example").valid_until == june
