"""Every page of a lively install answers, with few queries; `make bench` measures the time."""

import tomllib
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.management.commands.list_endpoints import endpoints
from crm.models import Contact, Deal, Lead
from tests.people import browser

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = tomllib.loads((ROOT / "ci" / "budgets.toml").read_text())["pages"]
ROWS = {"/leads/": Lead, "/deals/": Deal, "/contacts/": Contact}
# Saying yes to these is a person's decision or a stream without an end.
NOT_ASKED = ("/live/", "/accounts/logout/")


@pytest.fixture
def ada(db, run_events):
    call_command("demo", stdout=StringIO())
    run_events()
    return get_user_model().objects.get(email="ada@seed.example.com")


def addresses() -> list[str]:
    """Every page that can be asked with what the demo holds."""
    found = set()
    for route in endpoints():
        if route.kind != "page" or "GET" not in route.methods or route.pattern in NOT_ASKED:
            continue
        path = route.pattern
        for prefix, model in ROWS.items():
            if path.startswith(f"{prefix}<int:pk>/"):
                path = path.replace("<int:pk>", str(model.objects.order_by("pk").first().pk))
        if "<" not in path:
            found.add(path)
    return sorted(found)


@pytest.mark.slow
def test_every_page_answers_with_few_queries(ada):
    client = browser(ada)
    broken, greedy = {}, {}
    asked = addresses()
    for path in asked:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        if answer.status_code not in {200, 204, 301, 302, 303, 405, 409, 503}:
            broken[path] = answer.status_code
        if len(queries) > BUDGETS["queries"]:
            greedy[path] = len(queries)
    assert (broken, greedy) == ({}, {})
    assert len(asked) > 40
