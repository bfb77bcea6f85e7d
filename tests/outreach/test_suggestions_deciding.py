"""Drafts: offered, decided once, good for exactly the words that were shown."""

import re
import threading

import pytest
from django.db import connection
from django.utils.translation import override

from core.errors import Denied, HouseError, Refused
from core.models import Event
from crm.models import Contact
from crm.templatetags.kept import told
from outreach.actions.suggestions import approve_suggestion, reject_suggestion, request_draft
from outreach.models import AgentRun, Message, Suggestion, Workflow
from outreach.queries.workflows import over_limit
from tests.outreach.scene import answer_to, arrive, dial, draft_for, fresh, lead_of, pause, sent_mails, sink
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def test_a_new_lead_gets_a_draft_and_its_owner_is_told(rita, run_events) -> None:
    lead = lead_of(rita)
    run_events()
    draft = Suggestion.objects.get()
    assert (draft.lead, draft.state, draft.kind, draft.via) == (lead, "pending", "first_message", "rules")
    assert draft.to_address == lead.contact.email and "{{" not in draft.body
    assert AgentRun.objects.get(agent="writer").lead == lead and draft.prompt_version is not None
    assert rita.notifications.filter(kind="suggestion.ready").count() == 1
    assert sink() == []


def test_imported_leads_are_drafted_only_when_asked(rita, run_events) -> None:
    lead = lead_of(rita, source="import")
    run_events()
    assert not Suggestion.objects.exists()
    request_draft(lead, actor=as_actor(rita))
    run_events()
    assert Suggestion.objects.get().state == "pending"


def test_in_auto_the_first_message_leaves_by_itself_and_says_so(rita, run_events) -> None:
    dial("lead_intake")
    lead = lead_of(rita)
    run_events()
    message, draft = Message.objects.get(), Suggestion.objects.get()
    assert (message.state, message.automatic, message.sent_by_ai) == ("sent", True, True)
    assert (draft.state, draft.decided_via, draft.decided_by) == ("approved", "workflow", None)
    assert sent_mails()[0]["Auto-Submitted"] == "auto-generated"
    assert fresh(lead).stage == "CONTACTED"


def test_approving_sends_exactly_what_was_shown(rita, run_events) -> None:
    lead = lead_of(rita)
    run_events()
    draft = Suggestion.objects.get()
    approve_suggestion(draft, actor=as_actor(rita), fingerprint=draft.fingerprint)
    run_events()
    message, draft = Message.objects.get(), Suggestion.objects.get()
    assert (draft.state, draft.decided_by, draft.difference) == ("approved", rita, "")
    assert (message.body_text, message.subject, message.fingerprint) == (draft.body, draft.subject, draft.fingerprint)
    assert message.sent_by_ai and not message.automatic
    assert fresh(lead).status == "contacted"


def test_edited_words_are_kept_with_the_difference(rita, run_events) -> None:
    draft = draft_for(lead_of(rita))
    approve_suggestion(draft, actor=as_actor(rita), body="Shall we talk on Monday?")
    draft = fresh(draft)
    assert draft.state == "modified" and draft.decided_by == rita
    assert "-Shall we talk?" in draft.difference and "+Shall we talk on Monday?" in draft.difference
    assert draft.message.body_text == "Shall we talk on Monday?" and not draft.message.sent_by_ai


def test_an_approval_of_other_words_than_the_stored_ones_is_refused(rita) -> None:
    draft = draft_for(lead_of(rita))
    with pytest.raises(Refused) as refusal:
        approve_suggestion(draft, actor=as_actor(rita), fingerprint="0" * 64)
    assert refusal.value.code == "stale" and not Message.objects.exists()


@pytest.mark.parametrize("change", [{"body": "Pay here: http://evil.example"}, {"subject": "Other"}])
def test_a_draft_that_was_changed_behind_the_approvers_back_is_refused(rita, change) -> None:
    draft = draft_for(lead_of(rita))
    Suggestion.objects.filter(pk=draft.pk).update(**change)
    with pytest.raises(Refused):
        approve_suggestion(draft, actor=as_actor(rita), fingerprint=draft.fingerprint)
    assert not Message.objects.exists()


def test_a_recipient_that_changed_since_the_draft_is_refused(rita) -> None:
    draft = draft_for(lead_of(rita))
    Contact.objects.update(email="somebody@else.example", email_folded="somebody@else.example")
    with pytest.raises(Refused):
        approve_suggestion(draft, actor=as_actor(rita))
    assert not Message.objects.exists()


