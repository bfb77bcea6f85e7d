"""The lead pages: who sees them, what they offer, and how they answer."""

import pytest

from crm.models import Activity, Deal, Lead
from tests.factories.crm import make_contact, make_lead, make_pipeline
from tests.people import browser

HTMX = {"HX-Request": "true"}


def htmx(target: str) -> dict[str, str]:
    return {**HTMX, "HX-Target": target}


@pytest.mark.parametrize(
    ("who", "page", "form"),
    [
        ("ada", 200, 200),
        ("max", 200, 200),
        ("rita", 200, 200),
        ("ron", 200, 200),
        ("mia", 200, 200),
        ("vic", 200, 403),
        ("sam", 403, 403),
        ("fin", 403, 403),
    ],
)
def test_the_list_and_the_form_open_for_the_roles_of_the_matrix(people, who, page, form):
    client = browser(getattr(people, who))
    assert client.get("/leads/").status_code == page
    assert client.get("/leads/new/").status_code == form


def test_a_rep_finds_only_their_own_leads(rita, ron):
    mine, theirs = make_lead(owner=rita, title="Mine"), make_lead(owner=ron, title="Theirs")
    client = browser(rita)
    page = client.get("/leads/").content.decode()
    assert mine.get_absolute_url() in page
    assert theirs.get_absolute_url() not in page
    assert client.get(mine.get_absolute_url()).status_code == 200
    assert client.get(theirs.get_absolute_url()).status_code == 404
    assert client.post(f"/leads/{theirs.pk}/qualify/").status_code == 404


def test_a_viewer_reads_a_lead_and_is_offered_nothing(vic, rita):
    lead = make_lead("contacted", "CONTACTED", owner=rita)
    page = browser(vic).get(lead.get_absolute_url()).content.decode()
    assert "Mark interested" not in page
    assert f"/leads/{lead.pk}/edit/" not in page


def test_marketing_reads_a_lead_without_its_conversation(mia, rita):
    lead = make_lead("contacted", "CONTACTED", owner=rita)
    page = browser(mia).get(lead.get_absolute_url()).content.decode()
    assert "Your role does not include conversations." in page
    assert f"/leads/{lead.pk}/thread/" not in page


def test_the_path_shows_ticks_the_next_move_and_what_later_steps_wait_for(rita):
    lead = make_lead("contacted", "CONTACTED", owner=rita)
    page = browser(rita).get(lead.get_absolute_url()).content.decode()
    assert f'action="/leads/{lead.pk}/qualify/"' in page
    assert "Opens when the payment arrives." in page


def test_a_move_that_the_score_forbids_says_so_instead_of_failing(rita):
    lead = make_lead("contacted", "CONTACTED", owner=rita, score=12)
    client = browser(rita)
    page = client.get(lead.get_absolute_url()).content.decode()
    assert "The score is 12; it takes 30." in page
    assert f'action="/leads/{lead.pk}/qualify/"' not in page
    assert client.post(f"/leads/{lead.pk}/qualify/").status_code in {409, 422}


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("new", "NEW"),
        ("contacted", "CONTACTED"),
        ("contacted", "INTERESTED"),
        ("qualified", "INTERESTED"),
        ("converted", "PROPOSAL_SENT"),
        ("converted", "PAID"),
        ("disqualified", "CONTACTED"),
    ],
)
def test_every_pair_of_states_has_a_page(max_, rita, status, stage):
    lead = make_lead(status, stage, owner=rita)
    page = browser(max_).get(lead.get_absolute_url())
    assert page.status_code == 200
    assert page.content.count(b'aria-current="step"') == 1


def test_the_reasons_on_the_page_are_those_of_the_score(rita):
    reasons = [
        {"factor": "start", "label": "Starting score", "points": 26},
        {"factor": "city", "label": "No website", "points": -4},
    ]
    lead = make_lead(owner=rita, score=22, score_reasons=reasons)
    page = browser(rita).get(lead.get_absolute_url()).content.decode()
    assert "+26" in page
    assert "−4" in page
    assert "The points add up to 22." in page


