"""The palette and the search page: what they offer, to whom, and at what cost."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.actions.contacts import update_contact
from tests.factories.crm import make_contact, make_deal, make_lead
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db
PALETTE = {"HX-Request": "true", "HX-Target": "pal-list"}


def offered(client, typed=""):
    """Return the groups of the palette with the names of their options."""
    html = client.get("/search/", {"q": typed}, headers=PALETTE).content.decode()
    groups = re.findall(r'role="group" aria-label="([^"]+)">(.*?)</div>', html, re.DOTALL)
    return {label: re.findall(r'<span class="cut">([^<]+)<', body) for label, body in groups}


def test_without_a_text_it_shows_what_the_person_worked_on_last_then_actions_and_pages(rita):
    first, last = (make_contact(first_name="Asha", owner=rita), make_contact(first_name="Meera", owner=rita))
    make_contact(first_name="Untouched", owner=rita)
    for contact in (first, last):
        update_contact(contact, actor=as_actor(rita), city="Pune")
    found = offered(browser(rita))
    assert list(found) == ["Recent", "Actions", "Pages"]
    assert found["Recent"] == [last.name, first.name]
    assert "Log a call" in found["Actions"] and "Leads" in found["Pages"]


def test_it_offers_only_what_the_person_may_do(people):
    for user, may in ((people.rita, True), (people.vic, False)):
        client = browser(user)
        assert ("New lead" in offered(client).get("Actions", [])) is may
        assert ("New lead" in offered(client, "new le").get("Go to", [])) is may
        assert ("People" in offered(client).get("Pages", [])) is False
    assert "People" in offered(browser(people.ada), ">peo")["Pages"]


def test_records_are_grouped_the_nearest_first_and_others_leads_are_left_out(rita, ron):
    contact = make_contact(first_name="Asha", last_name="Rao", company_name="Blue Lotus", city="Pune")
    make_lead(contact=contact, owner=rita, title="Website")
    make_lead(contact=contact, owner=ron, title="Secret")
    make_deal(contact=contact, owner=rita, title="Website care")
    for typed in ("asha rao", "asah lotus"):
        found = offered(browser(rita), typed)
        assert found == {"Contacts": ["Asha Rao"], "Leads": ["Website"], "Deals": ["Website care"]}
    assert "Blue Lotus, Pune" in browser(rita).get("/search/?q=asha").content.decode()


def test_signs_in_front_ask_for_actions_or_for_people(rita):
    make_contact(first_name="New", last_name="Lead", owner=rita)
    make_contact(kind="company", first_name="", last_name="", company_name="New Leads Ltd", owner=rita)
    client = browser(rita)
    assert offered(client, "> new le") == {"Actions": ["New lead"]}
    assert offered(client, "@new") == {"Contacts": ["New Lead"]}
    assert list(offered(client, "new le")) == ["Go to", "Contacts"]


def test_the_page_works_without_script_and_leads_to_the_whole_list(rita):
    contact = make_contact(first_name="Asha", last_name="Rao", phone="+91 98765 43210")
    page = browser(rita).get("/search/?q=98765").content.decode()
    assert contact.get_absolute_url() in page
    assert "/contacts/?q=98765" in page
    assert "tel:+919876543210" in page
    assert contact.name in browser(rita).get("/contacts/?q=98765").content.decode()


def test_it_costs_the_same_with_one_hit_and_with_thirty(rita):
    client = browser(rita)
    counts = []
    for number in (1, 29):
        for _ in range(number):
            contact = make_contact(first_name="Asha", last_name="Rao", owner=rita)
            make_deal(contact=contact, owner=rita)
            make_lead(contact=contact, owner=rita)
        client.get("/search/?q=asha", headers=PALETTE)
        for typed in ("", "asha", "asha wao"):
            with CaptureQueriesContext(connection) as asked:
                client.get("/search/", {"q": typed}, headers=PALETTE)
            counts.append((typed, len(asked)))
    assert all(many <= few for (_, few), (_, many) in zip(counts[:3], counts[3:], strict=True)), counts
    assert max(count for _, count in counts) <= 20, counts


@pytest.mark.parametrize("typed", ["\0", "<b>&", "%00", "a" * 5000, '"', "@", ">", "@@", "'--", "💥", "*:* | !"])
def test_odd_texts_find_nothing_and_break_nothing(rita, typed):
    make_contact(first_name="Asha", owner=rita)
    assert browser(rita).get("/search/", {"q": typed}).status_code in (200, 400)
    assert browser(rita).get("/contacts/", {"q": typed}).status_code in (200, 400)


def test_the_admin_searches_as_the_lists_do(ada):
    contact = make_contact(first_name="Asha", last_name="Rao")
    make_lead(contact=contact, title="Website")
    make_deal(contact=contact, title="Website care")
    client = browser(ada)
    for noun, name in (("contact", "Asha Rao"), ("lead", "Website"), ("deal", "Website care")):
        page = client.get(f"/admin/crm/{noun}/?q=asah", follow=True).content.decode()
        assert name in page and "1 result" in page
    assert "search_words" not in client.get(f"/admin/crm/contact/{contact.pk}/change/", follow=True).content.decode()
