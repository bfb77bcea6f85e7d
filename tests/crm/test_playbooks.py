"""Playbooks: the sales process of a converted lead, the onboarding of a customer; guards, roles, once each."""

import json

import pytest

from accounts.models import Workspace
from core.actions import run
from core.errors import Denied, Invalid, Refused
from core.registry import INVARIANTS
from crm.actions.activities import complete_activity
from crm.actions.approvals import approve_deal, request_approval
from crm.actions.deals import create_deal, lose_deal, move_deal, reopen_deal, update_deal, win_deal
from crm.actions.leads import convert_lead, record_proposal_sent
from crm.actions.processes import make_playbooks
from crm.models import Activity, Deal, Playbook, Process
from crm.queries.rotting import today
from tests.factories.crm import SYSTEM, make_contact, make_deal, make_lead, make_pipeline
from tests.people import api_client, as_actor, browser

pytestmark = pytest.mark.django_db
DISCOVERY = ["Conduct needs analysis call", "Document pain points"]
PROPOSAL = ["Prepare proposal document", "Send proposal to contact"]


@pytest.fixture
def deal(people, run_events) -> Deal:
    """A lead of Rita's, converted: its sales process has begun."""
    assert people.north
    make_pipeline()
    lead = make_lead("qualified", "INTERESTED", owner=people.rita, estimated_value_minor=10_000)
    lead = convert_lead(lead, actor=as_actor(people.rita))
    run_events()
    return lead.converted_deal


def stage(name: str):
    return make_pipeline().stages.get(name=name)


def todo(deal: Deal) -> list[str]:
    tasks = Activity.objects.filter(deal=deal, completed_at=None)
    return list(tasks.order_by("pk").values_list("subject", flat=True))


def tick(deal: Deal, person, run_events) -> None:
    for task in Activity.objects.filter(deal=deal, completed_at=None):
        complete_activity(task, actor=as_actor(person))
    run_events()


def test_the_whole_sales_process_ends_with_a_won_deal(deal, rita, run_events):
    assert todo(deal) == DISCOVERY
    with pytest.raises(Refused, match="Finish the tasks of “Discovery” first") as refusal:
        move_deal(deal, actor=as_actor(rita), stage=stage("Proposal"))
    assert refusal.value.code == "entry_guard"
    tick(deal, rita, run_events)
    assert todo(deal) == PROPOSAL
    move_deal(deal, actor=as_actor(rita), stage=stage("Proposal"))
    with pytest.raises(Refused, match="Send the proposal first"):
        move_deal(deal, actor=as_actor(rita), stage=stage("Negotiation"))
    move_deal(deal, actor=as_actor(rita), stage=stage("Proposal Sent"))
    run_events()
    assert todo(deal) == ["Address objections", "Update deal value if changed"]
    with pytest.raises(Refused, match="verbal agreement"):
        move_deal(deal, actor=as_actor(rita), stage=stage("Closing"))
    update_deal(deal, actor=as_actor(rita), agreed_on=today())
    tick(deal, rita, run_events)
    assert todo(deal) == ["Send contract for signature", "Confirm signed contract received"]
    tick(deal, rita, run_events)
    deal.refresh_from_db()
    assert (deal.status, deal.closed_on) == ("won", today())
    assert Process.objects.get(playbook__key="SALES_PROCESS").state == "done"
    assert len(todo(deal)) == 5  # the customer's start
    assert INVARIANTS["I7a"].check() == []


def test_a_large_deal_asks_the_manager_and_notes_the_answer(deal, people, run_events):
    Deal.objects.update(value_minor=10**9)
    tick(deal, people.rita, run_events)
    asked = Activity.objects.get(subject="Get manager approval")
    assert asked.actor == people.max
    approval = request_approval(deal, actor=as_actor(people.rita))
    approve_deal(approval, actor=as_actor(people.max))
    run_events()
    asked.refresh_from_db()
    assert asked.completed_at is not None


def test_machines_note_what_happened_and_the_process_follows(deal, people, run_events):
    record_proposal_sent(deal.lead, actor=SYSTEM)
    run_events()
    deal.refresh_from_db()
    assert deal.stage.name == "Proposal Sent"
    assert Process.objects.get().step["key"] == "negotiation"
    assert set(todo(deal)) == {*DISCOVERY, "Address objections", "Update deal value if changed"}


