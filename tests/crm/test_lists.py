"""Lists: few statements, whole pages whatever is empty, views and columns of one's own, cells, files, bad input."""

import csv
import io
from datetime import date, datetime, timedelta

import pytest
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actions.saved_views import save_view
from accounts.models import SavedView
from core import clock
from core.errors import Invalid
from core.lists import SPECS, matching
from core.pages import keys_in_order, paginate
from crm.models import Activity, Contact, CustomField, Deal, Lead
from tests.factories.crm import make_activity, make_contact, make_deal, make_item, make_lead
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
PAGES = ("/leads/", "/contacts/", "/deals/list/", "/tasks/", "/items/", "/people/", "/proposals/",
         "/billing/", "/billing/invoices/", "/contacts/?sort=-last_activity_at")  # fmt: skip
ENDPOINTS = ("leads", "contacts", "deals", "activities", "items")
HTMX = {"HX-Request": "true"}


def add(owner, number: int) -> None:
    lead = make_lead("converted", "INTERESTED", owner=owner, score=number % 90)
    make_deal(owner=owner, contact=lead.contact)
    make_activity(lead=lead, contact=lead.contact, actor=owner, due_at=clock.now())
    make_item()
    Contact.objects.filter(pk=lead.contact_id).update(last_activity_at=clock.now())


def counted(ask) -> int:
    ask()
    with CaptureQueriesContext(connection) as queries:
        assert ask().status_code == 200
    return len(queries)


@pytest.mark.parametrize("who", ["ada", "max", "rita"])
def test_every_list_asks_as_little_for_30_rows_as_for_one(people, who):
    person = getattr(people, who)
    page, program = browser(person), api_client(person)
    asks = {url: lambda url=url: page.get(url) for url in PAGES if who == "ada" or "people" not in url}
    asks |= {noun: lambda noun=noun: program.get(f"/api/v1/crm/{noun}") for noun in ENDPOINTS}
    add(person, 1)
    one = {name: counted(ask) for name, ask in asks.items()}
    for number in range(29):
        add(person, number)
    many = {name: counted(ask) for name, ask in asks.items()}
    assert many == one
    assert {name: count for name, count in one.items() if count > 8} == {}


@pytest.mark.parametrize("sort", ["expected_close_on", "-expected_close_on", "value", "-created_at"])
def test_pages_hold_every_row_once_forwards_and_back_with_empty_values_last(people, sort):
    for number in range(12):
        day = date(2026, 1, 1 + number % 4) if number % 3 else None
        make_deal(expected_close_on=day, value_minor=number % 2)
    spec = SPECS["deals"]
    order = (f"-{spec.sorts[sort[1:]]}", "-pk") if sort.startswith("-") else (spec.sorts[sort], "pk")
    rows, seen, cursor, backs = Deal.objects.all(), [], "", []
    for _ in range(5):
        page = paginate(rows, cursor, per_page=3, order=order, count_to=10)
        assert page.counted == 11  # more than ten
        seen, cursor = [*seen, *page.rows], page.next
        backs.append(page.previous)
        if not cursor:
            break
    assert [deal.pk for deal in seen] == keys_in_order(rows, order, 100)
    assert len({deal.pk for deal in seen}) == len(seen) == 12
    back = paginate(rows, backs[-1], per_page=3, order=order)
    assert back.rows == seen[6:9]
    if "close" in sort:
        filled = [deal.expected_close_on for deal in seen if deal.expected_close_on]
        assert filled == sorted(filled, reverse=sort.startswith("-"))
        assert [deal.expected_close_on for deal in seen[len(filled) :]] == [None] * 4


def test_a_count_is_exact_up_to_a_thousand_and_rough_above(ada):
    rows = [Lead(contact=make_contact(), title=str(number)) for number in range(1_001)]
    Lead.objects.bulk_create(rows[:1_000])
    client = browser(ada)
    assert "of 1,000 leads" in client.get("/leads/").content.decode()
    Lead.objects.bulk_create(rows[1_000:])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_lead")  # the estimate is the planner's
    html = client.get("/leads/").content.decode()
    assert "of 1,000+ leads" in html or "of about 1,0" in html