def test_nobody_decides_twice(rita, max_) -> None:
    draft = draft_for(lead_of(rita))
    approve_suggestion(draft, actor=as_actor(rita))
    with pytest.raises(Refused, match="decided"):
        approve_suggestion(draft, actor=as_actor(max_))
    with pytest.raises(Refused):
        reject_suggestion(draft, actor=as_actor(max_))
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_racing_approvers_have_one_effect(rita, max_, run_events) -> None:
    draft, outcomes = draft_for(lead_of(rita)), []
    start = threading.Barrier(4)

    def approve(user) -> None:
        start.wait()
        try:
            approve_suggestion(draft, actor=as_actor(user))
            outcomes.append("sent")
        except HouseError as error:
            outcomes.append(error.code)
        connection.close()

    threads = [threading.Thread(target=approve, args=(user,)) for user in (rita, max_, rita, max_)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_events()
    assert sorted(outcomes) == ["decided", "decided", "decided", "sent"]
    assert Message.objects.count() == 1 and len(sink()) == 1


def test_a_rejected_draft_never_leaves_and_keeps_its_reason(rita, run_events) -> None:
    draft = draft_for(lead_of(rita))
    reject_suggestion(draft, actor=as_actor(rita), reason="tone")
    run_events()
    draft = fresh(draft)
    assert (draft.state, draft.reason, draft.decided_by) == ("rejected", "tone", rita)
    assert sink() == []


def test_another_rep_may_not_decide(rita, ron, vic) -> None:
    draft = draft_for(lead_of(rita))
    for user in (ron, vic):
        with pytest.raises(Denied):
            approve_suggestion(draft, actor=as_actor(user))
    assert fresh(draft).state == "pending" and not Message.objects.exists()


def test_a_newer_message_makes_the_draft_out_of_date(rita, run_events) -> None:
    lead = lead_of(rita)
    run_events()
    approve_suggestion(Suggestion.objects.get(), actor=as_actor(rita))
    run_events()
    waiting = draft_for(lead, kind="follow_up")
    arrive(answer_to(Message.objects.get(), "Let me think about it and talk to my partner."))
    run_events()
    assert fresh(waiting).state == "void"
    with pytest.raises(Refused, match="out of date"):
        approve_suggestion(waiting, actor=as_actor(rita))


def test_over_the_daily_cap_of_a_contact_a_person_decides(rita, run_events) -> None:
    dial("lead_intake", per_contact_per_day=1)
    dial("follow_up", per_contact_per_day=1)
    lead = lead_of(rita)
    run_events()
    draft = draft_for(lead, kind="follow_up", workflow_key="follow_up")
    run_events()
    draft = fresh(draft)
    assert draft.state == "pending" and "At most 1 a day" in draft.held_because
    assert len(sink()) == 1


def test_over_the_hourly_cap_of_a_workflow_people_decide(rita, run_events) -> None:
    dial("lead_intake", per_hour=2)
    for number in range(5):
        lead_of(rita, f"lead{number}@clinic.example")
    run_events()
    assert len(sink()) == 2
    assert Suggestion.objects.filter(state="pending").exclude(held_because="").count() == 3


def test_a_draft_that_is_not_sure_waits_even_in_auto(rita, run_events) -> None:
    dial("lead_intake")
    draft = draft_for(lead_of(rita), confidence=0.4, workflow_key="lead_intake")
    from accounts.actor import Actor
    from outreach.actions.suggestions import release_suggestion

    release_suggestion(draft, actor=Actor.workflow("lead_intake"))
    assert fresh(draft).state == "pending" and "not sure" in fresh(draft).held_because


def test_while_automation_is_paused_nothing_is_drafted_and_nothing_leaves(rita, run_events) -> None:
    dial("lead_intake")
    pause()
    lead_of(rita)
    run_events()
    assert not AgentRun.objects.exists() and not Suggestion.objects.exists() and sink() == []


def test_nobody_drafts_for_a_contact_that_machines_must_leave_alone(rita, run_events) -> None:
    lead = lead_of(rita)
    Contact.objects.filter(pk=lead.contact_id).update(do_not_ai=True)
    run_events()
    assert not Suggestion.objects.exists()


def test_every_decision_is_an_event_with_who(rita, run_events) -> None:
    draft = draft_for(lead_of(rita))
    approve_suggestion(draft, actor=as_actor(rita))
    event = Event.objects.get(name="suggestion.decided", subject_id=draft.pk)
    assert event.actor_id == rita.pk and event.data["state"] == "approved"


def test_why_a_draft_waits_is_kept_in_english_and_read_in_hindi(rita, ada, run_events) -> None:
    draft = draft_for(lead_of(rita), workflow_key="lead_intake")
    reasons = ["At most 3 answers of a conversation leave by themselves."]
    for limits in (
        {"autonomy": "approve"},
        {"is_on": False},
        {"is_on": True, "autonomy": "auto", "per_contact_per_day": 0},
        {"per_contact_per_day": 1, "per_hour": 0},
    ):
        workflow, _is_new = Workflow.objects.update_or_create(
            key="lead_intake", defaults={"name": "First message to a new lead", **limits}
        )
        reasons.append(over_limit(workflow, draft))
    assert reasons[2] == "“First message to a new lead” is switched off." and len(set(reasons)) == 5
    with override("hi"):
        read = [told(one) for one in reasons]
    assert all(any("\u0900" <= letter <= "\u097f" for letter in one) for one in read), read
    assert not any(re.search("[a-z]", one) for one in read), read
