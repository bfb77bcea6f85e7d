"""Typed custom fields: made without code, asked in forms, judged in REST, kept when nobody asks any more."""

import pytest

from core.errors import Invalid, Refused
from crm.actions.custom_fields import delete_custom_field
from crm.models import Contact, CustomField, Deal, Lead
from crm.queries.custom_fields import answers, custom_fields_for
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_lead
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
API = "/api/v1/crm"


def field(noun="contact", label="Size", type="number", **more):  # noqa: A002 - the column's name
    from core.actions import run

    return run("custom_field.create", actor=SYSTEM, data={"noun": noun, "label": label, "type": type, **more})


@pytest.fixture
def fields():
    """One field of each type about contacts."""
    return [
        field(label="Size"), field(label="Birthday", type="date"), field(label="Newsletter", type="yes-no"),
        field(label="Plan", type="choice", choices=["Free", "Team"]), field(label="Site", type="url"),
        field(label="Pet", type="text"),
    ]  # fmt: skip


def test_a_key_comes_from_the_label_and_is_given_once():
    assert field(label="Company size (people)").key == "company_size_people"
    with pytest.raises(Refused):
        field(label="Company size: people?")
    assert field("lead", label="Company size people").key == "company_size_people"


@pytest.mark.parametrize(
    "wrong",
    [{"label": "Größe", "key": "__"}, {"label": "2nd"}, {"label": "Contains"}, {"label": "Plan", "type": "choice"},
     {"label": "Plan", "type": "colour"}, {"label": "Size", "noun": "planet"}, {"label": ""}],
)  # fmt: skip
def test_a_field_that_could_not_work_is_refused(wrong):
    with pytest.raises(Invalid):
        field(**wrong)
    assert not CustomField.objects.exists()


def test_values_are_stored_by_their_type(rita, fields):
    said = {"size": 12.5, "birthday": "1990-02-28", "newsletter": False, "plan": "team"}
    sent = {"email": "m@x.example", "custom": {**said, "site": "acme.in", "pet": "Cat"}}
    answer = api_client(rita).post(f"{API}/contacts", sent, content_type="application/json")
    assert answer.status_code == 201
    assert answer.json()["custom"] == {
        "size": 12.5, "birthday": "1990-02-28", "newsletter": False, "plan": "Team", "site": "https://acme.in",
        "pet": "Cat",
    }  # fmt: skip


@pytest.mark.parametrize(
    "custom",
    [{"size": "12"}, {"size": True}, {"birthday": "1990-02-30"}, {"birthday": 19900228}, {"newsletter": "yes"},
     {"plan": "Gold"}, {"site": "javascript:alert(1)"}, {"pet": ["Cat"]}, {"size": {"a": 1}}, {"colour": "red"},
     {"size": 10**30}, [1], "size"],
)  # fmt: skip
def test_a_wrong_type_or_an_unknown_key_is_refused(rita, fields, custom):
    sent = {"first_name": "Meera", "email": "m@x.example", "custom": custom}
    answer = api_client(rita).post(f"{API}/contacts", sent, content_type="application/json")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["custom"])
    assert not Contact.objects.exists()


def test_what_is_not_sent_stays_and_null_clears(rita, fields):
    row = make_contact(owner=rita, custom={"size": 5, "pet": "Cat", "imported_long_ago": "x"})
    client = api_client(rita)
    client.patch(f"{API}/contacts/{row.pk}", {"city": "Pune"}, content_type="application/json")
    row.refresh_from_db()
    assert row.custom == {"size": 5, "pet": "Cat", "imported_long_ago": "x"}
    client.patch(
        f"{API}/contacts/{row.pk}", {"custom": {"size": None, "plan": "Free"}}, content_type="application/json"
    )
    row.refresh_from_db()
    assert row.custom == {"pet": "Cat", "imported_long_ago": "x", "plan": "Free"}


