"""The contact pages and the search over everything."""

import pytest

from accounts.models import Grant
from accounts.roles import REP
from crm.models import Contact
from tests.factories.crm import make_contact, make_deal, make_lead
from tests.people import browser


@pytest.mark.parametrize(
    ("who", "page", "form"),
    [
        ("ada", 200, 200),
        ("max", 200, 200),
        ("rita", 200, 200),
        ("mia", 200, 200),
        ("sam", 200, 403),
        ("vic", 200, 403),
        ("fin", 200, 403),
    ],
)
def test_everybody_reads_contacts_and_some_add_them(people, who, page, form):
    client = browser(getattr(people, who))
    contact = make_contact()
    assert client.get("/contacts/").status_code == page
    assert client.get(contact.get_absolute_url()).status_code == page
    assert client.get("/contacts/new/").status_code == form


def test_a_rep_changes_only_their_own_contacts(rita, ron):
    mine, theirs = make_contact(owner=rita), make_contact(owner=ron)
    client = browser(rita)
    assert client.get(f"/contacts/{mine.pk}/edit/").status_code == 200
    assert client.get(f"/contacts/{theirs.pk}/edit/").status_code == 403
    typed = {"first_name": "Changed", "email": theirs.email, "stage": "prospect"}
    assert client.post(f"/contacts/{theirs.pk}/edit/", typed).status_code == 403
    assert not Contact.objects.filter(first_name="Changed").exists()


def test_the_edit_form_starts_with_what_is_known(rita):
    contact = make_contact(owner=rita, job_title="Dentist", phone="+91 98765 43210")
    page = browser(rita).get(f"/contacts/{contact.pk}/edit/").content.decode()
    assert 'value="Dentist"' in page
    assert 'value="+91 98765 43210"' in page


def test_a_person_needs_a_way_to_be_reached(rita):
    answer = browser(rita).post("/contacts/new/", {"kind": "person", "first_name": "Meera"})
    assert answer.status_code == 422
    assert "Give an email address or a phone number." in answer.content.decode()
    assert 'value="Meera"' in answer.content.decode()


def test_the_page_shows_only_leads_and_deals_that_the_reader_may_see(rita, ron):
    contact = make_contact(owner=rita)
    make_lead(contact=contact, owner=ron, title="Hidden lead")
    make_deal(contact=contact, owner=ron, title="Hidden deal")
    make_deal(contact=contact, owner=rita, title="Open deal")
    page = browser(rita).get(contact.get_absolute_url()).content.decode()
    assert "Open deal" in page
    assert "Hidden" not in page


def test_the_search_finds_by_name_email_and_phone_what_the_person_may_see(rita, ron):
    contact = make_contact(first_name="Meera", email="meera@sharma.example", phone="+91 98765 43210", owner=rita)
    make_lead(contact=contact, owner=ron, title="Someone else's")
    client = browser(rita)
    for typed in ("Meera", "meera@sharma", "98765432"):
        page = client.get("/search/", {"q": typed}).content.decode()
        assert contact.get_absolute_url() in page
        assert "Someone else" not in page


def test_the_palette_gets_options_and_the_page_gets_a_page(rita):
    make_contact(first_name="Meera")
    client = browser(rita)
    options = client.get("/search/?q=meera", headers={"HX-Request": "true", "HX-Target": "pal-list"}).content.decode()
    assert options.lstrip().startswith('<div id="pal-list" role="listbox"')
    assert 'role="option"' in options
    assert "<html" in client.get("/search/?q=meera").content.decode()


def test_a_search_for_nothing_says_what_to_try(rita):
    page = browser(rita).get("/search/?q=zzzz").content.decode()
    assert "Nothing matches" in page


def test_a_business_shows_the_people_whom_the_reader_may_see(rita, ron):
    Grant.objects.create(role=REP, permission="contact:read", scope="own")
    company = make_contact(kind="company", company_name="Acme", owner=rita)
    make_contact(first_name="Seen", company=company, owner=rita)
    make_contact(first_name="Hidden", company=company, owner=ron)
    text = browser(rita).get(company.get_absolute_url()).content.decode()
    assert "Seen" in text
    assert "Hidden" not in text
