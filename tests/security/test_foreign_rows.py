"""Rita against everything of Ron's: each address with his ids answers 404 (or 403) and changes nothing."""

import json
import re

import pytest

from accounts.models import Notification
from billing.models import Proposal
from core.management.commands.list_endpoints import endpoints
from crm.models import Activity, Contact, Deal, ImportRun, Lead
from outreach.models import Message, Suggestion
from tests.people import api_client, browser
from tests.security.ground import dig, rows_of, state

pytestmark = pytest.mark.django_db

# which row stands behind <int:pk>, by the beginning of the address
NOUNS = {
    "/leads/": "lead", "/contacts/": "contact", "/deals/": "deal", "/tasks/": "task", "/proposals/": "proposal",
    "/billing/invoices/": "invoice", "/inbox/": "conversation", "/messages/": "message", "/suggestions/": "suggestion",
    "/approvals/": "approval", "/imports/": "import", "/notifications/": "notification",
    "/api/v1/crm/leads/": "lead", "/api/v1/crm/contacts/": "contact", "/api/v1/crm/deals/": "deal",
    "/api/v1/crm/activities/": "task",
}  # fmt: skip
HIS = ("Rons secret", "ron.csv")


@pytest.fixture
def his(people, run_events, settings):
    """Ron's rows; what only he may read says so."""
    made = rows_of(people.ron, run_events, settings)
    Lead.objects.filter(owner=people.ron).update(
        title="Rons secret", business_name="Rons secret", next_step="Rons secret"
    )
    Deal.objects.filter(owner=people.ron).update(title="Rons secret")
    Activity.objects.filter(actor=people.ron).update(subject="Rons secret", body="Rons secret", outcome="Rons secret")
    Proposal.objects.update(title="Rons secret", summary="Rons secret")
    Message.objects.update(subject="Rons secret", body_text="Rons secret", reply_text="Rons secret")
    Suggestion.objects.update(subject="Rons secret", body="Rons secret")
    Notification.objects.filter(user=people.ron).update(text="Rons secret")
    ImportRun.objects.update(file_name="ron.csv")
    return made


def targets(rows):
    """Every (method, address) that names a row of theirs."""
    for entry in endpoints():
        noun = next((noun for start, noun in NOUNS.items() if entry.pattern.startswith(start)), "")
        if not noun or "<int:pk>" not in entry.pattern or entry.kind not in {"page", "rest"}:
            continue
        noun = "reply" if entry.pattern.endswith("/correct/") else noun
        for method in entry.methods:
            address = entry.pattern.replace("<int:pk>", str(rows.ids[noun]))
            cell = {"deal": "value", "task": "due_at"}.get(noun, "city")
            yield method, address.replace("<slug:field>", cell)


BODY = {
    "reason": "x", "title": "Taken", "first_name": "Taken", "email": "taken@x.example", "subject": "Taken",
    "body": "Taken", "type": "note", "stage": "prospect", "intent": "interested", "outcome": "Taken", "lines": [],
    "then": "import", "kind": "leads", "mode": "all",
}  # fmt: skip


def test_no_address_of_another_reps_row_opens_or_changes_anything(people, his):
    asks = re.compile(r"/contacts/\d+/ask-access|/access/contacts/\d+/ask/")  # allowed: everybody reads contacts
    found = [target for target in targets(his) if not asks.search(target[1])]
    assert len(found) > 80
    page, program = browser(people.rita), api_client(people.rita)
    before, tables = state(), dig()
    for method, address in found:
        is_rest = address.startswith("/api/")
        if is_rest:
            data = json.dumps({**BODY, "owner": people.rita.pk})
            answer = program.generic(method, address, data, content_type="application/json")
        elif method == "POST":
            answer = page.post(address, {**BODY, "owner": people.rita.pk})
        else:
            answer = page.generic(method, address)
        # Reps read every contact, by the matrix.
        reads = method in {"GET", "HEAD"}
        if not (reads and "/contacts/" in address):
            assert answer.status_code in ({403, 422} if "/contacts/" in address else {403, 404}), (
                method,
                address,
                answer.status_code,
            )
        for words in HIS:
            assert words.encode() not in answer.content, (method, address, words)
    assert state() == before, [name for name, value in dig().items() if tables[name] != value]


LISTS = [
    "/leads/", "/contacts/", "/deals/", "/deals/list/", "/tasks/", "/proposals/", "/billing/invoices/", "/inbox/",
    "/inbox/?folder=all", "/suggestions/", "/messages/unknown/", "/imports/", "/notifications/", "/today/",
    "/search/?q=ron", "/leads/?q=ron", "/contacts/?q=ron", "/inbox/?q=ron", "/leads/?owner={ron}", "/tasks/new/?q=ron",
    "/tasks/log/?q=ron", "/deals/new/?q=ron", "/leads/?source=web",
    "/api/v1/crm/leads", "/api/v1/crm/contacts", "/api/v1/crm/deals", "/api/v1/crm/activities",
    "/api/v1/crm/leads?search=ron", "/api/v1/crm/contacts?search=ron", "/api/v1/crm/leads?owner={ron}",
    "/api/v1/crm/contacts?email=ron.plain@x.example",
]  # fmt: skip


def test_no_list_search_count_or_start_page_shows_another_reps_rows(people, his):
    for address in LISTS:
        client = api_client(people.rita) if address.startswith("/api/") else browser(people.rita)
        answer = client.get(address.replace("{ron}", str(people.ron.pk)))
        assert answer.status_code in {200, 403}, (address, answer.status_code)
        for words in HIS:
            assert words.encode() not in answer.content, (address, words)


