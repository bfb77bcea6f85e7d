"""Every cell of the matrix at every door: own, other's, anonymous, deactivated; a refusal changes nothing.

The expected answer is read from the matrix: 403 for a verb that the role lacks, 404 for a row it may not read,
403 for a row that it reads but does not own, 401 for a stranger (a page: the way to sign in).
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.actor import Actor
from accounts.models import User, Workspace
from accounts.roles import ALL, MATRIX, OWN, WON
from core import clock
from core.management.commands.list_endpoints import endpoints
from core.management.commands.state_digest import business_models, digest
from crm.models import Activity, Contact, Deal, Lead, Pipeline, Stage, Ticket
from tests.people import api_client, browser

pytestmark = pytest.mark.django_db
ROLES = {
    "ada": "crm-admin",
    "max": "sales-manager",
    "rita": "sales-rep",
    "sam": "support-agent",
    "mia": "marketing",
    "vic": "viewer",
    "fin": "finance-ops",
}
DONE = {200, 201, 204, 302, 303}


@dataclass(frozen=True)
class Cell:
    """One permission, and how each door asks for it; `{0}` is the row's id."""

    permission: str
    noun: str
    rest: tuple[str, str, dict[str, Any]] | None = None
    page: tuple[str, str, dict[str, Any]] | None = None
    admin: tuple[str, str, dict[str, Any]] | None = None
    read: str = ""


