"""The pages, lists, search, REST and live lines of tickets, as each role meets them."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Grant
from accounts.roles import SUPPORT
from core import clock
from core.management.commands.list_endpoints import endpoints
from crm.actions.contacts import delete_contact
from crm.actions.merging import merge_contact, unmerge_contact
from crm.actions.operations import undo_operation
from crm.actions.tickets import assign_ticket, close_ticket, create_ticket, hold_ticket, resolve_ticket
from crm.live import channels_of
from crm.models import Operation, SlaTarget, Ticket
from crm.queries.palette import palette
from crm.queries.search import matching
from crm.queries.timeline import timeline
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_lead
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
ROLES = {"ada": 200, "max": 403, "rita": 403, "sam": 200, "mia": 403, "vic": 403, "fin": 403}
API = "/api/v1/crm/tickets"


def opened(**values) -> Ticket:
    values = {"contact": make_contact(), "subject": "The form is broken"} | values
    return create_ticket(actor=SYSTEM, **values)


@pytest.mark.parametrize("who", ROLES)
def test_every_door_opens_for_the_roles_of_the_matrix_and_a_refusal_changes_nothing(people, who):
    ticket, user = opened(), getattr(people, who)
    page, program = browser(user), api_client(user)
    before = Ticket.objects.values().get()
    here, one = ticket.get_absolute_url(), f"{API}/{ticket.pk}"
    for path in ("/tickets/", "/tickets/export/", "/tickets/new/", here, f"{here}thread/"):
        assert page.get(path).status_code == ROLES[who], path
    for path in (API, one):
        assert program.get(path).status_code == ROLES[who], path
    if ROLES[who] == 200:
        return
    data = {"subject": "x", "requester": "a@b.example", "priority": "low", "body": "x", "ids": [ticket.pk]}
    for path in ("edit/", "assign/", "resolve/", "wait/", "reopen/", "note/", "reply/", "cell/priority/"):
        assert page.post(here + path, data).status_code == 403, path
    assert page.post("/tickets/new/", data).status_code == 403
    for verb, path in (("post", API), ("patch", one), ("post", f"{one}/assign"), ("post", f"{one}/resolve"),
                       ("post", f"{one}/reopen"), ("post", f"{API}/bulk")):  # fmt: skip
        sent = data | ({"verb": "resolve", "data": {}} if path.endswith("bulk") else {})
        sent = sent if path in {API, f"{API}/bulk"} or verb == "patch" else {}
        answer = getattr(program, verb)(path, json.dumps(sent), content_type="application/json")
        assert answer.status_code == 403, path
    assert Ticket.objects.values().get() == before


def test_support_lands_on_the_queue_and_has_it_at_the_thumb(sam):
    client = browser(sam)
    assert client.get("/").headers["Location"] == "/tickets/"
    dock = client.get("/tickets/").content.decode().partition('class="dock"')[2]
    assert dock.index("/tickets/") < dock.index("/inbox/") < dock.index("/tickets/new/")


VIEWS = {
    "": {"fresh", "mine", "soon", "late", "waiting"},
    "mine": {"mine"},
    "unassigned": {"fresh", "soon", "late", "waiting"},
    "soon": {"soon"},
    "late": {"late"},
    "resolved": {"solved"},
    "all": {"fresh", "mine", "soon", "late", "waiting", "solved"},
}


@pytest.mark.parametrize("view", VIEWS)
def test_the_views_of_the_queue(sam, view):
    now, far = clock.now(), clock.now() + timedelta(days=20)
    for subject in VIEWS["all"]:
        ticket = opened(subject=subject)
        due_at = {"soon": now + timedelta(hours=3), "late": now - timedelta(hours=3)}.get(subject, far)
        Ticket.objects.filter(pk=ticket.pk).update(due_at=due_at)
        ticket = Ticket.objects.get(pk=ticket.pk)
        if subject == "mine":
            assign_ticket(ticket, actor=SYSTEM, assignee=sam)
        elif subject == "waiting":
            hold_ticket(ticket, actor=SYSTEM)
        elif subject == "solved":
            resolve_ticket(ticket, actor=SYSTEM)
    page = browser(sam).get(f"/tickets/?view={view}").content.decode()
    assert {subject for subject in VIEWS["all"] if f">{subject}</a>" in page} == VIEWS[view]
    if view == "":
        order = [page.index(f">{subject}</a>") for subject in ("late", "soon", "fresh", "waiting")]
        assert order == sorted(order)


def test_a_ticket_is_opened_worked_on_and_solved_on_its_page(sam):
    client, contact = browser(sam), make_contact(first_name="Meera")
    assert "Say who asks" in client.post("/tickets/new/", {"subject": "x"}).content.decode()
    form = client.get(f"/tickets/new/?contact={contact.pk}").content.decode()
    assert f'name="contact" value="{contact.pk}"' in form
    typed = {"contact": contact.pk, "subject": "No invoice", "priority": "high", "body": "Where is it?"}
    made = client.post(f"/tickets/new/?contact={contact.pk}", typed)
    here = Ticket.objects.get().get_absolute_url()
    assert made.headers["Location"] == here
    assert client.post(f"{here}note/", {"body": "Asked the bank <b>"}).status_code == 303
    assert client.post(f"{here}note/", {"body": " "}).status_code == 422
    assert client.post(f"{here}assign/", {"assignee": sam.pk}).status_code == 303
    assert client.post(f"{here}cell/priority/", {"priority": "urgent"}).status_code == 303
    page = client.get(here).content.decode()
    for words in ("No invoice", "Asked the bank &lt;b&gt;", "Sam Support", "Urgent", "Meera"):
        assert words in page
    assert client.post(f"{here}wait/").status_code == 303
    assert client.post(f"{here}wait/").status_code == 409
    assert client.post(f"{here}resolve/", {"note": "Sent again"}).status_code == 303
    refused = client.post(f"{here}resolve/", {})
    assert refused.status_code == 409
    assert "This ticket is solved already." in refused.content.decode()
    assert client.post(f"{here}reopen/").status_code == 303
    assert Ticket.objects.get().status == "open"
    assert "No invoice" in client.get(contact.get_absolute_url()).content.decode()


def test_programs_do_what_people_do(sam):
    program = api_client(sam)

    def send(path: str, method: str = "post", **data):
        return getattr(program, method)(API + path, json.dumps(data), content_type="application/json")

    made = send("", subject="No invoice", requester="nina@bakery.example", priority="high")
    assert made.status_code == 201
    body = made.json()
    path = f"/{body['id']}"
    assert (body["number"], body["status"], body["is_late"]) == (f"T-{body['id']}", "open", False)
    assert send(path, "patch", priority="urgent").json()["priority"] == "urgent"
    assert send(path, "patch", priority="huge").status_code == 422
    assert send(f"{path}/assign", assignee=sam.pk).json()["assignee"]["id"] == sam.pk
    assert send(f"{path}/wait").json()["status"] == "pending"
    assert send(f"{path}/resolve", note="Done").json()["status"] == "resolved"
    assert send(f"{path}/resolve").status_code == 409
    assert send(f"{path}/reopen").json()["status"] == "open"
    assert send("", subject="x").json()["errors"] == {
        "requester": ["Say who asks: an email address or a phone number."]
    }
    assert [row["id"] for row in program.get(f"{API}?status=open&search=invoice").json()["results"]] == [body["id"]]
    assert program.get(f"{API}?ordering=due_at&assignee={sam.pk}").json()["results"]
    assert program.get(f"{API}/999999").status_code == 404


def test_many_are_assigned_and_solved_at_once_and_it_can_be_undone(sam):
    tickets = [opened(subject=f"Number {n}") for n in range(3)]
    hold_ticket(tickets[0], actor=SYSTEM)
    before = list(Ticket.objects.order_by("pk").values("status", "assignee", "due_at", "worked_seconds", "resolved_at"))
    client = browser(sam)
    picked = "&".join(f"pk={ticket.pk}" for ticket in tickets)
    assert client.post(f"/bulk/tickets/?verb=assign&{picked}", {"assignee": sam.pk}).status_code == 303
    assert client.post(f"/bulk/tickets/?verb=resolve&{picked}", {"note": "One cause"}).status_code == 303
    assert set(Ticket.objects.values_list("status", "assignee")) == {("resolved", sam.pk)}
    for operation in Operation.objects.order_by("-pk"):
        assert client.post(f"/operations/{operation.pk}/undo/").status_code == 303
    after = list(Ticket.objects.order_by("pk").values("status", "assignee", "due_at", "worked_seconds", "resolved_at"))
    assert after == before
    assert not Ticket.objects.get(pk=tickets[1].pk).notes.exists()


def test_search_and_palette_find_a_ticket_by_subject_number_and_customer(people):
    contact = make_contact(first_name="Meera", last_name="Krishnan")
    ticket = opened(contact=contact, subject="Checkout shows an error")

    def found(user, typed: str) -> bool:
        groups = palette(as_actor(user), typed, [])
        return any(one.row == ticket for group in groups for one in group.options)

    for typed in ("checkout", "chekout", ticket.number, "krishnan"):
        assert found(people.sam, typed), typed
        assert not found(people.max, typed), typed


def test_the_timeline_and_the_live_lines_tell_of_tickets_those_who_read_them(people):
    ticket = opened()
    resolve_ticket(ticket, actor=SYSTEM)
    for who, sees in (("ada", True), ("sam", True), ("max", False), ("vic", False)):
        actor = as_actor(getattr(people, who))
        names = {entry.name for entry in timeline(actor, ticket.contact)}
        assert ({"ticket.created", "ticket.moved"} <= names) == sees
        assert ("org:main:crm:support" in channels_of(actor)) == sees
    program = api_client(people.sam)
    after = program.get("/api/v1/crm/live/org:main:crm:support?poll=1&after=0").json()
    assert {"ticket.created", "ticket.moved"} <= {one.get("event") for one in _messages(after)}
    assert api_client(people.max).get("/api/v1/crm/live/org:main:crm:support?poll=1").status_code == 403
    assert api_client(people.rita).get(f"/api/v1/crm/live/ticket:{ticket.pk}?poll=1").status_code == 403


def _messages(answer):
    rows = answer if isinstance(answer, list) else answer.get("messages") or answer.get("results") or []
    return [one.get("data", one) for one in rows]


SECRET = ("7,31,913", "731913", "731,913", "73191300")


def test_support_meets_the_value_of_a_deal_nowhere(people, run_events):
    contact = make_contact(owner=people.rita, first_name="Meera")
    lead = make_lead("converted", "INTERESTED", contact=contact, owner=people.rita)
    deal = lead.converted_deal
    type(deal).objects.filter(pk=deal.pk).update(value_minor=73191300, title="Shop for Meera")
    make_activity(contact=contact, deal=deal, actor=people.sam, subject="Call about the shop")
    won = make_deal("won", contact=contact, value_minor=73191300)
    ticket = opened(contact=contact, assignee=people.sam)
    run_events()
    page, program = browser(people.sam), api_client(people.sam)
    ids = {"/contacts/": contact.pk, "/tickets/": ticket.pk, "/deals/": won.pk, "/leads/": lead.pk}
    asked = 0
    for entry in endpoints():
        if "GET" not in entry.methods or entry.kind not in {"page", "rest"} or "logout" in entry.pattern:
            continue
        pk = next((pk for start, pk in ids.items() if start.rstrip("/") in entry.pattern), 1)
        path = entry.pattern.replace("<int:pk>", str(pk)).replace("{pk}", str(pk))
        path = path.replace("{channel}", f"contact:{contact.pk}") + ("?poll=1&after=0" if "{channel}" in path else "")
        if "<" in path or "{" in path or path.startswith("/live/"):
            continue
        answer = (program if entry.kind == "rest" else page).get(path)
        body = answer.getvalue() if answer.streaming else answer.content
        if answer.status_code == 200:
            asked += 1
            assert not [word for word in SECRET if word.encode() in body], path
    assert asked > 40
    for query in ("?q=shop", "?q=meera"):
        assert not [word for word in SECRET if word in page.get(f"/search/{query}").content.decode()]
    assert any(word in browser(people.ada).get(deal.get_absolute_url()).content.decode() for word in SECRET)


@pytest.mark.parametrize("path", ["/tickets/", API, "/contacts/{contact}/", "/tickets/{ticket}/"])
def test_thirty_tickets_ask_the_database_as_often_as_one(sam, path):
    contact = make_contact()
    ticket = opened(contact=contact)
    path = path.format(contact=contact.pk, ticket=ticket.pk)
    client = api_client(sam) if path.startswith("/api/") else browser(sam)

    def statements() -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    one = statements()
    for _ in range(29):
        opened(contact=contact)
        ticket.notes.create(author=sam, body="Hm")
    assert statements() == one <= 12


@pytest.mark.parametrize("value", ["²", "9" * 40, "\x00", "x" * 30_000, "' OR 1=1 --", "<script>"])
def test_odd_input_is_answered_in_words(sam, value):
    ticket, client = opened(), browser(sam)
    here = ticket.get_absolute_url()
    names = ("subject", "body", "priority", "assignee", "contact", "requester", "name", "note", "then", "version")
    for path in (
        "/tickets/new/",
        *(here + verb for verb in ("edit/", "assign/", "resolve/", "reply/", "cell/assignee/")),
    ):
        answer = client.post(path, dict.fromkeys(names, value))
        assert answer.status_code in {303, 409, 422}, (path, answer.status_code)
    asked = dict.fromkeys(("q", "due", "assignee", "status", "cursor"), value)
    assert client.get("/tickets/", asked).status_code in {200, 400}


def test_administrators_set_the_targets_in_the_admin_and_work_on_tickets_there(ada, sam):
    ticket, client = opened(priority="urgent"), browser(ada)
    target = SlaTarget.objects.get(priority="urgent")
    here = f"/admin/crm/slatarget/{target.pk}/change/"
    assert client.get("/admin/crm/slatarget/").status_code == 200
    wrong = {"response_minutes": "90", "resolution_minutes": "30"}
    assert "at least as long" in client.post(here, wrong).content.decode()
    before = Ticket.objects.get().due_at
    assert client.post(here, {"response_minutes": "2000", "resolution_minutes": "3000"}).status_code == 302
    assert Ticket.objects.get().due_at > before
    assert client.post(f"/admin/crm/ticket/{ticket.pk}/do/ticket.assign/", {"assignee": sam.pk}).status_code == 302
    assert client.post(f"/admin/crm/ticket/{ticket.pk}/do/ticket.resolve/", {}).status_code == 302
    assert client.get(f"/admin/crm/ticket/{ticket.pk}/change/").status_code == 200
    assert client.get("/admin/crm/ticket/?q=form").status_code == 200
    assert Ticket.objects.get().status == "resolved"


def test_tickets_follow_their_contact_when_two_become_one_and_come_back(max_):
    kept, gone = make_contact(), make_contact()
    ticket = opened(contact=gone)
    merge_contact(kept, actor=as_actor(max_), other=gone)
    assert Ticket.objects.get().contact == kept
    unmerge_contact(kept.merges.get(), actor=as_actor(max_))
    assert Ticket.objects.get().contact_id == gone.pk
    assert Ticket.objects.get().status == ticket.status


def test_a_deleted_contact_takes_its_tickets_along_and_brings_them_back(ada):
    ticket = opened()
    ticket.notes.create(author=ada, body="Hm")
    delete_contact(ticket.contact, actor=as_actor(ada))
    assert not Ticket.objects.exists()
    undo_operation(Operation.objects.get(), actor=as_actor(ada))
    assert Ticket.objects.get().notes.get().body == "Hm"
    assert found_by_words("broken") == [ticket.pk]


def found_by_words(typed: str) -> list[int]:
    return [row.pk for row in matching(Ticket.objects.all(), typed)]


def test_what_the_reader_may_not_do_is_shown_and_says_why(people):
    Grant.objects.create(role="viewer", permission="ticket:read", scope="all")
    shown = browser(people.vic).get(opened().get_absolute_url()).content.decode()
    assert 'aria-disabled="true" title="Your role does not include “resolve” for tickets. An admin' in shown
    assert "Keep the note" not in shown and "include “update” for tickets" in shown
    assert "/resolve/" not in shown and "/assign/" not in shown


def test_a_closed_ticket_says_what_would_help(sam):
    ticket = opened()
    resolve_ticket(ticket, actor=SYSTEM)
    close_ticket(Ticket.objects.get(), actor=SYSTEM)
    shown = browser(sam).get(ticket.get_absolute_url()).content.decode()
    assert 'aria-disabled="true" title="This ticket is closed and stays so. Make a new one instead."' in shown


def test_a_program_answers_a_ticket_and_waits_for_the_customer(sam, run_events):
    ticket, client = opened(contact=make_contact(email="asha@kumar.example")), api_client(sam)
    body = json.dumps({"body": "It works again.", "then": "wait"})
    answer = client.post(f"{API}/{ticket.pk}/reply", body, content_type="application/json")
    assert (answer.status_code, answer.json()["to_address"]) == (200, "asha@kumar.example")
    run_events()
    ticket.refresh_from_db()
    assert ticket.status == "pending" and ticket.first_answered_at is not None
    resolve_ticket(ticket, actor=SYSTEM)
    close_ticket(Ticket.objects.get(), actor=SYSTEM)
    refused = client.post(f"{API}/{ticket.pk}/reply", body, content_type="application/json")
    assert refused.status_code == 409 and "Make a new one" in refused.json()["detail"]


def test_other_tickets_of_the_customer_are_those_that_the_reader_may_see(people):
    Grant.objects.create(role=SUPPORT, permission="ticket:read", scope="own")
    contact, sam = make_contact(), people.sam
    mine = opened(contact=contact, subject="Mine", assignee=sam)
    opened(contact=contact, subject="Mine too", assignee=sam)
    opened(contact=contact, subject="Not mine", assignee=people.ada)
    text = browser(sam).get(mine.get_absolute_url()).content.decode()
    assert "Mine too" in text
    assert "Not mine" not in text