def test_the_form_asks_with_the_right_input_and_starts_with_what_is_known(rita, fields):
    row = make_contact(owner=rita, custom={"size": 5, "birthday": "1990-02-28", "newsletter": True})
    client = browser(rita)
    page = client.get(f"/contacts/{row.pk}/edit/").content.decode()
    for part in ('name="custom_size" value="5"', 'type="date"', 'value="1990-02-28"', '<option value="yes" selected>'):
        assert part in page
    typed = {"first_name": "Asha", "email": row.email, "stage": "prospect", "custom_size": "7", "custom_plan": "Team",
             "custom_birthday": "", "custom_newsletter": "no", "custom_site": "", "custom_pet": ""}  # fmt: skip
    assert client.post(f"/contacts/{row.pk}/edit/", typed).status_code == 303
    row.refresh_from_db()
    assert row.custom == {"size": 7, "plan": "Team", "newsletter": False}
    page = client.post(f"/contacts/{row.pk}/edit/", {**typed, "custom_size": "many"})
    assert page.status_code == 422
    assert "Enter a number." in page.content.decode()


def test_a_required_field_is_asked_at_the_start_and_cannot_be_emptied(rita):
    field("lead", "Budget", is_required=True)
    client = api_client(rita)
    sent = {"email": "m@x.example"}
    answer = client.post(f"{API}/leads", sent, content_type="application/json")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["custom_budget"])
    answer = client.post(f"{API}/leads", {**sent, "custom": {"budget": 900}}, content_type="application/json")
    assert (answer.status_code, answer.json()["custom"]) == (201, {"budget": 900})
    lead = Lead.objects.get()
    url = f"{API}/leads/{lead.pk}"
    assert client.patch(url, {"city": "Pune"}, content_type="application/json").status_code == 200
    assert client.patch(url, {"custom": {"budget": None}}, content_type="application/json").status_code == 422
    assert make_lead(owner=rita) and Lead.objects.get(pk=lead.pk).custom == {"budget": 900}


def test_deals_have_them_too(rita):
    field("deal", "Until", "date")
    deal = make_deal(owner=rita)
    url = f"{API}/deals/{deal.pk}"
    answer = api_client(rita).patch(url, {"custom": {"until": "2027-01-31"}}, content_type="application/json")
    assert answer.status_code == 200
    assert Deal.objects.get().custom == {"until": "2027-01-31"}


def test_a_dropped_field_is_asked_no_more_and_its_answers_stay(rita, fields):
    row = make_contact(owner=rita, custom={"size": 5})
    delete_custom_field(fields[0], actor=SYSTEM)
    assert ("Size", "5") in [(one.label, one.text) for one in answers(Contact.objects.get())]
    assert "custom_size" not in browser(rita).get(f"/contacts/{row.pk}/edit/").content.decode()


def test_only_administrators_define_fields_and_everybody_reads_them(people, fields):
    for short in ("max", "rita", "mia"):
        client = browser(getattr(people, short))
        assert client.get("/settings/fields/").status_code == 403
    assert len(custom_fields_for(as_actor(people.rita))) == 6
    client = browser(people.ada)
    assert b"Newsletter" in client.get("/settings/fields/").content
    sent = {"noun": "lead", "label": "Fuel", "type": "choice", "choices": "Gas\r\nPetrol\r\n\r\nGas"}
    assert client.post("/settings/fields/new/", sent).status_code == 303
    fuel = CustomField.objects.get(noun="lead")
    assert fuel.choices == ["Gas", "Petrol"]
    assert client.post(f"/settings/fields/{fuel.pk}/", {"label": "Fuels", "choices": "Gas"}).status_code == 303
    fuel.refresh_from_db()
    assert (fuel.label, fuel.key, fuel.choices) == ("Fuels", "fuel", ["Gas"])
    assert client.post(f"/settings/fields/{fuel.pk}/delete/").status_code == 303
    assert not CustomField.objects.filter(noun="lead").exists()


def test_the_admin_defines_fields_and_shows_their_inputs(ada, fields):
    client = browser(ada)
    sent = {"noun": "deal", "label": "Until", "type": "date"}
    assert client.post("/admin/crm/customfield/add/", sent).status_code == 302
    row = make_contact(custom={"size": 3})
    page = client.get(f"/admin/crm/contact/{row.pk}/change/").content.decode()
    assert 'name="custom_size" value="3"' in page
    sent = {"first_name": "Asha", "email": row.email, "stage": "prospect", "custom_size": "4"}
    assert client.post(f"/admin/crm/contact/{row.pk}/change/", sent).status_code == 302
    row.refresh_from_db()
    assert row.custom == {"size": 4}