@pytest.mark.parametrize("address", [
    "?colour=red", "?sort=password", "?score-op=drop&score=1", "?score=ten", "?score=1e999", "?owner=me;--",
    "?created=0001-01-01&created-op=after", "?created=9999-99-99&created-op=after", "?created=-1&created-op=last",
    "?view=999999", "?estimated_value=NaN&estimated_value-op=min", "?cursor=W1tbW1tb",
    "?contact=99999999999999999999",
])  # fmt: skip
def test_what_a_list_does_not_understand_is_left_out_and_said(ada, address):
    make_lead(owner=ada)
    answer = browser(ada).get(f"/leads/{address}")
    assert answer.status_code == 200
    said = answer.content.decode()
    quiet = ("?cursor", "?owner", "?contact")
    assert ("warnc" in said) or address.startswith(quiet)


def test_a_program_and_a_bulk_change_are_refused_what_they_ask_wrongly(ada):
    client = api_client(ada)
    for query in ("colour=red", "ordering=password", "limit=1000000000", "cursor=nonsense"):
        assert client.get(f"/api/v1/crm/leads?{query}").status_code == 422, query
    for query in ("colour=red", "score=ten", "sort=password", "view=99"):
        with pytest.raises(Invalid):
            matching(SPECS["leads"], as_actor(ada), query)


def test_a_view_is_saved_shared_changed_and_forgotten(max_, rita, ron):
    make_lead(owner=rita, score=90, title="Hers")
    make_lead(owner=ron, score=90, title="His")
    client = browser(max_)
    asked = "score=80&sort=-score"
    sheet = client.get(f"/views/new/leads/?{asked}", headers={**HTMX, "HX-Target": "sheet-form"}).content.decode()
    assert sheet.lstrip().startswith('<form id="sheet-form"') and "score=80" in sheet
    data = {"page": "leads", "query": asked, "name": "Very hot", "is_shared": "on", "is_pinned": "on"}
    view = SavedView.objects.get(pk=client.post("/views/new/leads/", data)["Location"].partition("=")[2])
    mine, theirs = (browser(who).get(f"/leads/?view={view.pk}") for who in (max_, rita))
    assert mine.content.decode().count("Very hot") == 3  # tab, its own settings, menu
    assert len(mine.context["rows"]) == 2 and len(theirs.context["rows"]) == 1
    assert "Very hot" in theirs.content.decode() and f"/views/{view.pk}/" not in theirs.content.decode()
    for method, url in (("get", f"/views/{view.pk}/"), ("post", f"/views/{view.pk}/delete/")):
        assert getattr(browser(rita), method)(url).status_code == 404
    assert client.post(f"/views/{view.pk}/", {"name": "Hottest", "position": "2"}).status_code == 303
    assert "Hottest" not in browser(rita).get("/leads/").content.decode()
    assert client.post(f"/views/{view.pk}/delete/").status_code == 303
    assert "Very hot" not in client.get("/leads/").content.decode()


def test_save_is_offered_when_a_list_differs_from_its_view(ada):
    view = save_view(actor=as_actor(ada), page="leads", name="Score", query="score=50&sort=-score")
    client, own = browser(ada), f"?view={view.pk}"
    for query in ("", own, f"{own}&edited=1&score=50"):
        assert not client.get(f"/leads/{query}").context["asked"].is_changed, query
    for query in ("?stage=NEW", "?sort=score", f"{own}&edited=1"):
        assert client.get(f"/leads/{query}").context["asked"].is_changed, query


def test_only_twelve_tabs_are_shown_and_the_rest_wait_in_a_menu(ada):
    for number in range(9):
        save_view(actor=as_actor(ada), page="leads", name=f"View {number}", query="stage=NEW")
    answer = browser(ada).get("/leads/")
    assert len(answer.context["tabs"]) == 12
    assert len(answer.context["more_tabs"]) == len(SPECS["leads"].views) + 9 - 12


