"""What strangers write becomes a lead, once, with the consent that they gave."""

import pytest

from accounts.actor import Actor
from accounts.models import User
from core.actions import run
from core.errors import Denied, Invalid, NotFound
from crm.actions.public_forms import submit_public_form
from crm.forms.public_forms import public_form_class
from crm.models import Activity, Consent, Contact, Lead, PublicForm
from tests.factories.crm import make_lead, make_public_form
from tests.people import as_actor

pytestmark = pytest.mark.django_db
STRANGER = Actor.anonymous(ip="192.0.2.7")
FILLED = {"first_name": "Asha", "email": "asha@acme.in", "note": "Please send a quote", "consent": "on"}


def test_a_stranger_becomes_a_lead_with_consent(people):
    assert people.rita
    lead = submit_public_form(make_public_form(), actor=STRANGER, data=FILLED, utm={"utm_source": "ads"})
    assert (lead.source, lead.owner, lead.utm) == ("web", people.rita, {"utm_source": "ads"})
    assert lead.facts["asks_to_buy"] == "yes"
    consent = Consent.objects.get()
    assert (consent.state, consent.ip, consent.proof) == ("given", "192.0.2.7", "You may write to me about this.")
    assert Activity.objects.get().body == "Please send a quote"


def test_coming_twice_joins():
    form = make_public_form()
    first = submit_public_form(form, actor=STRANGER, data=FILLED)
    again = submit_public_form(form, actor=STRANGER, data=FILLED | {"email": "ASHA@ACME.IN"})
    assert first.pk == again.pk
    assert Lead.objects.count() == Contact.objects.count() == 1


def test_the_trap_catches_robots_silently():
    assert submit_public_form(make_public_form(), actor=STRANGER, data=FILLED | {"website": "http://spam"}) is None
    assert not Contact.objects.exists()


def test_without_a_tick_there_is_no_consent():
    submit_public_form(make_public_form(), actor=STRANGER, data=FILLED | {"consent": ""})
    assert not Consent.objects.exists()


@pytest.mark.parametrize("wrong", [{"email": ""}, {"email": "asha"}, {"phone": "12"}])
def test_wrong_values_take_nobody_in(wrong):
    with pytest.raises(Invalid):
        submit_public_form(make_public_form(), actor=STRANGER, data=FILLED | wrong)
    assert not Contact.objects.exists()


def test_a_stranger_sets_nothing_that_was_not_asked(people):
    owned = make_lead(owner=people.rita)
    data = FILLED | {"owner": owned.pk, "status": "qualified", "score": "100", "source": "referral", "industry": "x"}
    lead = submit_public_form(make_public_form(), actor=STRANGER, data=data)
    assert (lead.status, lead.source, lead.industry) == ("new", "web", "")


def test_a_closed_form_is_not_there():
    with pytest.raises(NotFound):
        submit_public_form(make_public_form(is_active=False), actor=STRANGER, data=FILLED)


def test_marketing_builds_forms(people):
    data = {
        "slug": "talk",
        "title": "Talk",
        "fields_asked": ["email", "first_name"],
        "is_active": "on",
        "owner": people.rita.pk,
    }
    form = run("public_form.create", actor=as_actor(people.mia), data=data)
    assert (form.fields, form.owner_rule, form.owner) == (["first_name", "email"], "fixed", people.rita)
    assert list(public_form_class(form).base_fields) == ["first_name", "email", "website"]
    with pytest.raises(Invalid):
        run("public_form.create", actor=as_actor(people.mia), data=data)
    with pytest.raises(Invalid):
        run("public_form.create", actor=as_actor(people.mia), data=data | {"slug": "x", "fields_asked": ["first_name"]})
    with pytest.raises(Denied):
        run("public_form.create", actor=as_actor(people.rita), data=data)
    changed = run("public_form.update", form, actor=as_actor(people.mia), data=data | {"title": "Hello", "owner": ""})
    assert (changed.title, changed.owner_rule) == ("Hello", "route")
    assert PublicForm.objects.count() == 1


def test_a_lead_of_somebody_who_sells_no_more_is_routed(people):
    form = make_public_form(owner=people.rita, owner_rule="fixed")
    assert submit_public_form(form, actor=STRANGER, data=FILLED).owner == people.rita
    assert people.ron
    User.objects.filter(pk=people.rita.pk).update(is_active=False)
    again = PublicForm.objects.get(pk=form.pk)
    assert submit_public_form(again, actor=STRANGER, data=FILLED | {"email": "ben@acme.in"}).owner == people.ron
