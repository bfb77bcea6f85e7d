"""The night's snapshot, past days told from the moves since, and forecasts held against what became of them."""

from collections import Counter
from datetime import date, datetime, timedelta
from random import Random

import pytest
import time_machine

from accounts.actor import Actor
from accounts.models import Workspace
from crm.actions.deals import lose_deal, move_deal, win_deal
from crm.actions.snapshots import missing_days, take_snapshot
from crm.chances import brier
from crm.jobs import analytics_snapshot
from crm.models import Deal, Forecast, Snapshot
from crm.queries.backtest import backtest, together
from crm.queries.periods import asked_of
from crm.queries.reports import REPORTS
from crm.queries.summary import pipeline_on
from tests.crm.analytics_world import NOW, make_world, within
from tests.factories.crm import SYSTEM, make_deal, make_pipeline
from tests.people import api_client, as_actor

pytestmark = pytest.mark.django_db
JOB = Actor.job("tests")


def at(day: str, hour: int = 12):
    return time_machine.travel(f"{day} {hour}:00+05:30", tick=False)


def sums(on: str) -> Counter[str]:
    found = Counter()
    for row in Snapshot.objects.filter(on=date.fromisoformat(on)):
        found.update(
            {
                name: getattr(row, name)
                for name in ("count", "value_minor", "weighted_minor", "created", "won", "won_minor", "lost")
            }
        )
    return found


def stages_on(on: str) -> dict[str, int]:
    rows = Snapshot.objects.filter(on=date.fromisoformat(on), count__gt=0)
    return {row.stage.name: row.count for row in rows.select_related("stage")}


def test_a_day_is_told_from_what_stood_then_whenever_it_is_written(rita):
    first, second = make_pipeline().stages.order_by("order")[:2]
    with at("2026-10-05"):
        moved, won, lost = (make_deal(owner=rita, value_minor=10_000 * n) for n in (1, 2, 3))
    with at("2026-10-07"):
        move_deal(moved, actor=SYSTEM, stage=second)
    with at("2026-10-08"):
        win_deal(won, actor=SYSTEM, closed_on=date(2026, 10, 8))
        lose_deal(lost, actor=SYSTEM, reason="Price")
    with at("2026-11-20"):
        for day in ("2026-10-04", "2026-10-05", "2026-10-07", "2026-10-08", "2026-10-09"):
            take_snapshot(actor=JOB, on=date.fromisoformat(day))
    assert stages_on("2026-10-04") == {}
    assert stages_on("2026-10-05") == {first.name: 3}
    assert stages_on("2026-10-07") == {first.name: 2, second.name: 1}
    assert stages_on("2026-10-08") == {second.name: 1}
    day = sums("2026-10-05")
    assert (day["count"], day["value_minor"], day["weighted_minor"], day["created"]) == (3, 60_000, 12_000, 3)
    day = sums("2026-10-08")
    assert (day["won"], day["won_minor"], day["lost"], day["count"]) == (1, 20_000, 1, 1)
    assert sums("2026-10-09")["won"] == 0


def test_writing_a_day_again_changes_nothing(rita):
    with at("2026-11-20"):
        make_deal(owner=rita)
        make_deal("won", owner=rita)
        take_snapshot(actor=JOB, on=date(2026, 11, 20))
        once = list(Snapshot.objects.order_by("stage", "owner").values_list("stage", "count", "won"))
        take_snapshot(actor=JOB, on=date(2026, 11, 20))
    assert list(Snapshot.objects.order_by("stage", "owner").values_list("stage", "count", "won")) == once


def test_a_day_ends_at_the_house_s_midnight(rita):
    Workspace.current()
    Workspace.objects.update(timezone="America/Los_Angeles")
    moment = datetime.fromisoformat("2026-11-20T23:30:00-08:00")
    make_deal(owner=rita, created_at=moment)
    for day in (20, 21):
        take_snapshot(actor=JOB, on=date(2026, 11, day))
    assert (sums("2026-11-20")["created"], sums("2026-11-21")["created"]) == (1, 0)


def test_the_job_catches_up_on_what_was_missed(rita):
    with at("2026-06-10"):
        make_deal(owner=rita)
    with at("2026-11-21", 1):
        days = missing_days(date(2026, 11, 21))
        assert days[:3] == [date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)]
        assert days[-1] == date(2026, 11, 20)
        analytics_snapshot()
        assert missing_days(date(2026, 11, 21)) == []
        asked = asked_of({"period": "month"})
        assert pipeline_on(JOB, asked, date(2026, 10, 31)) == 4_800_000
    with at("2026-11-22", 1):
        assert missing_days(date(2026, 11, 22)) == [date(2026, 11, 21)]


