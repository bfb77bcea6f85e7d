"""Two editors of one record: what one of them changed is merged, what both changed is asked; nothing is lost."""

import html
import json
import os
import re
import threading

import pytest
from django.db import connection

from core.actions import run
from core.errors import Refused
from crm.models import Deal, Lead
from tests.factories.crm import make_activity, make_contact, make_deal, make_item, make_lead
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
TRIALS = int(os.environ.get("TRIALS", "200"))  # a thousand was measured on both databases


def form_of(client, address: str) -> dict[str, str]:
    """What a browser would post from the form at an address."""
    page = client.get(address).content.decode()
    form = re.search(r'<form id="sheet-form".*?</form>', page, re.DOTALL)[0]
    return fields_of(form)


def fields_of(form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = attribute(tag, "name"), attribute(tag, "value")
        if name and (('type="checkbox"' not in tag and 'type="radio"' not in tag) or " checked" in tag):
            found[name] = value if 'type="checkbox"' not in tag else (value or "on")
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = html.unescape(body).removeprefix("\n").replace("\n", "\r\n")
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', body)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


def attribute(tag: str, name: str) -> str:
    value = re.search(rf'\s{name}="([^"]*)"', tag)
    return html.unescape(value[1]) if value else ""


def test_changes_to_different_fields_are_both_kept(people):
    lead = make_lead(owner=people.rita, city="Pune", next_step="Call")
    rita, max_ = browser(people.rita), browser(people.max)
    address = f"/leads/{lead.pk}/edit/"
    hers, his = form_of(rita, address), form_of(max_, address)
    assert max_.post(address, {**his, "city": "Delhi"}).status_code == 303
    answer = rita.post(address, {**hers, "next_step": "Visit"}, follow=True)
    lead = Lead.objects.get(pk=lead.pk)
    assert (lead.city, lead.next_step, lead.version) == ("Delhi", "Visit", 3)
    assert "What others changed is kept: City" in answer.content.decode()


def test_the_same_field_is_asked_with_both_values_and_who_and_the_choice_is_saved(people):
    lead = make_lead(owner=people.rita, city="Pune", industry="Dental", next_step="Call")
    rita, max_ = browser(people.rita), browser(people.max)
    address = f"/leads/{lead.pk}/edit/"
    hers, his = form_of(rita, address), form_of(max_, address)
    max_.post(address, {**his, "city": "Delhi", "industry": "Hospital"})
    answer = rita.post(address, {**hers, "city": "Jaipur", "industry": "Clinic", "next_step": "Visit"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert Lead.objects.get(pk=lead.pk).city == "Delhi"
    for words in ("Max Manager changed this while you were editing", "Delhi", "Jaipur", "Clinic"):
        assert words in page
    assert page.count("pick-") == 4
    choice = fields_of(re.search(r'<form id="sheet-form".*?</form>', page, re.DOTALL)[0])
    saved = rita.post(address, {**choice, "pick-city": "theirs", "pick-industry": "mine"})
    assert saved.status_code == 303
    lead = Lead.objects.get(pk=lead.pk)
    assert (lead.city, lead.industry, lead.next_step) == ("Delhi", "Clinic", "Visit")


def test_a_third_editor_in_between_is_asked_about_again(people):
    lead = make_lead(owner=people.rita, city="Pune")
    rita, max_ = browser(people.rita), browser(people.max)
    address = f"/leads/{lead.pk}/edit/"
    hers = form_of(rita, address)
    max_.post(address, {**form_of(max_, address), "city": "Delhi"})
    page = rita.post(address, {**hers, "city": "Jaipur"}).content.decode()
    choice = fields_of(re.search(r'<form id="sheet-form".*?</form>', page, re.DOTALL)[0])
    max_.post(address, {**form_of(max_, address), "city": "Agra"})
    again = rita.post(address, choice)
    assert again.status_code == 409
    assert "Agra" in again.content.decode()


def test_equal_changes_are_no_conflict(people):
    lead = make_lead(owner=people.rita, city="Pune")
    rita, max_ = browser(people.rita), browser(people.max)
    address = f"/leads/{lead.pk}/edit/"
    hers, his = form_of(rita, address), form_of(max_, address)
    max_.post(address, {**his, "city": "Delhi"})
    assert rita.post(address, {**hers, "city": "Delhi"}).status_code == 303


def edits(people):
    """Address, one field, two other values of it, and how to read it, for every record form."""
    contact = make_contact(owner=people.rita, city="Pune")
    deal = make_deal(owner=people.rita)
    task = make_activity(actor=people.rita, contact=contact)
    item = make_item()
    yield f"/contacts/{contact.pk}/edit/", "city", ("Delhi", "Agra")
    yield f"/deals/{deal.pk}/edit/", "title", ("Second", "Third")
    yield f"/deals/{deal.pk}/edit/", "value", ("5000.00", "6000.00")
    yield f"/tasks/{task.pk}/", "body", ("one\r\ntwo", "three")
    yield f"/items/{item.pk}/edit/", "name", ("Second", "Third")


def test_every_record_form_asks_and_merges(people):
    ada, bob = browser(people.ada), browser(people.ada)
    for address, field, (first, second) in edits(people):
        mine, theirs = form_of(ada, address), form_of(bob, address)
        assert "was" in mine, address
        assert bob.post(address, {**theirs, field: first}).status_code == 303, address
        untouched = ada.post(address, mine)
        assert untouched.status_code == 303, (address, untouched.content.decode()[-3000:])
        mine = form_of(ada, address)
        assert mine[field] == first, "saving an old form untouched takes nothing back"
        assert bob.post(address, {**mine, field: second}).status_code == 303, address
        asked = ada.post(address, {**mine, field: f"{first}9"})
        assert asked.status_code == 409, address
        assert f'name="pick-{field}"' in asked.content.decode(), address


def test_a_form_without_its_beginnings_asks_about_every_field_that_differs(people):
    lead = make_lead(owner=people.rita, title="Before")
    client = browser(people.rita)
    typed = {"title": "After", "version": lead.version}
    assert client.post(f"/leads/{lead.pk}/edit/", typed).status_code == 303
    again = client.post(f"/leads/{lead.pk}/edit/", {**typed, "title": "Later"})
    assert again.status_code == 409
    assert "changed this while you were editing" in again.content.decode()
    broken = client.post(f"/leads/{lead.pk}/edit/", {**typed, "title": "x", "was": "[[["})
    assert broken.status_code == 409
    assert Lead.objects.get(pk=lead.pk).title == "After"


def test_rest_answers_409_with_the_fields_that_differ(people):
    deal = make_deal(owner=people.rita, title="First")
    client, path = api_client(people.rita), f"/api/v1/crm/deals/{deal.pk}"

    def patch(body, **headers):
        return client.patch(path, json.dumps(body), content_type="application/json", headers=headers)

    assert patch({"title": "Second", "version": deal.version}).status_code == 200
    stale = patch({"title": "Third", "value": "12", "version": deal.version})
    assert stale.status_code == 409
    problem = stale.json()
    assert (problem["code"], problem["version"]) == ("stale", deal.version + 1)
    assert problem["fields"] == {
        "title": {"yours": "Third", "now": "Second"},
        "value": {"yours": "12", "now": "48000.00"},
    }
    assert patch({"title": "Third"}, **{"If-Match": f'"{deal.version}"'}).status_code == 409
    assert patch({"title": "Third"}, **{"If-Match": f'"{problem["version"]}"'}).status_code == 200
    assert patch({"title": "Third"}, **{"If-Match": "soon"}).status_code == 422
    assert patch({"title": "Fourth"}).status_code == 200, "who names no version writes over"
    assert Deal.objects.get(pk=deal.pk).value_minor == 4_800_000


def test_the_admin_carries_the_version_and_says_what_differs(people):
    lead = make_lead(city="Pune")
    ada = browser(people.ada)
    address = f"/admin/crm/lead/{lead.pk}/change/"
    page = ada.get(address).content.decode()
    form = fields_of(re.search(r'<form[^>]*id="lead_form".*?</form>', page, re.DOTALL)[0])
    assert form["version"] == str(lead.version)
    assert ada.post(address, {**form, "city": "Delhi"}).status_code == 302
    answer = ada.post(address, {**form, "city": "Agra"}, follow=True)
    assert "City is “Delhi” now" in html.unescape(answer.content.decode())
    assert Lead.objects.get(pk=lead.pk).city == "Delhi"


def add_one(pk: int, actor, tries: list[int]) -> None:
    """Read a number, add one, write it with the version that was read; again when somebody was first."""
    while True:
        tries[0] += 1
        lead = Lead.objects.get(pk=pk)
        number = int(lead.next_step or 0) + 1
        data = {"title": lead.title, "next_step": str(number), "version": lead.version}
        try:
            run("lead.update", lead, actor=actor, data=data)
        except Refused as error:
            if error.code != "stale":
                raise
        else:
            return


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_update_of_eight_threads_is_lost(people):
    lead, actor = make_lead(owner=people.rita), as_actor(people.rita)
    tries = [[0] for _ in range(8)]

    def work(count: list[int]) -> None:
        for _ in range(TRIALS // 8):
            add_one(lead.pk, actor, count)
        connection.close()

    threads = [threading.Thread(target=work, args=(count,)) for count in tries]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert Lead.objects.get(pk=lead.pk).next_step == str(TRIALS // 8 * 8)
    assert sum(count[0] for count in tries) > TRIALS // 8 * 8, "nobody was ever in another's way"


def test_a_cell_merges_what_others_changed_elsewhere_and_asks_about_its_own_field(people):
    lead = make_lead(owner=people.rita, city="Pune", next_step="Call")
    rita, address = browser(people.rita), f"/leads/{lead.pk}/cell/next_step/"
    page = rita.get(address).content.decode()
    cell = fields_of(re.search(r'<form id="cell-form".*?</form>', page, re.DOTALL)[0])
    theirs = {"title": lead.title, "city": "Agra", "next_step": "Call"}
    run("lead.update", lead, actor=as_actor(people.max), data=theirs)
    assert rita.post(address, {**cell, "next_step": "Visit"}).status_code == 303
    lead = Lead.objects.get(pk=lead.pk)
    assert (lead.city, lead.next_step) == ("Agra", "Visit")
    answer = rita.post(address, {**cell, "next_step": "Write"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Rita Rep set this to “Visit” meanwhile" in html.unescape(page)
    cell = fields_of(re.search(r'<form id="cell-form".*?</form>', page, re.DOTALL)[0])
    assert rita.post(address, cell).status_code == 303
    assert Lead.objects.get(pk=lead.pk).next_step == "Write"
