"""The set-up: its end is few taps away, steps are skipped and resumed, sample data comes and goes."""

import re

import pytest

from accounts.models import User, Workspace
from core import registry
from core.models import Event
from crm.actions.contacts import update_contact
from crm.models import Contact, ImportRun, Lead, SetupStep
from tests.factories.crm import make_lead, make_pipeline
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db


def fields_of(answer) -> dict[str, str]:
    """Return what the first form of a page would send."""
    html = answer.content.decode()
    form = answer.context["form"]
    assert f'action="{answer.request["PATH_INFO"]}"' in html
    return {bound.html_name: bound.value() or "" for bound in form.visible_fields()}


class Tapping:
    """A person who opens pages and presses buttons, and counts."""

    def __init__(self, user: User) -> None:
        self.client, self.taps = browser(user), 0

    def press(self, address: str, **data):
        self.taps += 1 + len(data)
        answer = self.client.post(address, data)
        assert answer.status_code == 303, (address, answer.content[:300])
        return answer["Location"]


def test_a_person_ends_the_set_up_with_sample_data_in_at_most_forty_taps(people, run_events, time_machine):
    person = Tapping(people.ada)
    make_pipeline()
    begun = person.client.get("/setup/")
    assert "About 15 minutes left" in begun.content.decode()
    first = fields_of(person.client.get("/setup/business/"))
    person.taps += 2
    to = person.press("/setup/business/", **{**first, "name": "Rangoli Web", "about": "Websites"})
    assert to == "/setup/team/"
    assert Workspace.objects.get().name == "Rangoli Web"
    to = person.press(to, email="nia@rangoli.example", name="Nia", roles="sales-rep")
    assert to == "/setup/team/" and User.objects.filter(email="nia@rangoli.example").exists()
    assert person.press("/setup/team/end/") == "/setup/leads/"
    person.press("/setup/sample/")
    run_events()
    assert Lead.objects.count() == 6
    assert "6 sample leads are here" in person.client.get("/setup/").content.decode()
    to = person.press("/setup/leads/end/")
    assert to == "/setup/channels/"
    assert "No mail server is set" in person.client.get(to).content.decode()
    assert person.press("/setup/channels/end/") == "/setup/pipeline/"
    assert "Change the stages" in person.client.get("/setup/pipeline/").content.decode()
    assert person.press("/setup/pipeline/end/") == "/setup/workflow/"
    assert person.press("/setup/workflow/end/") == "/setup/"
    assert "You are ready" in person.client.get("/setup/").content.decode()
    assert person.taps <= 40, person.taps
    steps = SetupStep.objects.all()
    assert len(steps) == 6 and all(step.seconds is not None for step in steps)
    moved = Event.objects.filter(name="setup.moved")
    assert [event.data["step"] for event in moved.order_by("pk")] == [
        "business",
        "team",
        "leads",
        "channels",
        "pipeline",
        "workflow",
    ]


def test_steps_are_skipped_and_resumed_and_their_time_is_kept(people, time_machine):
    time_machine.move_to("2026-11-21 10:00", tick=False)
    person = Tapping(people.ada)
    assert person.press("/setup/business/end/", skipped="1") == "/setup/team/"
    time_machine.move_to("2026-11-21 10:02", tick=False)
    assert person.press("/setup/team/end/") == "/setup/leads/"
    rows = {row.key: row for row in SetupStep.objects.all()}
    assert rows["business"].is_skipped and not rows["team"].is_skipped
    assert rows["team"].seconds == 120
    assert rows["leads"].ended_at is None
    shown = person.client.get("/setup/").content.decode()
    assert "About 10 minutes left" in shown and "Skipped" in shown
    first = fields_of(person.client.get("/setup/business/"))
    assert person.press("/setup/business/", **first) == "/setup/leads/"
    assert not SetupStep.objects.get(key="business").is_skipped


def test_wrong_words_come_back_with_what_was_typed(people):
    page = browser(people.ada)
    answer = page.post("/setup/business/", {"name": "", "about": "Websites", "currency": "QQQ"})
    assert answer.status_code == 422
    assert "Websites" in answer.content.decode()
    answer = page.post("/setup/team/", {"email": people.rita.email, "name": "R", "roles": "viewer"})
    assert answer.status_code == 422
    assert "This person is here already." in answer.content.decode()
    assert page.get("/setup/nothing/").status_code == 404


def test_the_checklist_stays_on_today_until_it_is_done_or_put_away(people):
    page = browser(people.ada)
    assert re.search(r'href="/setup/business/"', page.get("/today/").content.decode())
    assert "/setup/business/" not in browser(people.rita).get("/today/").content.decode()
    assert browser(people.rita).get("/setup/").status_code == 403
    page.post("/setup/checklist/end/")
    assert "/setup/business/" not in page.get("/today/").content.decode()


def test_clearing_takes_the_sample_data_alone_and_keeps_what_people_changed(people, run_events):
    mine = make_lead(owner=people.rita)
    page = browser(people.ada)
    page.post("/setup/sample/")
    assert page.post("/setup/sample/").status_code == 409
    run_events()
    run = ImportRun.objects.get()
    assert Contact.objects.filter(import_run=run).count() == 6
    edited = Contact.objects.get(email="ravi@gupta-sweets.example")
    update_contact(edited, actor=as_actor(people.ada), city="Udaipur")
    run_events()
    shown = page.get("/setup/").content.decode()
    assert "You worked on these" in shown and "Ravi Gupta" in shown
    assert "Meera" not in shown
    answer = page.post("/setup/sample/", {"clear": "1"})
    assert answer.status_code == 303 and answer["Location"].startswith("/operations/")
    assert list(Contact.objects.filter(import_run=run)) == [edited]
    assert Lead.objects.filter(pk=mine.pk).exists()
    assert "Ravi Gupta" in page.get(answer["Location"]).content.decode()
    assert page.post("/setup/sample/", {"clear": "1"}).status_code == 409


def test_an_untouched_sample_goes_without_a_trace_and_comes_again(people, run_events):
    page = browser(people.ada)
    page.post("/setup/sample/")
    run_events()
    answer = page.post("/setup/sample/", {"clear": "1"})
    assert (answer.status_code, answer["Location"]) == (303, "/setup/")
    assert not Contact.objects.exists() and not Lead.objects.exists()
    page.post("/setup/sample/")
    run_events()
    assert Lead.objects.count() == 6


def test_help_is_linked_from_the_same_place_on_every_page(people):
    page = browser(people.rita)
    for address, topic in (("/today/", "#today"), ("/leads/", "#leads"), ("/documents/", "#documents"), ("/help/", "")):
        shown = page.get(address).content.decode()
        assert 'href="/help/"' in shown and f'href="/help/{topic}" aria-label="Help with this page"' in shown, address
    shown = page.get("/help/").content.decode()
    assert "Ctrl K" in shown and "What the pages are for" in shown


def test_every_place_of_the_menu_has_its_help(people):
    shown = browser(people.rita).get("/help/").content.decode()
    assert [key for key in registry.MENU if f'<div id="{key}">' not in shown] == []
