"""A real sales file of 8,800 opportunities: what the reports say of it is what the file itself adds up to."""

import csv
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest

from accounts.actor import Actor
from accounts.models import User
from crm.actions.starter import make_starter_set
from crm.models import Pipeline
from crm.queries import analytics
from crm.queries.periods import asked_of
from tests.crm.test_import_actions import bring
from tests.factories.crm import SYSTEM

SALES = Path("../shared/data/sales")
HOUSE = Actor.job("tests")
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a day without an hour


def test_the_figures_of_a_real_file_are_its_own_sums():
    if not SALES.exists():
        pytest.skip("the shared sales files are not here")
    make_starter_set(actor=SYSTEM)
    for name in ("accounts", "sales_teams", "products", "sales_pipeline"):
        bring((SALES / f"{name}.csv").read_text(encoding="utf-8"))
    rows = list(csv.DictReader((SALES / "sales_pipeline.csv").open(encoding="utf-8")))
    first, last = date(2017, 7, 1), date(2017, 9, 30)
    closed = [row for row in rows if row["close_date"] and first <= day(row["close_date"]) <= last]
    expected: dict[str, Counter[str]] = {}
    for row in closed:
        one, is_won = expected.setdefault(row["sales_agent"], Counter()), row["deal_stage"] == "Won"
        one.update(closed=1, won=is_won, lost=not is_won, worth=is_won and int(row["close_value"]) * 100)
    asked = asked_of({"first": first, "last": last})
    names = {user.pk: user.name for user in User.objects.all()}
    found = analytics.closings(HOUSE, asked, "owner")
    told = {
        names[pk]: {key: one.now[key] for key in ("closed", "won", "lost", "worth")}
        for pk, one in found.items()
        if one.now
    }
    assert told == {name: dict(one) for name, one in expected.items()}
    rate = sum(one["won"] for one in expected.values()) / len(closed)
    whole = analytics.closings(HOUSE, asked)[""]
    assert whole.share("won", "closed") == pytest.approx(rate)
    assert whole.before["closed"] == sum(
        bool(row["close_date"]) and asked.before.first <= day(row["close_date"]) <= asked.before.last for row in rows
    )

    pipeline = Pipeline.objects.filter(deals__isnull=False).distinct().get()
    every = asked_of({"first": date(2016, 1, 1), "last": date(2026, 1, 1), "pipeline": pipeline})
    engaged = [row for row in rows if row["engage_date"]]
    steps = analytics.funnel(HOUSE, every)
    assert steps[0]["n"] == len(engaged)
    assert steps[-1]["on"] == sum(row["deal_stage"] == "Won" for row in rows)
    assert [step["n"] for step in steps] == sorted((step["n"] for step in steps), reverse=True)
    assert sum(step["open"] for step in steps) == sum(row["deal_stage"] not in {"Won", "Lost"} for row in rows)