def test_nothing_is_written_before_there_is_a_deal():
    analytics_snapshot()
    assert Snapshot.objects.count() == 0


def promise(month: date, deals: list[Deal], random: Random) -> None:
    until = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    Forecast.objects.bulk_create(
        Forecast(
            on=month,
            until=until,
            deal=deal,
            stage=deal.stage,
            value_minor=deal.value_minor,
            probability=random.randrange(5, 95),
            history=random.randrange(5, 95),
        )
        for deal in deals
    )


@time_machine.travel(NOW, tick=False)
def test_the_back_test_scores_every_promise(people):
    random = Random(8)
    world = make_world([people.rita, people.ron], 8, 90)
    ours = [deal for deal in world.deals if deal.currency == "INR"]
    months = [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    for month in months:
        promise(month, random.sample(ours, 25), random)
    rows, stages = backtest(JOB, asked_of({}))
    assert [row["month"] for row in rows] == months[:3]  # November is not over
    seen: list[tuple[bool, int]] = []
    scored = Counter()
    for row in rows:
        lines = list(Forecast.objects.filter(on=row["month"]).select_related("deal"))
        came = [one.deal.status == "won" and within(one_span(one), one.deal.closed_on) for one in lines]
        assert (row["n"], row["won_n"]) == (25, sum(came))
        assert row["won"] == sum(one.value_minor for one, is_won in zip(lines, came, strict=True) if is_won)
        for way, column in (("own", "probability"), ("history", "history")):
            chances = [getattr(one, column) / 100 for one in lines]
            squared = [(chance - is_won) ** 2 for chance, is_won in zip(chances, came, strict=True)]
            assert row[f"{way}_score"] == pytest.approx(sum(squared) / 25)
            worth = sum(one.value_minor * chance for one, chance in zip(lines, chances, strict=True))
            assert row[way] == pytest.approx(worth, abs=5)
            assert row[f"{way}_error"] == row[way] - row["won"]
        if not seen:
            assert row["naive_score"] is None
        else:
            base = sum(is_won for is_won, _ in seen) / len(seen)
            assert row["naive_score"] == pytest.approx(sum((base - is_won) ** 2 for is_won in came) / 25)
            for one in lines:
                scored[one.stage_id] += 1
        seen += [(is_won, 0) for is_won in came]
    assert {row["stage"]: row["n"] for row in stages} == dict(scored)
    assert all(row["naive_score"] is not None for row in stages)
    whole = together(rows)
    assert whole["n"] == 50
    assert whole["own_score"] == pytest.approx((rows[1]["own_score"] + rows[2]["own_score"]) / 2)


def one_span(line: Forecast):
    from crm.queries.periods import Span

    return Span(line.on, line.until, "UTC")


def test_the_forecast_of_a_month_is_what_was_promised_as_it_began(people):
    first, last = (make_pipeline().stages.order_by("order")[0], make_pipeline().stages.order_by("-order")[0])
    with at("2026-09-20"):
        for n in range(12):
            row = {"owner": people.rita, "stage": last, "expected_close_on": date(2026, 10, 10)}
            make_deal("won" if n < 9 else "lost", closed_on=date(2026, 9, 25), **row)
        late = make_deal(owner=people.rita, stage=first, expected_close_on=date(2026, 9, 1))
        kept = make_deal(owner=people.rita, stage=last, expected_close_on=date(2026, 10, 31), probability=90)
        make_deal(owner=people.rita, stage=last, expected_close_on=date(2026, 11, 1))
    with at("2026-10-20"):
        win_deal(kept, actor=SYSTEM, closed_on=date(2026, 10, 20))
    with at("2026-11-21"):
        take_snapshot(actor=JOB, on=date(2026, 9, 30))
        lines = {one.deal_id: one for one in Forecast.objects.filter(on=date(2026, 10, 1))}
        assert set(lines) == {late.pk, kept.pk}
        assert (lines[kept.pk].probability, lines[kept.pk].history, lines[kept.pk].until) == (
            90,
            75,
            date(2026, 10, 31),
        )
        rows, _ = backtest(JOB, asked_of({}))
        assert (rows[0]["n"], rows[0]["won_n"]) == (2, 1)
        expected = brier(2, 0.9**2 + 0.2**2, 0.9, 1)
        assert rows[0]["own_score"] == pytest.approx(expected)
        assert backtest(as_actor(people.rita), asked_of({})) == ([], [])
        answer = api_client(people.mia).get("/api/v1/crm/analytics/forecast-accuracy").json()
        assert answer["results"][0]["own_score"] == pytest.approx(expected)
        assert answer["finding"].startswith("Needs 2 months with a forecast")
    assert "forecast-accuracy" in REPORTS