WHO = {"first_name": "Asha", "email": "asha@new.example"}
FIELD = {"noun": "lead", "label": "Budget", "type": "number"}
CELLS = (
    Cell("contact:read", "contact", ("GET", "contacts/{0}", {}), ("GET", "/contacts/{0}/", {}),
         ("GET", "crm/contact/{0}/change/", {})),
    Cell("contact:create", "", ("POST", "contacts", WHO), ("POST", "/contacts/new/", WHO),
         ("POST", "crm/contact/add/", WHO)),
    Cell("contact:update", "contact", ("PATCH", "contacts/{0}", {"city": "Pune"}),
         ("POST", "/contacts/{0}/edit/", {**WHO, "stage": "prospect", "kind": "person"}),
         ("POST", "crm/contact/{0}/change/", {**WHO, "stage": "prospect", "kind": "person"})),
    Cell("contact:delete", "bare", ("DELETE", "contacts/{0}", {}), ("POST", "/contacts/{0}/delete/", {}),
         ("POST", "crm/contact/{0}/delete/", {"post": "yes"}), read="contact:read"),
    Cell("contact:reassign", "contact", ("POST", "contacts/{0}/reassign", {"owner": "{ron}"}),
         ("POST", "/contacts/{0}/reassign/", {"owner": "{ron}"}),
         ("POST", "crm/contact/{0}/do/contact.reassign/", {"owner": "{ron}"})),
    Cell("contact:merge", "bare", ("POST", "contacts/{0}/merge", {"other": "{contact}"}),
         ("POST", "/contacts/{0}/merge/", {"other": "{contact}"}),
         ("POST", "crm/contact/{0}/do/contact.merge/", {"other": "{contact}"})),
    Cell("settings:manage", "", ("POST", "custom-fields", FIELD), ("POST", "/settings/fields/new/", FIELD),
         ("POST", "crm/customfield/add/", FIELD)),
    Cell("lead:read", "lead", ("GET", "leads/{0}", {}), ("GET", "/leads/{0}/", {}),
         ("GET", "crm/lead/{0}/change/", {})),
    Cell("lead:create", "", ("POST", "leads", WHO), ("POST", "/leads/new/", WHO), ("POST", "crm/lead/add/", WHO)),
    Cell("lead:update", "lead", ("PATCH", "leads/{0}", {"city": "Pune"}),
         ("POST", "/leads/{0}/edit/", {"title": "Better"}), ("POST", "crm/lead/{0}/change/", {"title": "Better"})),
    Cell("lead:delete", "lead", ("DELETE", "leads/{0}", {}), ("POST", "/leads/{0}/delete/", {}),
         ("POST", "crm/lead/{0}/delete/", {"post": "yes"})),
    Cell("lead:qualify", "contacted", ("POST", "leads/{0}/qualify", {}), ("POST", "/leads/{0}/qualify/", {}),
         ("POST", "crm/lead/{0}/do/lead.qualify/", {})),
    Cell("lead:disqualify", "lead", ("POST", "leads/{0}/disqualify", {"reason": "No budget"}),
         ("POST", "/leads/{0}/disqualify/", {"reason": "No budget"}),
         ("POST", "crm/lead/{0}/do/lead.disqualify/", {"reason": "No budget"})),
    Cell("lead:reopen", "disqualified", ("POST", "leads/{0}/reopen", {}), ("POST", "/leads/{0}/reopen/", {}),
         ("POST", "crm/lead/{0}/do/lead.reopen/", {})),
    Cell("lead:convert", "qualified", ("POST", "leads/{0}/convert", {}), ("POST", "/leads/{0}/convert/", {}),
         ("POST", "crm/lead/{0}/do/lead.convert/", {})),
    Cell("deal:read", "deal", ("GET", "deals/{0}", {}), ("GET", "/deals/{0}/", {}),
         ("GET", "crm/deal/{0}/change/", {})),
    Cell("deal:create", "", ("POST", "deals", {"title": "New", "contact": "{contact}"}),
         ("POST", "/deals/new/?contact={contact}", {"title": "New", "contact": "{contact}"}),
         ("POST", "crm/deal/add/", {"title": "New", "contact": "{contact}"})),
    Cell("deal:update", "deal", ("PATCH", "deals/{0}", {"title": "Better"}),
         ("POST", "/deals/{0}/edit/", {"title": "Better"}), ("POST", "crm/deal/{0}/change/", {"title": "Better"})),
    Cell("deal:close-won", "deal", ("POST", "deals/{0}/won", {}), ("POST", "/deals/{0}/win/", {}),
         ("POST", "crm/deal/{0}/do/deal.win/", {})),
    Cell("deal:close-lost", "deal", ("POST", "deals/{0}/lost", {"reason": "Price"}),
         ("POST", "/deals/{0}/lose/", {"reason": "Price"}),
         ("POST", "crm/deal/{0}/do/deal.lose/", {"reason": "Price"})),
    Cell("deal:abandon", "deal", ("POST", "deals/{0}/abandon", {}), ("POST", "/deals/{0}/abandon/", {}),
         ("POST", "crm/deal/{0}/do/deal.abandon/", {})),
    Cell("deal:reopen", "won", ("POST", "deals/{0}/reopen", {}), ("POST", "/deals/{0}/reopen/", {}),
         ("POST", "crm/deal/{0}/do/deal.reopen/", {})),
    Cell("deal:reassign", "deal", ("POST", "deals/{0}/reassign", {"owner": "{ron}"}),
         ("POST", "/deals/{0}/reassign/", {"owner": "{ron}"}),
         ("POST", "crm/deal/{0}/do/deal.reassign/", {"owner": "{ron}"})),
    Cell("deal:delete", "deal", ("DELETE", "deals/{0}", {}), ("POST", "/deals/{0}/delete/", {}),
         ("POST", "crm/deal/{0}/delete/", {"post": "yes"})),
    Cell("activity:create", "", ("POST", "activities", {"type": "note", "subject": "Hm", "contact": "{contact}"}),
         ("POST", "/tasks/new/?contact={contact}", {"type": "note", "subject": "Hm", "contact": "{contact}"}),
         ("POST", "crm/activity/add/", {"type": "note", "subject": "Hm", "contact": "{contact}"})),
    Cell("activity:update", "task", ("PATCH", "activities/{0}", {"subject": "Better"}),
         ("POST", "/tasks/{0}/", {"subject": "Better"}), ("POST", "crm/activity/{0}/change/", {"subject": "Better"})),
    Cell("ticket:read", "ticket", ("GET", "tickets/{0}", {}), ("GET", "/tickets/{0}/", {}),
         ("GET", "crm/ticket/{0}/change/", {})),
    Cell("ticket:create", "", ("POST", "tickets", {"subject": "Hm", "contact": "{contact}"}),
         ("POST", "/tickets/new/", {"subject": "Hm", "contact": "{contact}"}),
         ("POST", "crm/ticket/add/", {"subject": "Hm", "contact": "{contact}"})),
    Cell("ticket:update", "ticket", ("PATCH", "tickets/{0}", {"subject": "Better"}),
         ("POST", "/tickets/{0}/edit/", {"subject": "Better", "priority": "high"}),
         ("POST", "crm/ticket/{0}/change/", {"subject": "Better", "priority": "high"})),
    Cell("ticket:assign", "ticket", ("POST", "tickets/{0}/assign", {}), ("POST", "/tickets/{0}/assign/", {}),
         ("POST", "crm/ticket/{0}/do/ticket.assign/", {})),
    Cell("ticket:resolve", "ticket", ("POST", "tickets/{0}/resolve", {}), ("POST", "/tickets/{0}/resolve/", {}),
         ("POST", "crm/ticket/{0}/do/ticket.resolve/", {})),
    Cell("ticket:reopen", "solved", ("POST", "tickets/{0}/reopen", {}), ("POST", "/tickets/{0}/reopen/", {}),
         ("POST", "crm/ticket/{0}/do/ticket.reopen/", {})),
    Cell("pipeline:manage", "", ("POST", "pipelines", {"name": "Second"}), None,
         ("POST", "crm/pipeline/add/", {"name": "Second"})),
)  # fmt: skip


