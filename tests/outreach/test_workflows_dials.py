"""The dials: who may turn them, how far, and the switch that stops everything."""

from datetime import timedelta

import pytest

from accounts.models import Workspace
from core import clock
from core.errors import Denied
from outreach.actions.suggestions import reject_suggestion
from outreach.actions.workflows import set_workflow
from outreach.jobs import draft_follow_ups
from outreach.models import Message, Suggestion, Workflow
from outreach.queries.followups import silent_leads
from outreach.queries.workflows import workflow_for, workflows
from tests.outreach.scene import answer_to, arrive, dial, fresh, lead_of, message_to, sink
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db
AUTO = {"name": "lead_intake", "autonomy": "auto", "is_on": "on", "per_contact_per_day": "1", "per_hour": "60"}


def test_a_dial_that_nobody_turned_asks_each_time(db) -> None:
    assert [workflow.autonomy for workflow in workflows()] == ["approve"] * 4
    assert all(workflow.is_on and not workflow.runs_alone for workflow in workflows())


def test_only_an_administrator_lets_a_workflow_run_alone(ada, mia) -> None:
    assert browser(mia).post("/workflows/set/", AUTO).status_code == 403
    assert not workflow_for("lead_intake").runs_alone
    assert browser(ada).post("/workflows/set/", AUTO).status_code == 303
    assert workflow_for("lead_intake").runs_alone
    with pytest.raises(Denied):
        set_workflow(
            actor=as_actor(mia), name="follow_up", autonomy="auto", is_on=True, per_contact_per_day=1, per_hour=1
        )
    assert browser(mia).post("/workflows/set/", {**AUTO, "autonomy": "approve"}).status_code == 303


@pytest.mark.parametrize("short", ["max", "rita", "sam", "vic"])
def test_others_turn_nothing(people, short) -> None:
    assert browser(getattr(people, short)).post("/workflows/set/", AUTO).status_code == 403
    assert browser(getattr(people, short)).post("/workflows/pause/", {"is_paused": "on"}).status_code == 403
    assert not Workflow.objects.exists() and not Workspace.current().automation_paused


@pytest.mark.parametrize(
    "change", [{"name": "world_peace"}, {"autonomy": "yolo"}, {"per_hour": "0"}, {"per_contact_per_day": "1000"}]
)
def test_a_dial_takes_only_what_it_has(ada, change) -> None:
    answer = browser(ada).post("/workflows/set/", {**AUTO, **change})
    assert answer.status_code == 422 and not Workflow.objects.exists()


def test_the_page_says_what_each_workflow_does_and_did(ada, rita, vic, run_events) -> None:
    dial("lead_intake")
    lead_of(rita)
    run_events()
    html = browser(ada).get("/workflows/").content.decode()
    assert "Runs by itself" in html and "1 drafted, 1 sent by themselves, 0 waiting" in html
    assert browser(vic).get("/workflows/").status_code == 403


def test_the_kill_switch_is_pressed_and_released_on_the_page(ada, rita, run_events) -> None:
    dial("lead_intake")
    browser(ada).post("/workflows/pause/", {"is_paused": "on"})
    lead_of(rita)
    run_events()
    assert sink() == [] and not Suggestion.objects.exists()
    assert "Automation is paused" in browser(ada).get("/workflows/").content.decode()
    browser(ada).post("/workflows/pause/", {})
    lead_of(rita, "second@clinic.example")
    run_events()
    assert len(sink()) == 1


def test_turning_a_workflow_off_stops_what_it_queued(rita, run_events) -> None:
    dial("lead_intake")
    message_to(lead_of(rita), automatic=True, workflow_key="lead_intake")
    dial("lead_intake", is_on=False)
    run_events()
    assert sink() == [] and "switched off" in Message.objects.get().error


@pytest.fixture
def silent(rita, run_events) -> Message:
    """A first message that has been out for four days."""
    message = message_to(lead_of(rita))
    run_events()
    Message.objects.update(sent_at=clock.now() - timedelta(days=4))
    Suggestion.objects.all().delete()
    return Message.objects.get(pk=message.pk)


def test_a_silent_lead_gets_one_follow_up_draft(silent, run_events) -> None:
    draft_follow_ups()
    draft_follow_ups()
    run_events()
    draft = Suggestion.objects.get()
    assert (draft.kind, draft.state, draft.workflow_key) == ("follow_up", "pending", "follow_up")


def test_a_follow_up_leaves_by_itself_in_auto(silent, run_events) -> None:
    dial("follow_up")
    Message.objects.update(created_at=clock.now() - timedelta(days=4))
    draft_follow_ups()
    run_events()
    assert Message.objects.filter(purpose="follow_up", state="sent").count() == 1


def test_a_lead_that_answered_is_not_followed_up(silent, run_events) -> None:
    arrive(answer_to(silent, "Let me think."))
    run_events()
    Suggestion.objects.all().delete()
    draft_follow_ups()
    run_events()
    assert not Suggestion.objects.filter(kind="follow_up").exists()


def test_no_follow_up_before_its_day(rita, run_events) -> None:
    message_to(lead_of(rita))
    run_events()
    Suggestion.objects.all().delete()
    draft_follow_ups()
    run_events()
    assert not Suggestion.objects.exists()


def test_follow_ups_are_due_after_three_five_and_ten_days_and_then_end(rita, run_events) -> None:
    lead = lead_of(rita)
    message_to(lead)
    run_events()
    Suggestion.objects.all().delete()
    for days in (3, 5, 10):
        Message.objects.update(sent_at=clock.now() - timedelta(days=days, minutes=-1))
        assert not list(silent_leads())
        Message.objects.update(sent_at=clock.now() - timedelta(days=days, minutes=1))
        assert [row.pk for row, _key in silent_leads()] == [lead.pk]
        follow_up = message_to(fresh(lead), purpose="follow_up")
        run_events()
        assert Message.objects.get(pk=follow_up.pk).state == "sent"
    Message.objects.update(sent_at=clock.now() - timedelta(days=99))
    assert not list(silent_leads())


def test_leads_whose_step_was_asked_for_already_hold_up_nobody(rita, run_events, monkeypatch) -> None:
    monkeypatch.setattr("outreach.queries.followups.LIMIT", 2)
    leads = [lead_of(rita, f"lead{number}@example.com") for number in range(3)]
    for lead in leads:
        message_to(lead)
    run_events()
    Suggestion.objects.all().delete()
    for lead in leads[:2]:
        Message.objects.filter(lead=lead).update(sent_at=clock.now() - timedelta(days=9))
    draft_follow_ups()
    run_events()
    for draft in Suggestion.objects.filter(kind="follow_up"):
        reject_suggestion(draft, actor=as_actor(rita))
    Message.objects.filter(lead=leads[2]).update(sent_at=clock.now() - timedelta(days=4))
    draft_follow_ups()
    run_events()
    assert [draft.lead_id for draft in Suggestion.objects.filter(kind="follow_up", state="pending")] == [leads[2].pk]
