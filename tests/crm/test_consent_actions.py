"""Nobody is written to who said no, in whatever spelling their address comes back."""

import pytest

from core.errors import Denied, Invalid
from crm.actions.consent import give_consent, suppress_address, withdraw_consent
from crm.actions.contacts import create_contact, delete_contact
from crm.actions.leads import create_lead
from crm.models import Consent, Suppression
from crm.queries.consent import is_suppressed, may_contact
from tests.factories.crm import SYSTEM, make_contact
from tests.people import as_actor

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "spelling", ["asha.rao@gmail.com", "ASHARAO@GMAIL.COM", "asharao+shop@googlemail.com", " a.s.h.a.r.a.o@gmail.com "]
)
def test_suppression_holds_in_every_spelling(spelling):
    suppress_address(actor=SYSTEM, channel="email", address="asha.rao@gmail.com", reason="complaint")
    assert is_suppressed("email", spelling)
    contact = make_contact(email=spelling.strip())
    assert not may_contact(contact, "email")
    assert not is_suppressed("sms", spelling)


def test_suppression_outlives_the_contact(people):
    lead = create_lead(actor=SYSTEM, email="asha@acme.in", consent={"source": "form"})
    withdraw_consent(lead.contact, actor=SYSTEM, channel="email", reason="unsubscribe")
    delete_contact(lead.contact, actor=as_actor(people.ada))
    again = create_lead(actor=SYSTEM, email="ASHA@acme.in", consent={"source": "form"}, on_duplicate="join")
    assert not may_contact(again.contact, "email", marketing=True)
    assert Suppression.objects.count() == 1
    assert "asha" not in Suppression.objects.get().fingerprint


def test_withdrawal_is_per_channel():
    contact = make_contact(phone="98765 43210")
    withdraw_consent(contact, actor=SYSTEM, channel="email")
    assert not may_contact(contact, "email")
    assert may_contact(contact, "sms")


def test_withdrawing_marketing_leaves_business_mail():
    contact = make_contact()
    give_consent(contact, actor=SYSTEM, channel="email", source="form")
    withdraw_consent(contact, actor=SYSTEM, channel="email", purpose="marketing")
    assert may_contact(contact, "email")
    assert not may_contact(contact, "email", marketing=True)
    give_consent(contact, actor=SYSTEM, channel="email", source="form")
    assert may_contact(contact, "email", marketing=True)
    assert Consent.objects.count() == 3


def test_do_not_contact_closes_every_channel():
    contact = make_contact(phone="98765 43210", do_not_contact=True)
    for channel in ("email", "sms", "whatsapp", "phone"):
        assert not may_contact(contact, channel)


@pytest.mark.parametrize(("country", "free"), [("IN", True), ("US", True), ("", True), ("DE", False), ("CA", False)])
def test_some_countries_want_a_yes_before_marketing(country, free):
    contact = make_contact(country=country)
    assert bool(may_contact(contact, "email", marketing=True)) is free
    assert may_contact(contact, "email")
    give_consent(contact, actor=SYSTEM, channel="email", source="form")
    assert may_contact(contact, "email", marketing=True)


def test_without_an_address_there_is_nobody_to_write_to():
    verdict = may_contact(make_contact(), "sms")
    assert not verdict
    assert "phone number" in verdict.reason


def test_only_those_who_edit_a_contact_speak_for_it(people):
    contact = make_contact(owner=people.rita)
    for person in (people.ron, people.sam, people.vic, people.mia):
        with pytest.raises(Denied):
            give_consent(contact, actor=as_actor(person), channel="email", source="phone call")
    give_consent(contact, actor=as_actor(people.rita), channel="email", source="phone call")
    assert Consent.objects.count() == 1


def test_suppressing_twice_is_once_and_rubbish_is_refused():
    for _ in range(2):
        suppress_address(actor=SYSTEM, channel="phone", address="098765 43210", reason="stop")
    assert Suppression.objects.count() == 1
    with pytest.raises(Invalid):
        suppress_address(actor=SYSTEM, channel="email", address="nobody", reason="hard")


def test_the_question_costs_the_same_for_any_history(django_assert_num_queries):
    contact = make_contact(country="IN")
    for _ in range(5):
        give_consent(contact, actor=SYSTEM, channel="email", source="form")
    with django_assert_num_queries(2):
        may_contact(contact, "email", marketing=True)


def test_a_stop_is_for_the_number_as_the_contacts_own_country_dials_it():
    contact = create_contact(actor=SYSTEM, phone="(415) 555-0100", country="US")
    withdraw_consent(contact, actor=SYSTEM, channel="sms")
    assert is_suppressed("sms", "+1 415 555 0100")
    assert not is_suppressed("sms", "+91 4155550100")