class World:
    """A row of every kind for every owner."""

    def __init__(self, people: Any) -> None:
        self.people = people
        Workspace.current()  # whoever reads it first makes it
        self.pipeline = Pipeline.objects.filter(is_default=True).first() or Pipeline.objects.create(
            name="Sales", is_default=True
        )
        self.stage = self.pipeline.stages.order_by("order").first() or Stage.objects.create(
            pipeline=self.pipeline, name="Discovery", order=1
        )
        everybody = people.everybody()
        self.rows = {short: self.row_set(short, user) for short, user in everybody.items()}
        self.contact_id = self.rows["ron"]["contact"]

    def row_set(self, short: str, owner: User) -> dict[str, int]:
        """Make one row of every kind for an owner; returns their ids."""

        def contact(label: str) -> Contact:
            address = f"{short}-{label}@x.example"
            return Contact.objects.create(first_name=label, email=address, email_folded=address, owner=owner)

        def lead(status: str, stage: str, **more: Any) -> int:
            person = contact(f"{status}-{stage}")
            return Lead.objects.create(
                contact=person, title=status, owner=owner, status=status, stage=stage, score=60, **more
            ).pk

        def deal(status: str, **more: Any) -> int:
            return Deal.objects.create(
                contact=contact(f"deal-{status}"), title=f"Deal {status}", pipeline=self.pipeline, stage=self.stage,
                owner=owner, value_minor=100_00, currency="INR", status=status,
                expected_close_on=clock.now().date() + timedelta(days=9), **more,
            ).pk  # fmt: skip

        now = clock.now()
        with_contact = contact("plain")
        return {
            "contact": with_contact.pk,
            "bare": contact("bare").pk,
            "lead": lead("new", "NEW"),
            "contacted": lead("contacted", "CONTACTED"),
            "qualified": lead("qualified", "INTERESTED"),
            "disqualified": lead("disqualified", "NEW", disqualification_reason="No budget"),
            "deal": deal("open"),
            "won": deal("won", closed_on=now.date(), won_at=now),
            "task": Activity.objects.create(
                type="task", subject="Call", contact=with_contact, actor=owner
            ).pk,
            "ticket": Ticket.objects.create(contact=with_contact, subject="Broken", assignee=owner).pk,
            "solved": Ticket.objects.create(
                contact=with_contact, subject="Mended", status="resolved", running_since=None, resolved_at=now
            ).pk,
        }  # fmt: skip

    def filled(self, value: Any, pk: int | str = "") -> Any:
        """Return a path or a body with the ids put in."""
        if isinstance(value, dict):
            return {name: self.filled(entry) for name, entry in value.items()}
        if not isinstance(value, str):
            return value
        text = value.replace("{0}", str(pk)).replace("{contact}", str(self.contact_id))
        text = text.replace("{ron}", str(self.people.ron.pk))
        return int(text) if text.isdigit() and value.startswith("{") else text


