"""Jobs on the clock: each once a period whatever happened, none delaying another."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse

from accounts.actions.jobs import run_job
from core import jobs
from core.errors import Denied, Invalid, Refused
from core.jobs import Job, tick
from core.models import Event, Heartbeat, JobRun
from tests.flows.running import house, wait_for
from tests.people import SYSTEM, as_actor, browser

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 09:30 in Kolkata
DAY = timedelta(days=1)


@pytest.fixture
def ran(monkeypatch) -> list[str]:
    """Let only these jobs exist, in Kolkata, and note which of them ran."""
    found: list[str] = []

    def named(name):
        return lambda: found.append(name)

    declared = {
        "daily": Job("daily", named("daily"), daily="08:00"),
        "weekly": Job("weekly", named("weekly"), daily="05:00", weekday=0),
        "half-hourly": Job("half-hourly", named("half-hourly"), every=timedelta(minutes=30)),
    }
    monkeypatch.setattr(jobs, "JOBS", declared)
    monkeypatch.setattr(jobs, "_zone", [lambda: "Asia/Kolkata"])
    return found


def at(moment, times=1):
    with time_machine.travel(moment, tick=False):
        for _ in range(times):
            tick("w")


def test_each_job_runs_once_in_its_period_however_often_it_is_asked(ran):
    at(MONDAY, times=5)
    assert sorted(ran) == ["daily", "half-hourly", "weekly"]
    at(MONDAY + timedelta(minutes=31), times=3)
    assert ran.count("half-hourly") == 2
    assert (ran.count("daily"), ran.count("weekly")) == (1, 1)


@pytest.mark.parametrize("hours", [0, 5, -4])  # back at the same hour, later, and before the job's hour
def test_after_three_days_down_each_job_runs_once_for_the_latest_day_it_missed(ran, hours):
    at(MONDAY - 4 * DAY)
    ran.clear()
    back = MONDAY + timedelta(hours=hours)
    at(back, times=3)
    assert sorted(ran) == ["daily", "half-hourly", "weekly"]
    day = "2026-11-23" if hours >= 0 else "2026-11-22"
    assert JobRun.objects.filter(job="daily").order_by("pk").last().period == day


def test_a_missed_weekday_is_caught_up_when_the_house_is_back(ran):
    at(MONDAY - DAY)
    ran.clear()
    at(MONDAY + 2 * DAY, times=2)
    assert ran.count("weekly") == 1
    assert JobRun.objects.filter(job="weekly").latest("pk").period == "2026-11-23"


def test_a_new_install_missed_nothing(ran):
    at(MONDAY - timedelta(hours=2))  # 07:30 in Kolkata, before the daily job's hour
    assert sorted(ran) == ["half-hourly", "weekly"]
    at(MONDAY)
    assert ran.count("daily") == 1


@pytest.mark.parametrize(
    ("zone", "hour", "start"),
    [
        ("Europe/Berlin", "02:30", datetime(2026, 3, 27, tzinfo=UTC)),  # 02:30 is skipped on the 29th
        ("Europe/Berlin", "02:30", datetime(2026, 10, 23, tzinfo=UTC)),  # and comes twice on the 25th
        ("America/Sao_Paulo", "00:05", datetime(2018, 11, 2, tzinfo=UTC)),  # midnight is skipped
    ],
)
def test_every_local_day_has_one_run_when_the_clocks_change(ran, monkeypatch, zone, hour, start):
    monkeypatch.setattr(jobs, "_zone", [lambda: zone])
    jobs.JOBS["daily"] = Job("daily", lambda: ran.append("daily"), daily=hour)
    for quarter in range(5 * 96):
        at(start + timedelta(minutes=15 * quarter))
    periods = list(JobRun.objects.filter(job="daily").order_by("pk").values_list("period", flat=True))
    assert len(periods) == len(set(periods)) == ran.count("daily") >= 5
    days = [datetime.fromisoformat(period).date() for period in periods]
    assert all(two - one == DAY for one, two in pairwise(days))


def test_a_clock_that_jumps_back_repeats_nothing_and_forth_loses_nothing(ran):
    at(MONDAY)
    at(MONDAY - timedelta(minutes=10))
    at(MONDAY + timedelta(hours=1))
    at(MONDAY + timedelta(minutes=5))
    assert (ran.count("daily"), ran.count("weekly")) == (1, 1)
    assert ran.count("half-hourly") == 3  # the slots before, at and after


def test_a_poisoned_job_delays_no_other_is_listed_and_tried_again_twice(ran):
    def poison():
        raise ValueError("row 7 is broken")

    jobs.JOBS["poison"] = Job("poison", poison, daily="01:00")
    jobs.JOBS.update({"after": Job("after", lambda: ran.append("after"), daily="01:00")})
    at(MONDAY)
    assert sorted(ran) == ["after", "daily", "half-hourly", "weekly"]
    row = JobRun.objects.get(job="poison")
    assert (row.error, row.tries) == ("ValueError: row 7 is broken", 1)
    at(MONDAY + timedelta(minutes=5))
    for minutes in (11, 22, 33, 44):
        at(MONDAY + timedelta(minutes=minutes))
    row.refresh_from_db()
    assert row.tries == jobs.TRIES
    assert row.finished_at is not None
    assert ran.count("after") == 1


def test_what_a_dead_worker_held_is_taken_over_and_what_a_living_one_holds_is_not(ran):
    held: list = []
    with time_machine.travel(MONDAY, tick=False):
        Heartbeat.objects.create(name="w1", at=MONDAY)
        tick("w1", lambda *run: held.append(run))
        assert len(held) == 3
        assert tick("w2") == 0
    later = MONDAY + timedelta(minutes=2)
    with time_machine.travel(later, tick=False):
        Heartbeat.objects.filter(name="w1").update(at=later)
        assert tick("w2") == 0
    with time_machine.travel(later + jobs.GONE + timedelta(seconds=1), tick=False):
        tick("w2")
    assert sorted(ran) == ["daily", "half-hourly", "weekly"]
    row = JobRun.objects.get(job="daily")
    assert (row.worker, row.tries) == ("w2", 2)
    with time_machine.travel(later + timedelta(hours=1), tick=False):
        jobs.run(*held[0])  # the dead one was only asleep: its word counts no more
    row.refresh_from_db()
    assert row.finished_at < later + timedelta(hours=1)


def test_a_job_that_kills_its_worker_each_time_is_given_up():
    row = JobRun.objects.create(
        job="crm.jobs.find_rotting_deals", period="by hand", worker="gone", started_at=MONDAY, tries=3
    )  # fmt: skip
    at(MONDAY)
    row.refresh_from_db()
    assert row.error == "The worker died each time this ran."


def test_no_job_runs_beside_itself(ran):
    held: list = []
    with time_machine.travel(MONDAY, tick=False):
        Heartbeat.objects.create(name="w1", at=MONDAY + DAY)
        tick("w1", lambda *run: held.append(run))
    with time_machine.travel(MONDAY + timedelta(hours=2), tick=False):
        assert tick("w2") == 0  # a new slot has come, but the last one is still in hand
        jobs.run(*next(one for one in held if one[0].name == "half-hourly"))
        assert tick("w2") == 1


def test_only_the_last_slots_are_kept_and_failures_longer(ran):
    jobs.JOBS["half-hourly"] = Job("half-hourly", lambda: ran.append("x"), every=timedelta(minutes=30))
    for n in range(10):
        at(MONDAY + timedelta(minutes=31 * n))
    assert JobRun.objects.filter(job="half-hourly").count() <= 4


def test_the_next_run_is_told_on_the_wall_clock():
    job = Job("daily", lambda: None, daily="08:00")
    assert job.next_at(MONDAY, "Asia/Kolkata") == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    weekly = Job("weekly", lambda: None, daily="05:00", weekday=0)
    assert weekly.next_at(MONDAY, "Asia/Kolkata") == datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
    slot = Job("slot", lambda: None, every=timedelta(minutes=30))
    assert slot.next_at(MONDAY, "UTC") == MONDAY + timedelta(minutes=30)


def test_a_job_is_run_by_hand_once_and_the_audit_says_by_whom(people, ran):
    for short in ("max", "rita", "vic"):
        with pytest.raises(Denied):
            run_job(actor=as_actor(getattr(people, short)), name="daily")
    at(MONDAY)
    ran.clear()
    ada = browser(people.ada)
    with time_machine.travel(MONDAY + timedelta(minutes=1), tick=False):
        assert ada.post(reverse("accounts:job-run"), {"name": "daily"}).status_code == 303
        with pytest.raises(Refused):
            run_job(actor=SYSTEM, name="daily")
        assert tick("w") == 1
        assert tick("w") == 0
    assert ran == ["daily"]
    event = Event.objects.get(name="job.requested")
    assert (event.actor_id, event.data) == (people.ada.pk, {"name": "daily"})
    with pytest.raises(Invalid), transaction.atomic():
        jobs_run_unknown()


def jobs_run_unknown():
    from core.actions import run

    run("job.run", actor=SYSTEM, data={"name": "os.system"})


def test_the_page_tells_last_next_outcome_and_failures(people, ran):
    def poison():
        raise ValueError("row 7 is broken")

    jobs.JOBS["find_poison"] = Job("find_poison", poison, daily="01:00")
    at(MONDAY)
    page = browser(people.ada).get(reverse("accounts:job-list")).content.decode()
    for words in ("Find poison", "row 7 is broken", "Failed", "Done", "for 2026-11-23", "Next:"):
        assert words in page
    assert browser(people.max).get(reverse("accounts:job-list")).status_code == 403


@pytest.mark.slow
def test_two_workers_run_each_job_once(tmp_path):
    with house(tmp_path) as running:
        running.prepare()
        running.start("worker")
        running.processes["first"] = running.processes.pop("worker")
        running.start("worker")
        count = (
            "from core.models import Heartbeat, JobRun; import json;"
            "print(json.dumps([Heartbeat.objects.count(), list(JobRun.objects.exclude(finished_at=None)"
            ".values_list('job', 'period', 'tries'))]))"
        )

        def seen():
            workers, runs = json.loads(running.command("shell", "-v", "0", "-c", count))
            return runs if workers == 2 and len(runs) >= 8 else None

        runs = wait_for(seen, 60, running.tail)
    assert len({(job, period) for job, period, _ in runs}) == len(runs)
    assert {tries for *_, tries in runs} == {1}
