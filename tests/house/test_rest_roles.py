"""Every operation of REST for every role, on own rows and on another's; a refusal changes nothing."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.models import User
from accounts.roles import ADMIN, ALL, MANAGER, MATRIX, OWN
from tests.factories.rest import CSV, UPLOADS, body_for, make_rows, noun_of, operations, others
from tests.people import CAST, api_client, browser
from tests.security.ground import state

pytestmark = pytest.mark.django_db
READ = {
    "contacts": "contact:read", "addresses": "contact:read", "leads": "lead:read", "deals": "deal:read",
    "activities": "activity:read", "booking-pages": "activity:read", "documents": "contact:read",
    "report-schedules": "report:schedule", "tickets": "ticket:read",
}  # fmt: skip
"""Nouns whose rows have owners; the permission by which a row exists for somebody."""
PERSONAL = {"imports": {ADMIN}, "views": set(), "report-subscriptions": set(), "operations": {ADMIN, MANAGER}}
"""Rows that are found by who made them, and by the roles that might undo or mend them."""
ALSO = {
    "contacts/bulk": "contact:update", "leads/bulk": "lead:update", "deals/bulk": "deal:abandon",
    "activities/bulk": "activity:update",
}  # fmt: skip
"""What the verb in the body needs beside the operation's own permission."""
REFUSED = {401, 403, 404}
NOTHING = "/unmerge"  # these contacts were never merged: 404 for those who might


def expected(role: str, method: str, path: str, permission: str, *, own: bool) -> set[int]:
    """Return the refusals that the matrix demands; an empty set where it demands none."""
    needed = [permission, *(one for end, one in ALSO.items() if path.endswith(end))]
    scopes = [MATRIX[one].get(role) for one in needed if one in MATRIX]
    if None in scopes:
        return {403}
    if "{pk}" not in path:
        return set()
    noun = noun_of(path)
    if noun in READ:
        reach = MATRIX[READ[noun]].get(role)
        if reach is not ALL and not (reach is OWN and own):
            return {404}
        return {403} if method != "GET" and OWN in scopes and not own else set()
    if noun in PERSONAL and not own and role not in PERSONAL[noun]:
        return {404}
    if path.endswith("/undo") and "contact:update" not in held(role):
        return {403}  # who may not edit contacts, takes no edit of them back
    return {403} if noun == "approvals" and own else set()  # four eyes


def held(role: str) -> set[str]:
    """Return the permissions of a role."""
    return {permission for permission, scopes in MATRIX.items() if role in scopes}


def call(client: Client, method: str, path: str, ids: dict[str, Any]) -> int:
    """Make one call; what succeeded is taken back, what was refused is left as it is."""
    address = path.replace("{pk}", str(ids.get(noun_of(path)))).replace("{channel}", f"contact:{ids['contacts']}")
    address += "?poll=1" if "/live/" in path else ""
    point = transaction.savepoint()
    if path.endswith(UPLOADS) and method == "POST":
        file = SimpleUploadedFile("x.csv", CSV)
        answer = client.post(address, {"file": file, "kind": "leads"})
    else:
        sent = json.dumps(body_for(method, path, ids)) if method not in {"GET", "DELETE"} else ""
        answer = client.generic(method, address, sent, content_type="application/json")
    (transaction.savepoint_rollback if answer.status_code < 400 else transaction.savepoint_commit)(point)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code


@pytest.mark.parametrize("short", [name for name in CAST if name != "ron"])
def test_each_role_gets_what_the_matrix_says_at_every_operation(people, short):
    user, role = getattr(people, short), CAST[short][1]
    ways = {True: make_rows(user) | others(people.ron), False: make_rows(people.ron)}
    ways[False] = ways[True] | ways[False]
    client = api_client(user)
    before, wrong = state(), []
    for method, path, said in operations():
        for own in (True, False) if "{pk}" in path else (True,):
            status = call(client, method, path, ways[own])
            wanted = expected(role, method, path, said["x-permission"], own=own)
            fits = status in wanted if wanted else status not in REFUSED or path.endswith(NOTHING)
            if not fits:
                wrong.append(f"{method} {path} own={own}: {status}, not {wanted or 'done'}")
    assert not wrong, "\n".join(wrong)
    assert state() == before


@pytest.mark.parametrize("who", ["nobody", "a wrong key", "deactivated", "deactivated with a key"])
def test_strangers_and_leavers_get_nothing_at_any_operation(people, who):
    ids = make_rows(people.ada) | others(people.ron)
    headers = {"Authorization": "Bearer crm_00000000_nothing"} if who == "a wrong key" else {}
    client = Client(headers=headers)
    if who.startswith("deactivated"):
        client = api_client(people.ada) if who.endswith("key") else browser(people.ada)
        User.objects.filter(pk=people.ada.pk).update(is_active=False)
    before = state()
    for method, path, _ in operations():
        assert call(client, method, path, ids) == 401, f"{method} {path}"
    assert state() == before