@pytest.fixture
def world(people) -> World:
    return World(people)


def state() -> str:
    """Return the digest of all business rows."""
    total = hashlib.sha256()
    for model in sorted(business_models(), key=lambda entry: entry._meta.label):
        total.update(digest(model)["digest"].encode())
    return total.hexdigest()


def expected(role: str, cell: Cell, owned: bool) -> set[int]:
    """Return the statuses that the matrix allows for a role, a verb and a row."""
    scope = MATRIX[cell.permission].get(role)
    if scope is None:
        return {403}
    if not cell.noun or scope is ALL:
        return DONE
    read = {
        "contact": "contact:read", "bare": "contact:read", "task": "activity:read",
        "ticket": "ticket:read", "solved": "ticket:read",
    }.get(cell.noun)  # fmt: skip
    read = read or ("deal:read" if cell.noun in {"deal", "won"} else "lead:read")
    reach = MATRIX[read].get(role)
    if reach is None or (reach is OWN and not owned) or (reach is WON and cell.noun != "won"):
        return {404}
    if scope is WON:
        return DONE if cell.noun == "won" else {404}
    return DONE if owned else {403}


def ask(client: Client, world: World, way: tuple[str, str, dict[str, Any]], prefix: str, pk: int | str) -> int:
    """Send one request and undo what it did if it was done; returns the status."""
    method, path, body = way
    address = prefix + world.filled(path, pk)
    point, status = transaction.savepoint(), 0
    try:
        if prefix.startswith("/api/"):
            data = json.dumps(world.filled(body)) if method not in {"GET", "DELETE"} else None
            answer = client.generic(method, address, data or "", content_type="application/json")
        else:
            answer = getattr(client, method.lower())(address, world.filled(body))
        status = answer.status_code
        return status
    finally:
        if status in DONE:
            transaction.savepoint_rollback(point)
        else:
            transaction.savepoint_commit(point)  # what a refusal did would be seen


def cells(door: str) -> Iterator[tuple[Cell, tuple[str, str, dict[str, Any]]]]:
    for cell in CELLS:
        way = {"api": cell.rest, "key": cell.rest, "page": cell.page, "admin": cell.admin}[door]
        if way is not None:
            yield cell, way


PREFIX = {"api": "/api/v1/crm/", "key": "/api/v1/crm/", "page": "", "admin": "/admin/"}


@pytest.mark.parametrize("door", ["api", "key", "page"])
@pytest.mark.parametrize("short", ROLES)
def test_each_role_gets_what_the_matrix_says_and_a_refusal_changes_nothing(world, people, short, door):
    user = getattr(people, short)
    client = api_client(user) if door == "key" else browser(user)
    if door == "api":
        client.get("/")
    before = state()
    for cell, way in cells(door):
        for owner in (short, "ron"):
            pk = world.rows[owner][cell.noun] if cell.noun else ""
            status = ask(client, world, way, PREFIX[door], pk)
            wanted = expected(ROLES[short], cell, owner == short)
            assert status in wanted, f"{short} {door} {cell.permission} on {owner}'s: {status}, not {wanted}"
    assert state() == before