def test_a_deal_made_by_hand_moves_freely_until_it_follows_a_playbook(people):
    make_playbooks(actor=SYSTEM)
    make_pipeline()
    rita = as_actor(people.rita)
    deal = create_deal(actor=rita, contact=make_contact(), title="Shop")
    move_deal(deal, actor=rita, stage=stage("Negotiation"))
    move_deal(deal, actor=rita, stage=stage("Discovery"))
    client = browser(people.rita)
    book = {"playbook": "SALES_PROCESS"}
    assert client.post(f"/deals/{deal.pk}/start/", book).status_code == 303
    with pytest.raises(Refused):
        move_deal(deal, actor=rita, stage=stage("Negotiation"))
    assert "Conduct needs analysis call" in client.get(f"/deals/{deal.pk}/").content.decode()
    assert client.post(f"/deals/{deal.pk}/stop/", book).status_code == 303
    assert todo(deal) == []
    move_deal(deal, actor=rita, stage=stage("Negotiation"))
    assert client.post(f"/deals/{deal.pk}/start/", {"playbook": "NO"}).status_code == 422
    onboarding = {"playbook": "CUSTOMER_ONBOARDING"}
    assert client.post(f"/deals/{deal.pk}/start/", onboarding).status_code == 409


def test_a_closed_deal_ends_its_process_and_a_reopened_one_goes_on(deal, people, run_events):
    win_deal(deal, actor=as_actor(people.rita), closed_on=today())
    run_events()
    assert not set(todo(deal)) & set(DISCOVERY)
    reopen_deal(deal, actor=as_actor(people.max))
    run_events()
    assert set(todo(deal)) >= set(DISCOVERY)
    lose_deal(deal, actor=as_actor(people.rita), reason="Price")
    run_events()
    states = dict(Process.objects.values_list("playbook__key", "state"))
    assert states == {"SALES_PROCESS": "stopped", "CUSTOMER_ONBOARDING": "running"}


def test_onboarding_starts_once_and_only_where_it_is_wanted(people, run_events):
    Workspace.current()
    Workspace.objects.update(onboarding_enabled=False)
    deal = make_deal(owner=people.rita)
    win_deal(deal, actor=SYSTEM, closed_on=today())
    run_events()
    assert todo(deal) == []
    Workspace.objects.update(onboarding_enabled=True)
    other = make_deal(owner=people.rita)
    for _ in range(2):
        win_deal(other, actor=SYSTEM, closed_on=today())
        run_events()
        reopen_deal(other, actor=SYSTEM)
        run_events()
    assert Activity.objects.filter(source_key__startswith="onboarding:").count() == 5
    assert INVARIANTS["I7a"].check() == []


def test_administrators_change_playbooks_and_deals_under_way_keep_their_steps(deal, people):
    book = Playbook.objects.get(key="SALES_PROCESS")
    steps = [{"key": "talk", "name": "Talk", "tasks": [
        {"subject": "Call", "role": "sales-rep", "days": 1}]}]  # fmt: skip
    data = {"name": "Short", "is_active": True, "steps": steps}
    with pytest.raises(Denied):
        run("playbook.update", book, actor=as_actor(people.max), data=data)
    run("playbook.update", book, actor=as_actor(people.ada), data=data)
    assert Playbook.objects.get(pk=book.pk).steps[0]["tasks"][0]["subject"] == "Call"
    assert len(Process.objects.get().steps) == 4
    for wrong in (
        [{**steps[0], "guard": "no_such"}],
        [{**steps[0], "tasks": [{"subject": "", "role": "sales-rep", "days": 1}]}],
        [steps[0], steps[0]],
        [],
    ):
        with pytest.raises(Invalid):
            run("playbook.update", book, actor=as_actor(people.ada), data={**data, "steps": wrong})


def test_a_stage_may_ask_for_things_before_a_deal_comes(rita, people):
    deal = make_deal(owner=rita, value_minor=0, expected_close_on=None)
    target = stage("Closing")
    target.needs = ["value", "close_date", "lines", "next_step"]
    target.save()
    with pytest.raises(Refused) as refusal:
        move_deal(deal, actor=as_actor(rita), stage=target)
    assert refusal.value.message == (
        "Not yet in “Closing”. Give the deal a value first. Add an expected close date first. "
        "Add what is sold first, line by line. Plan the next step first: a call, a meeting or a task."
    )
    client = api_client(rita)
    sent = client.post(
        f"/api/v1/crm/deals/{deal.pk}/move-stage", json.dumps({"stage": target.pk}), content_type="application/json"
    )
    assert (sent.status_code, sent.json()["code"]) == (409, "entry_guard")
    shown = client.get(f"/api/v1/crm/deals/{deal.pk}").json()
    assert "Closing" not in {one["name"] for one in shown["allowed_stages"]}
    page = browser(rita).get(f"/deals/{deal.pk}/").content.decode()
    assert "Give the deal a value first." in page