def test_columns_are_chosen_per_person_and_view(ada, max_):
    CustomField.objects.create(noun="lead", key="chairs", label="Chairs", type="number")
    make_lead(owner=ada, city="Pune", custom={"chairs": 7})
    client = browser(ada)
    order = ["city", "custom:chairs", "score", "stage"]
    moved = client.post("/views/columns/leads/?view=hot", {"order": order, "column": order[:2], "up": "custom:chairs"})
    assert [row[0] for row in moved.context["rows"]][:2] == ["custom:chairs", "city"]
    data = {"order": order, "column": ["city", "custom:chairs"], "dense": "1"}
    assert client.post("/views/columns/leads/", data).status_code == 303
    answer = client.get("/leads/?custom:chairs=7&custom:chairs-op=is")
    assert [head["label"] for head in answer.context["heads"]][:3] == ["Lead", "City", "Chairs"]
    assert ">7</a>" in answer.content.decode() and "tbl stack dense" in answer.content.decode()
    assert "Pune" not in [head["label"] for head in client.get("/leads/?view=hot").context["heads"]]
    assert "City" not in [head["label"] for head in browser(max_).get("/leads/").context["heads"]]


def test_a_cell_is_edited_in_place_by_those_who_may(rita, ron, vic):
    lead = make_lead(owner=rita, city="Pune")
    cell = f"/leads/{lead.pk}/cell/city/"
    client = browser(rita)
    form = client.get(cell, headers=HTMX).content.decode()
    assert form.lstrip().startswith('<form id="cell-form"') and 'value="Pune"' in form
    assert "<html" in client.get(cell).content.decode()
    saved = client.post(cell, {"city": "Goa <b>", "version": lead.version}, headers=HTMX)
    assert "Goa &lt;b&gt;" in saved.content.decode() and "data-cell" in saved.content.decode()
    stale = client.post(cell, {"city": "Delhi", "version": lead.version}, headers=HTMX)
    assert stale.status_code == 422 and 'value="Delhi"' in stale.content.decode()
    assert client.post(cell, {"city": "Delhi", "version": lead.version}).status_code == 409
    wrong = client.post(f"/leads/{lead.pk}/cell/estimated_value/", {"estimated_value": "-1"}, headers=HTMX)
    assert wrong.status_code == 422 and 'class="err"' in wrong.content.decode()
    assert client.post(cell, {"city": "Goa"}).status_code == 303
    assert browser(ron).post(cell, {"city": "X"}).status_code == 404
    assert browser(vic).post(cell, {"city": "X"}).status_code == 403
    assert client.post(f"/leads/{lead.pk}/cell/owner/", {"owner": ron.pk}).status_code == 403
    for field in ("score", "stage", "name", "nothing"):
        assert client.get(f"/leads/{lead.pk}/cell/{field}/").status_code == 404
    lead.refresh_from_db()
    assert (lead.city, lead.owner) == ("Goa", rita)
    assert "data-cell" not in browser(vic).get("/leads/").content.decode()


