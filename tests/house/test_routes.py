"""Every address says who may use it, and a stranger sees only what is public."""

import re

import pytest

from accounts.roles import MATRIX
from core.management.commands.list_endpoints import endpoints

ANSWERS_FOR_STRANGERS = {302, 401, 403, 404, 405}
SAMPLES = {"slug": "sample", "str": "sample", "uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12}


def filled(pattern: str) -> str:
    """A path that the pattern matches: 1 for numbers, a word for the rest."""
    path = re.sub(r"\(\?P<\w+>[^)]*\)", "1", pattern)
    path = re.sub(r"<int:\w+>", "1", path)
    path = re.sub(r"<(\w+):\w+>", lambda found: SAMPLES.get(found[1], "sample"), path)
    path = re.sub(r"<\w+>|\{\w+\}", "1", path)
    return re.sub(r"[\^$]|\\Z", "", path)


ROUTES = sorted(endpoints(), key=str)
GUARDED = sorted(
    {
        filled(route.pattern)
        for route in ROUTES
        if route.permission != "public" and "GET" in route.methods and "(?" not in route.pattern
    }
)


def test_there_are_routes_of_every_kind():
    assert {route.kind for route in ROUTES} == {"page", "rest", "admin", "sign-in"}


def test_every_route_declares_its_permission():
    assert [route for route in ROUTES if route.permission == "undeclared"] == []


def test_every_permission_is_in_the_matrix():
    known = set(MATRIX) | {"public", "signed-in"}
    named = {route.permission for route in ROUTES if not route.permission.startswith("admin:")}
    assert named - known == set()


@pytest.mark.django_db
def test_a_stranger_is_turned_away_everywhere(client):
    answers = {path: client.get(path).status_code for path in GUARDED}
    wrong = {path: code for path, code in answers.items() if code not in ANSWERS_FOR_STRANGERS}
    assert wrong == {}
    assert len(answers) > 50
