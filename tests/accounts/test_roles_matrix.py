"""The matrix against the table it was specified with."""

import json
from pathlib import Path

import pytest

from accounts.permissions import UnknownPermission, can
from accounts.roles import (
    ADMIN,
    AGENTS_MAY,
    ALL,
    FINANCE,
    LINKED,
    MANAGER,
    MARKETING,
    MATRIX,
    NONE,
    OWN,
    REP,
    ROLES,
    SUPPORT,
    VIEWER,
    WON,
    WORKFLOWS_MAY,
)

SPECIFIED = Path(__file__).resolve().parents[2] / "../shared/role_matrix.json"
WORDS = {"allow": ALL, "own": OWN, "deny": NONE}
DERIVED = {
    "lead:update": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "lead:delete": {ADMIN: ALL},
    "lead:reopen": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:reopen": {ADMIN: ALL, MANAGER: ALL},
    "deal:abandon": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "deal:reassign": {ADMIN: ALL, MANAGER: ALL},
    "deal:approve": {ADMIN: ALL, MANAGER: ALL},
    "campaign:update": {ADMIN: ALL, MARKETING: ALL},
    "campaign:pause": {ADMIN: ALL, MARKETING: ALL},
    "ticket:update": {ADMIN: ALL, SUPPORT: ALL},
    "ticket:reopen": {ADMIN: ALL, SUPPORT: ALL},
    "contact:import": {ADMIN: ALL, MANAGER: ALL, REP: ALL, MARKETING: ALL},
    "contact:export": {ADMIN: ALL, MANAGER: ALL, MARKETING: ALL},
    "contact:merge": {ADMIN: ALL, MANAGER: ALL},
    "contact:erase": {ADMIN: ALL},
    "scoring:manage": {ADMIN: ALL, MARKETING: ALL},
    "conversation:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: ALL},
    "message:send": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: ALL},
    "suggestion:approve": {ADMIN: ALL, MANAGER: ALL, REP: OWN, SUPPORT: OWN},
    "workflow:manage": {ADMIN: ALL, MARKETING: ALL},
    "proposal:create": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "proposal:send": {ADMIN: ALL, MANAGER: ALL, REP: OWN},
    "invoice:read": {ADMIN: ALL, MANAGER: ALL, REP: OWN, FINANCE: ALL},
    "invoice:issue": {ADMIN: ALL, FINANCE: ALL},
    "payment:refund": {ADMIN: ALL, FINANCE: ALL},
    "user:manage": {ADMIN: ALL},
    "settings:manage": {ADMIN: ALL},
    "audit:read": {ADMIN: ALL},
    "pipeline:manage": {ADMIN: ALL},
}


@pytest.mark.skipif(not SPECIFIED.exists(), reason=f"{SPECIFIED} is not here")
def test_every_specified_cell_is_in_the_matrix():
    specified = json.loads(SPECIFIED.read_text())
    for permission, cells in specified.items():
        for role, word in cells.items():
            assert MATRIX[permission].get(role, NONE) is WORDS[word], (permission, role)


@pytest.mark.parametrize("permission", DERIVED)
def test_the_derived_rows_are_as_designed(permission):
    assert MATRIX[permission] == DERIVED[permission]


def test_finance_reads_contacts_won_deals_and_reports_and_keeps_the_books_and_nothing_else():
    held = {name: cells[FINANCE] for name, cells in MATRIX.items() if FINANCE in cells}
    assert held == {
        "contact:read": ALL,
        "deal:read": WON,
        "analytics:read": ALL,
        "invoice:read": ALL,
        "invoice:issue": ALL,
        "payment:read": ALL,
        "payment:update": ALL,
        "payment:refund": ALL,
        "contract:read": ALL,
        "report:schedule": OWN,
        "document:read": LINKED,
        "document:create": ALL,
        "document:update": OWN,
        "document:delete": OWN,
        "key:manage": OWN,
        "profile:update": OWN,
    }


def test_the_matrix_names_no_unknown_role():
    assert {role for cells in MATRIX.values() for role in cells} == set(ROLES)


def test_machines_may_only_what_exists_and_never_decide_over_money_or_people():
    assert set(MATRIX) >= WORKFLOWS_MAY >= AGENTS_MAY
    never = {"deal:approve", "deal:close-won", "payment:refund", "lead:delete", "user:manage", "settings:manage"}
    assert not WORKFLOWS_MAY & never
    assert "message:send" not in AGENTS_MAY


@pytest.mark.parametrize("role", ROLES)
def test_every_cell_answers_through_has_perm(people, role):
    user = next(user for user in people.everybody().values() if role in user.roles)
    for permission, cells in MATRIX.items():
        assert user.has_perm(permission) is (role in cells), permission


def test_an_unknown_permission_is_a_mistake_not_an_answer(ada):
    with pytest.raises(UnknownPermission, match="deal:steal"):
        can(ada, "deal:steal")


def test_viewer_reads_what_the_table_says():
    held = {name for name, cells in MATRIX.items() if VIEWER in cells}
    expected = {"contact", "lead", "deal", "activity", "campaign", "analytics", "proposal", "document"}
    assert {name for name in held if name.endswith(":read")} == {f"{noun}:read" for noun in expected}