def test_a_file_holds_what_the_list_shows_and_runs_no_formula(mia, rita, max_):
    make_lead(owner=rita, score=90, business_name="=HYPERLINK()", contact=make_contact(first_name="=1+1", last_name=""))
    make_lead(owner=rita, score=10)
    browser(mia).post("/views/columns/leads/?view=hot", {"column": ["business_name"]})
    answer = browser(mia).get("/leads/export/?view=hot&format=csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows == [["Lead", "Business"], ["'=1+1", "'=HYPERLINK()"]]
    ticked = Lead.objects.get(score=10).pk
    answer = browser(mia).get(f"/leads/export/?format=csv&pk={ticked}&pk=x&filters=")
    assert b"".join(answer.streaming_content).count(b"\r\n") == 2
    assert browser(rita).get("/leads/export/?format=csv").status_code == 403
    assert browser(max_).get("/leads/export/?format=exe").status_code == 422
    assert browser(max_).get("/leads/export/?score=ten").status_code == 422


def test_a_record_says_where_it_stands_in_the_list_that_led_to_it(rita, max_):
    leads = [make_lead(owner=rita, score=score) for score in (90, 70, 50)]
    client = browser(rita)
    html = client.get("/leads/?score=60").content.decode()
    first = html.partition(f'href="{leads[0].get_absolute_url()}?from=')[2].partition('"')[0]
    answer = client.get(f"{leads[1].get_absolute_url()}?from={first}")
    near = answer.context["near"]
    assert near["place"] == "2 of 2" and near["previous"].startswith(leads[0].get_absolute_url())
    assert "next" not in near and "score=60" in near["back"]
    outside = client.get(f"{leads[2].get_absolute_url()}?from={first}").context["near"]
    assert "place" not in outside and outside["previous"].startswith(leads[1].get_absolute_url())
    assert client.get(f"{leads[1].get_absolute_url()}?from={first}x").context["near"] == {}


def test_the_bar_offers_the_verbs_of_ones_role(ada, vic):
    lead = make_lead()
    html = browser(ada).get("/leads/?stage=NEW").content.decode()
    assert f'name="pk" value="{lead.pk}" form="bulk"' in html and 'value="disqualify"' in html
    assert 'name="filters" value="edited=1&amp;stage=NEW"' in html
    assert 'id="bulk"' not in browser(vic).get("/leads/").content.decode()


def test_tasks_show_what_is_due_and_what_is_late(rita):
    now = clock.now()
    for subject, due, done in (("Late one", -1, None), ("Soon", 1, None), ("Never", None, None), ("Past", -2, now)):
        due_at = due and now + timedelta(days=due)
        make_activity(subject=subject, due_at=due_at, completed_at=done, actor=rita)
    client = browser(rita)

    def names(query: str) -> list[str]:
        return [row.subject for row in client.get(f"/tasks/{query}").context["rows"]]

    assert names("") == ["Late one", "Soon"]
    assert names("?view=late") == ["Late one"]
    assert names("?view=done") == ["Past"]
    assert set(names("?view=all")) == {"Late one", "Soon", "Never", "Past"}


def test_the_next_task_of_a_lead_is_shown_to_those_who_may_read_it(rita, mia):
    lead = make_lead(owner=rita)
    make_activity(lead=lead, subject="Ask about the divorce", due_at=clock.now(), actor=rita)
    assert "Ask about the divorce" in browser(rita).get("/leads/").content.decode()
    html = browser(mia).get("/leads/").content.decode()
    assert "divorce" not in html and "First message" in html


def test_everything_leaves_in_a_form_that_comes_back(ada):
    make_lead(owner=ada, contact=make_contact(first_name="Meera", phone="+919840012345"))
    for noun in ("leads", "contacts", "deals/list"):
        answer = browser(ada).get(f"/{noun}/export/?format=all")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        assert text.partition("\r\n")[0].count(",") > 8, noun
        assert "Meera" in text or noun.startswith("deals")


def test_rows_without_a_value_are_not_looked_for_where_a_filter_asks_for_one():
    for due in (None, clock.now()):
        make_activity(due_at=due)
    rows = Activity.objects.all()
    filled = rows.exclude(due_at__isnull=True)
    for found, asks in ((rows, 2), (filled, 1), (rows.filter(due_at__lt=clock.now()), 1)):
        with CaptureQueriesContext(connection) as queries:
            shown = paginate(found, order=("due_at", "pk"))
        assert (len(queries), len(shown)) == (asks, 2 if found is rows else 1)


def test_the_foot_says_what_all_that_match_are_worth_in_each_currency(people):
    for amount, currency in ((100_000_00, "INR"), (50_000_00, "INR"), (900_00, "USD")):
        make_deal(owner=people.rita, contact=make_contact(), value_minor=amount, currency=currency)
    make_deal(owner=people.ron, contact=make_contact(), value_minor=70_000_00, currency="INR")
    assert "₹1.5 L + $900" in browser(people.rita).get("/deals/list/").content.decode()
    assert "₹1.5 L" not in browser(people.rita).get("/deals/list/?view=won").content.decode()
    assert "₹2.2 L + $900" in browser(people.ada).get("/deals/list/").content.decode()


NAMES = (("Zoë", "Ägir"), ("Émile", "agir"), ("", "Zuñiga"), ("Ann", ""), ("Bob", "Müller"), ("ann", "muller"))


def test_names_sort_by_family_name_without_case_and_accents_page_by_page(people):
    rita = people.rita
    for first, last in NAMES:
        contact = make_contact(first_name=first, last_name=last, owner=rita)
        make_lead(contact=contact, owner=rita)
        make_deal(contact=contact, owner=rita)
    wanted = ["Émile agir", "Zoë Ägir", "Ann", "ann muller", "Bob Müller", "Zuñiga"]
    for noun in ("contacts", "leads", "deals"):
        spec = SPECS[noun]
        name = spec.sorts["contact" if noun == "deals" else "name"]
        for order in ((name, "pk"), (f"-{name}", "-pk")):
            found, cursor = [], ""
            while True:
                page = paginate(spec.find(as_actor(rita)), cursor, per_page=2, order=order)
                found, cursor = [*found, *(getattr(row, "contact", row).name for row in page.rows)], page.next
                if not cursor:
                    break
            assert found == (wanted if order[0] == name else wanted[::-1])
    html = browser(rita).get("/contacts/?sort=name").content.decode()
    assert html.index("Zoë Ägir") < html.index("Bob Müller") and "Contact, Z to A" in html
    assert "sort=-name" in html
    answer = api_client(rita).get("/api/v1/crm/leads?ordering=-name").json()
    assert answer["results"][0]["contact_id"] == Contact.objects.get(last_name="Zuñiga").pk


def test_a_name_sorts_anew_wherever_it_changes(people):
    contact = make_contact(first_name="Ann", last_name="Abel")
    lead = make_lead(contact=contact)
    contact.store(last_name="Zorn")
    lead.refresh_from_db()
    assert (contact.sort_name, lead.sort_name) == ("zorn ann", "zorn ann")
    company = make_contact(kind="company", first_name="", last_name="", company_name="Ölmühle & Söhne")
    assert company.sort_name == "olmuhle sohne"
    Contact.objects.update(sort_name="")
    Lead.objects.update(sort_name="")
    emit_post_migrate_signal(0, False, "default")
    lead.refresh_from_db()
    assert lead.sort_name == "zorn ann"


def test_a_day_is_the_readers_day_in_the_worker_and_for_a_key_too(people):
    """28 November begins at 18:30 UTC of the 27th for a reader in Kolkata."""
    early, late = make_lead(owner=people.rita), make_lead(owner=people.rita)
    for lead, at in ((early, "2026-11-27T18:00Z"), (late, "2026-11-27T19:00Z")):
        Lead.objects.filter(pk=lead.pk).update(created_at=datetime.fromisoformat(at))
    people.max.timezone = "Asia/Kolkata"
    people.max.save()
    asked = "edited=1&created=2026-11-28&created-op=before"
    found = matching(SPECS["leads"], as_actor(people.max), asked)
    assert [lead.pk for lead in found] == [early.pk]
    page = browser(people.max).get(f"/leads/?{asked}").content.decode()
    assert early.get_absolute_url() in page and late.get_absolute_url() not in page


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 50_000), ("INR", 5_000_000), ("KWD", 50_000_000)])
def test_an_amount_is_asked_in_the_units_of_each_rows_currency(people, currency, minor):
    deal = make_deal(owner=people.rita, value_minor=minor, currency=currency)
    less = make_deal(owner=people.rita, value_minor=minor - 1, currency=currency)
    for operator, expected in (("min", [deal.pk]), ("max", [deal.pk, less.pk])):
        found = matching(SPECS["deals"], as_actor(people.rita), f"edited=1&value=50000&value-op={operator}")
        assert [row.pk for row in found.order_by("pk")] == expected