def test_a_new_lead_is_saved_once_however_often_the_button_is_pressed(rita):
    client = browser(rita)
    typed = {"first_name": "Meera", "email": "meera@sharma.example", "key": "once"}
    first, second = client.post("/leads/new/", typed), client.post("/leads/new/", typed)
    assert first.status_code == second.status_code == 303
    assert first["Location"] == second["Location"]
    assert Lead.objects.count() == 1


def test_wrong_values_come_back_with_what_was_typed(rita):
    answer = browser(rita).post("/leads/new/", {"first_name": "Meera", "email": "not an address"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Meera"' in page
    assert 'value="not an address"' in page
    assert 'aria-invalid="true"' in page
    assert Lead.objects.count() == 0


def test_a_duplicate_is_refused_in_words_and_keeps_the_form(rita):
    make_lead(owner=rita, contact=make_contact(email="meera@sharma.example"))
    typed = {"first_name": "Meera", "email": "meera@sharma.example"}
    answer = browser(rita).post("/leads/new/", typed)
    assert answer.status_code == 409
    assert "Lead already exists" in answer.content.decode()
    assert 'value="Meera"' in answer.content.decode()


def test_the_form_is_a_sheet_for_htmx_and_a_page_for_the_rest(rita):
    lead = make_lead(owner=rita)
    client = browser(rita)
    sheet = client.get(f"/leads/{lead.pk}/edit/", headers=htmx("sheet-form")).content.decode()
    page = client.get(f"/leads/{lead.pk}/edit/").content.decode()
    assert sheet.lstrip().startswith('<form id="sheet-form"')
    assert "<html" in page
    assert page.count('id="sheet-form"') == 1


@pytest.mark.parametrize("part", ["lead-bar", "lead-head", "lead-info", "lead-main", "lead-latest"])
def test_each_part_of_the_lead_page_fetches_itself(rita, part):
    lead = make_lead(owner=rita)
    answer = browser(rita).get(lead.get_absolute_url(), headers=htmx(part))
    assert "<html" not in answer.content.decode()
    assert f'id="{part}"' in answer.content.decode()
    assert "HX-Target" in answer["Vary"]


def test_the_rows_fetch_themselves_for_a_search(rita):
    make_lead(owner=rita, title="Sharma", contact=make_contact(first_name="Meera"))
    make_lead(owner=rita, title="Royal", contact=make_contact(first_name="Imran"))
    answer = browser(rita).get("/leads/?q=meera", headers=htmx("list-rows")).content.decode()
    assert answer.lstrip().startswith('<div class="flat" id="list-rows"')
    assert "Meera" in answer
    assert "Imran" not in answer


def test_pages_follow_one_another_without_losing_or_repeating_a_lead(max_):
    made = {make_lead(score=number % 100).pk for number in range(60)}
    client, seen, address = browser(max_), [], "/leads/"
    while address:
        answer = client.get(address)
        rows = answer.context["rows"]
        seen += [lead.pk for lead in rows]
        address = f"/leads/?cursor={rows.next}" if rows.next else ""
    assert len(seen) == len(set(seen)) == 60
    assert set(seen) == made


@pytest.mark.parametrize("noun", ["leads", "contacts", "deals/list", "tasks"])
def test_a_list_asks_the_database_as_often_for_30_rows_as_for_one(
    max_, rita, noun, django_assert_max_num_queries, django_assert_num_queries
):
    from core import clock
    from tests.factories.crm import make_activity

    def add() -> None:
        lead = make_lead("converted", "PROPOSAL_SENT", owner=rita)
        make_activity(lead=lead, contact=lead.contact, actor=rita, due_at=clock.now())

    add()
    client = browser(max_)
    client.get(f"/{noun}/")
    with django_assert_max_num_queries(40) as one:
        client.get(f"/{noun}/")
    for _ in range(29):
        add()
    with django_assert_num_queries(len(one)):
        client.get(f"/{noun}/")


def test_the_lead_page_stays_within_the_budget_of_queries(rita, django_assert_max_num_queries):
    lead = make_lead("converted", "PROPOSAL_SENT", owner=rita)
    client = browser(rita)
    client.get(lead.get_absolute_url())
    with django_assert_max_num_queries(40):
        client.get(lead.get_absolute_url())


def test_a_lead_walks_from_new_to_converted_by_the_buttons_of_its_page(rita):
    make_pipeline()
    lead = make_lead(owner=rita, score=60)
    client = browser(rita)
    call = {"outcome": "Spoke", "next": "tomorrow"}
    assert client.post(f"/tasks/log/?lead={lead.pk}", call).status_code == 303
    assert client.post(f"/leads/{lead.pk}/qualify/").status_code == 303
    assert client.post(f"/leads/{lead.pk}/convert/", {"value": "48000"}).status_code == 303
    lead = Lead.objects.get(pk=lead.pk)
    assert (lead.status, lead.stage) == ("converted", "INTERESTED")
    assert Deal.objects.get(lead=lead).value_minor == 4_800_000
    assert Activity.objects.filter(lead=lead, type="call").count() == 2


def test_a_verb_answers_htmx_with_an_event_and_stays_on_the_page(rita):
    lead = make_lead("contacted", "CONTACTED", owner=rita, score=60)
    answer = browser(rita).post(f"/leads/{lead.pk}/qualify/", headers=HTMX)
    assert answer.status_code == 204
    assert "lead-changed" in answer["HX-Trigger"]
    assert "Marked interested." in answer["HX-Trigger"]


def test_disqualifying_needs_a_reason_and_can_be_taken_back(rita):
    lead = make_lead("contacted", "CONTACTED", owner=rita)
    client = browser(rita)
    assert client.post(f"/leads/{lead.pk}/disqualify/", {}).status_code == 422
    typed = {"reason": "No budget"}
    assert client.post(f"/leads/{lead.pk}/disqualify/", typed).status_code == 303
    assert "No budget" in client.get(lead.get_absolute_url()).content.decode()
    assert client.post(f"/leads/{lead.pk}/reopen/").status_code == 303
    assert Lead.objects.get(pk=lead.pk).status == "new"


def test_only_who_may_delete_is_offered_it_and_only_before_the_first_word(ada, max_):
    lead = make_lead()
    address = f"/leads/{lead.pk}/delete/"
    assert browser(max_).get(address).status_code == 403
    assert browser(ada).get(address).status_code == 200
    assert browser(ada).post(address).status_code == 303
    written_to = make_lead("contacted", "CONTACTED")
    assert browser(ada).post(f"/leads/{written_to.pk}/delete/").status_code == 409
    assert list(Lead.objects.all()) == [written_to]


def test_the_page_names_the_next_step_and_the_ways_to_reach_somebody(rita):
    contact = make_contact(owner=rita, phone="+91 98765 43210")
    lead = make_lead(owner=rita, contact=contact, next_step="Send the price list")
    page = browser(rita).get(lead.get_absolute_url()).content.decode()
    assert "</span>Send the price list" in page
    assert 'href="https://wa.me/919876543210"' in page
    assert 'href="tel:+919876543210" data-called="/tasks/log/?lead=' in page


def test_notes_have_a_tab_where_one_is_added(rita):
    lead = make_lead(owner=rita)
    client = browser(rita)
    assert "No notes yet." in client.get(f"/leads/{lead.pk}/?tab=notes").content.decode()
    address = f"/tasks/new/?lead={lead.pk}&type=note"
    assert "New note" in client.get(address).content.decode()
    typed = {"type": "note", "subject": "Knows our founder", "lead": lead.pk}
    assert client.post(address, typed).status_code == 303
    tab = client.get(f"/leads/{lead.pk}/?tab=notes", headers=htmx("lead-main")).content.decode()
    assert "Knows our founder" in tab