@pytest.mark.parametrize("short", ROLES)
def test_only_administrators_work_in_the_admin(world, people, short):
    client = browser(getattr(people, short))
    before = state()
    for cell, way in cells("admin"):
        pk = world.rows["ron"][cell.noun] if cell.noun else ""
        status = ask(client, world, way, PREFIX["admin"], pk)
        if short == "ada":
            assert status in DONE, f"ada {cell.permission}: {status}"
        else:
            assert status in {302, 403, 404}, f"{short} {cell.permission}: {status}"
    assert state() == before


@pytest.mark.parametrize("door", ["api", "key", "page", "admin"])
@pytest.mark.parametrize("who", ["anonymous", "deactivated"])
def test_strangers_and_leavers_get_nothing(world, people, who, door):
    client = Client()
    if who == "deactivated":
        client = api_client(people.ada) if door == "key" else browser(people.ada)
        User.objects.filter(pk=people.ada.pk).update(is_active=False)
    elif door == "key":
        client = Client(headers={"Authorization": "Bearer crm_00000000_nothing"})
    before = state()
    for cell, way in cells(door):
        pk = world.rows["ron"][cell.noun] if cell.noun else ""
        status = ask(client, world, way, PREFIX[door], pk)
        assert status in ({401} if door in {"api", "key"} else {302}), f"{who} {door} {cell.permission}: {status}"
    assert state() == before


def test_every_admin_change_really_happens_through_its_action(world, people):
    client = browser(people.ada)
    answer = client.post(f"/admin/crm/lead/{world.rows['ron']['lead']}/change/", {"title": "By hand"})
    assert answer.status_code == 302
    lead = Lead.objects.get(pk=world.rows["ron"]["lead"])
    assert (lead.title, lead.version) == ("By hand", 2)
    answer = client.post(f"/admin/crm/lead/{lead.pk}/do/lead.disqualify/", {"reason": "No budget"})
    lead = Lead.objects.get(pk=lead.pk)
    assert (answer.status_code, lead.status, lead.stage) == (302, "disqualified", "NEW")


def test_a_deal_is_never_approved_by_its_owner_or_requester(world, people):
    from core.errors import HouseError
    from crm.actions.approvals import approve_deal, request_approval

    Deal.objects.filter(pk=world.rows["max"]["deal"]).update(value_minor=10**12)
    deal = Deal.objects.get(pk=world.rows["max"]["deal"])
    approval = request_approval(deal, actor=Actor.for_user(people.max))
    with pytest.raises(HouseError):
        approve_deal(approval, actor=Actor.for_user(people.max))
    assert approve_deal(approval, actor=Actor.for_user(people.ada)).state == "approved"


@pytest.mark.parametrize("short", ROLES)
def test_every_route_asks_the_role_before_it_looks_for_a_row(world, people, short):
    client = browser(getattr(people, short))
    role = ROLES[short]
    before = state()
    asked = 0
    for route in endpoints():
        if route.permission not in MATRIX or route.kind not in {"page", "rest"}:
            continue
        path = re.sub(r"<int:\w+>|\{\w+\}", "999999999", route.pattern)
        if "<" in path:
            continue
        for method in set(route.methods) & {"GET", "POST", "PATCH", "PUT", "DELETE"}:
            kind = "application/json" if route.kind == "rest" else "application/x-www-form-urlencoded"
            point = transaction.savepoint()
            answer = client.generic(method, path, "", content_type=kind)
            if answer.status_code < 400:
                transaction.savepoint_rollback(point)
            else:
                transaction.savepoint_commit(point)
            denied = MATRIX[route.permission].get(role) is None
            assert (answer.status_code == 403) == denied, (
                f"{short} {method} {path} ({route.permission}): {answer.status_code}"
            )
            asked += 1
    assert asked > 100
    assert state() == before