def test_rows_of_others_are_not_reached_through_ones_own(people, his):
    """A body that names another's contact, lead, deal or task is answered as if it did not exist."""
    mine = Contact.objects.create(
        first_name="Mine", email="mine@x.example", email_folded="mine@x.example", owner=people.rita
    )
    client = api_client(people.rita)
    bodies = [
        ("deals", {"contact": mine.pk, "lead": his.ids["lead"], "title": "Hm"}),
        ("activities", {"type": "note", "subject": "Hm", "lead": his.ids["lead"]}),
        ("activities", {"type": "call", "subject": "Hm", "lead": his.ids["lead"]}),
        ("activities", {"type": "note", "subject": "Hm", "deal": his.ids["deal"]}),
        ("activities", {"type": "note", "subject": "Hm", "contact": mine.pk, "lead": his.ids["lead"]}),
    ]
    before = state()
    for noun, body in bodies:
        answer = client.post(f"/api/v1/crm/{noun}", json.dumps(body), content_type="application/json")
        assert answer.status_code in {404, 409, 422}, (noun, body, answer.status_code, answer.content)
        for words in HIS:
            assert words.encode() not in answer.content
    assert state() == before


FORBIDDEN = {
    "contacts": {"owner": "{ron}", "owner_id": "{ron}", "score": 100, "version": None, "id": 1,
    "created_at": "2001-01-01",
                 "email_folded": "x", "last_activity_at": "2001-01-01T00:00:00Z", "phone_e164": "+1"},
    "leads": {"owner": "{ron}", "owner_id": "{ron}", "status": "converted", "stage": "PAID", "score": 100,
    "score_reasons": [],
              "converted_deal": 1, "converted_deal_id": 1, "team": 1, "facts": {"x": 1}, "utm": {"x": 1},
              "scored_at": None,
              "temperature": "hot", "contact_id": "{contact}", "contact": "{contact}"},
    "deals": {"owner": "{ron}", "owner_id": "{ron}", "status": "won", "won_at": "2001-01-01", "closed_on": "2001-01-01",
              "lost_reason": "x", "contact": "{contact}", "contact_id": "{contact}", "lead": 1, "value_minor": 1,
              "probability_is_manual": True, "pipeline": 1, "stage_since": "2001-01-01", "stripe_id": "x"},
    "activities": {"actor": "{ron}", "actor_id": "{ron}", "completed_at": "2001-01-01", "contact": "{contact}",
    "lead": 1,
                   "type": "call", "source_key": "x"},
}  # fmt: skip
MODELS = {"contacts": Contact, "leads": Lead, "deals": Deal, "activities": Activity}


@pytest.mark.parametrize("noun", FORBIDDEN)
def test_what_a_form_does_not_ask_cannot_be_set(people, run_events, settings, his, noun):
    hers = rows_of(people.rita, run_events, settings)
    pk = hers.ids["lead" if noun == "leads" else {"activities": "task"}.get(noun, noun.rstrip("s"))]
    before = MODELS[noun].objects.filter(pk=pk).values().get()
    client, page = api_client(people.rita), browser(people.rita)
    places = {"{ron}": people.ron.pk, "{contact}": his.ids["contact"]}
    address = {"activities": f"/tasks/{pk}/"}.get(noun, f"/{noun}/{pk}/edit/")
    for field, given in FORBIDDEN[noun].items():
        value = places.get(str(given), given)
        answer = client.patch(f"/api/v1/crm/{noun}/{pk}", json.dumps({field: value}), content_type="application/json")
        assert answer.status_code < 500, field
        page.post(address, {field: "" if value is None else str(value)})
        after = MODELS[noun].objects.filter(pk=pk).values().get()
        assert after.get(f"{field.removesuffix('_id')}_id", 0) == before.get(f"{field.removesuffix('_id')}_id", 0), (
            field
        )
        if field != "version":
            assert after.get(field) == before.get(field), field


@pytest.mark.parametrize("noun", ["contacts", "leads", "deals"])
def test_a_rep_gives_nothing_to_somebody_else_while_making_it(people, his, noun):
    body = {"email": "n@x.example", "first_name": "N", "title": "N", "owner": people.ron.pk}
    if noun == "deals":
        body["contact"] = his.ids["contact"]
    rows = MODELS[noun].objects.filter(owner=people.ron)
    before = rows.count()
    answer = api_client(people.rita).post(f"/api/v1/crm/{noun}", json.dumps(body), content_type="application/json")
    assert answer.status_code == 403, answer.content
    assert rows.count() == before


def test_nobody_makes_themselves_more_than_they_are(people):
    page = browser(people.rita)
    fields = {"name": "Rita", "phone": "", "language": "en-gb", "timezone": "Asia/Kolkata", "theme": "light",
              "is_staff": "on", "is_superuser": "on", "is_active": "", "email": "boss@x.example",
              "roles": ["crm-admin"],
              "groups": ["1"], "password": "x", "session_epoch": "0"}  # fmt: skip
    page.post("/profile/", fields)
    rita = type(people.rita).objects.get(pk=people.rita.pk)
    assert (rita.is_staff, rita.is_superuser, rita.is_active, rita.email) == (False, False, True, "rita@example.com")
    assert rita.roles == frozenset({"sales-rep"})
    page.get("/people/")
    before = state()
    for address in (f"/people/{rita.pk}/", f"/people/{rita.pk}/roles/", "/people/invite/", "/people/roles/",
    "/teams/new/",
                    "/settings/business/", "/workflows/set/", "/workflows/pause/"):  # fmt: skip
        assert page.post(address, {"roles": ["crm-admin"], "name": "x"}).status_code == 403, address
    assert state() == before
