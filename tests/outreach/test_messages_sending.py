"""Messages leave at most once, only when allowed, and are accounted for."""

import pytest

from core import effects
from core.effects import LEASE, Claim
from core.errors import Denied, Invalid, Refused
from core.models import Delivery, Effect, Event
from crm.actions.consent import suppress_address, withdraw_consent
from outreach.actions.messages import resend_message, send_message, settle_message
from outreach.models import Message
from tests.outreach.scene import (
    SYSTEM,
    answer_to,
    arrive,
    dial,
    draft_for,
    fresh,
    lead_of,
    message_to,
    pause,
    sent_mails,
    sink,
)
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def test_a_queued_message_reaches_the_sink_once_and_moves_the_lead(rita, run_events) -> None:
    lead = lead_of(rita)
    dial("lead_intake", "approve", is_on=False)
    message = message_to(lead)
    assert sink() == []  # nothing leaves inside the transaction that decided it
    run_events()
    run_events()
    message, lead = Message.objects.get(pk=message.pk), fresh(lead)
    assert message.state == "sent" and message.sent_at
    assert (lead.status, lead.stage) == ("contacted", "CONTACTED")
    [mail] = sent_mails()
    assert mail["To"].addresses[0].addr_spec == message.to_address
    assert mail["Message-ID"] == message.message_id
    assert "message" in mail["Reply-To"]


def test_the_same_event_delivered_again_sends_nothing_more(rita, run_events) -> None:
    message = message_to(lead_of(rita))
    run_events()
    Delivery.objects.filter(event__name="message.queued").update(done_at=None)
    run_events()
    assert len(sink()) == 1
    assert Event.objects.filter(name="message.sent", subject_id=message.pk).count() == 1


def test_a_suppressed_address_gets_nothing_even_when_it_was_queued_before(rita, run_events) -> None:
    lead = lead_of(rita)
    message = message_to(lead)
    suppress_address(actor=SYSTEM, channel="email", address="MEERA@SharmaDental.example", reason="hard")
    run_events()
    message = Message.objects.get(pk=message.pk)
    assert message.state == "failed" and "must not be written to" in message.error
    assert sink() == [] and fresh(lead).stage == "NEW"


def test_an_opt_out_between_queueing_and_hand_over_stops_the_message(rita, run_events) -> None:
    lead = lead_of(rita)
    message_to(lead)
    withdraw_consent(lead.contact, actor=SYSTEM, channel="email", reason="asked by phone")
    run_events()
    assert sink() == []


def test_a_message_whose_words_changed_after_it_was_queued_does_not_leave(rita, run_events) -> None:
    message = message_to(lead_of(rita))
    Message.objects.filter(pk=message.pk).update(body_text="Something else")
    run_events()
    assert Message.objects.get(pk=message.pk).error == "The message is not the one that was approved."
    assert sink() == []


@pytest.mark.parametrize(
    ("values", "words"),
    [({"purpose": "proposal"}, "needs an interested lead"), ({"purpose": "follow_up"}, "Nothing was sent yet")],
)
def test_a_purpose_that_the_stage_forbids_is_refused_and_writes_nothing(rita, values, words) -> None:
    lead = lead_of(rita)
    with pytest.raises(Refused, match=words):
        message_to(lead, **values)
    assert not Message.objects.exists() and not Effect.objects.filter(kind="email").exists()


def test_people_who_never_asked_need_consent_where_the_country_says_so(rita) -> None:
    lead = lead_of(rita, source="finder", country="DE")
    with pytest.raises(Refused, match="agreed"):
        message_to(lead)
    assert message_to(lead_of(rita, "asked@clinic.example", source="web", country="DE")).state == "queued"


def test_a_subject_cannot_smuggle_a_header(rita, run_events) -> None:
    lead = lead_of(rita)
    message = message_to(lead, subject="Hello\r\nBcc: everyone@example.com")
    run_events()
    [mail] = sent_mails()
    assert mail["Bcc"] is None and mail["Subject"] == message.subject == "Hello Bcc: everyone@example.com"
    with pytest.raises(Invalid):
        from core.actions import run

        run("message.send", lead, actor=as_actor(rita), data={"subject": "a\nBcc: b@example.com", "body": "x"})


def test_a_first_contact_never_pretends_to_answer(rita, run_events) -> None:
    message_to(lead_of(rita), subject="Re: AW: your order")
    run_events()
    assert sent_mails()[0]["Subject"] == "your order"


def test_an_answer_is_threaded(rita, run_events) -> None:
    lead = lead_of(rita)
    first = message_to(lead)
    run_events()
    arrive(answer_to(first, "Which days are you open?", Message_ID="<one@mail.example>"))
    run_events()
    send_message(lead, actor=as_actor(rita), body="Monday to Saturday.")
    run_events()
    mail = next(mail for mail in sent_mails() if mail["In-Reply-To"])
    assert mail["In-Reply-To"] == "<one@mail.example>"
    assert mail["Subject"] == f"Re: {first.subject}"


def test_another_rep_may_not_write_to_the_lead(rita, ron) -> None:
    lead = lead_of(rita)
    with pytest.raises(Denied):
        send_message(lead, actor=as_actor(ron), body="Hello")
    assert not Message.objects.exists()


def test_a_crash_after_the_claim_becomes_unknown_and_is_never_sent_again_by_itself(rita, run_events, settings) -> None:
    settings.EMAIL_URL = "smtp://localhost:1"
    message = message_to(lead_of(rita))
    Claim(Effect.objects.get(key=message.effect_key)).take()
    Effect.objects.update(leased_until=Effect.objects.get(key=message.effect_key).leased_until - 2 * LEASE)
    run_events()
    assert Message.objects.get(pk=message.pk).state == "unknown"
    assert rita.notifications.filter(kind="message.unknown").count() == 1


def unknown_message(rita, settings, run_events) -> Message:
    settings.EMAIL_URL = "smtp://localhost:1"
    message = message_to(lead_of(rita))
    Claim(Effect.objects.get(key=message.effect_key)).take()
    Effect.objects.update(leased_until=Effect.objects.get(key=message.effect_key).leased_until - 2 * LEASE)
    run_events()
    settings.EMAIL_URL = ""
    return Message.objects.get(pk=message.pk)


def test_an_unknown_message_can_be_settled(rita, run_events, settings) -> None:
    message = unknown_message(rita, settings, run_events)
    settle_message(message, actor=as_actor(rita))
    run_events()
    message = Message.objects.get(pk=message.pk)
    assert message.state == "settled" and sink() == []
    assert fresh(message.lead).stage == "CONTACTED"
    with pytest.raises(Refused):
        settle_message(message, actor=as_actor(rita))


def test_an_unknown_message_can_be_sent_again(rita, run_events, settings) -> None:
    message = unknown_message(rita, settings, run_events)
    resend_message(message, actor=as_actor(rita))
    run_events()
    assert Message.objects.get(pk=message.pk).state == "sent" and len(sink()) == 1


def test_only_unknown_or_failed_messages_are_sent_again(rita, run_events) -> None:
    message = message_to(lead_of(rita))
    run_events()
    with pytest.raises(Refused):
        resend_message(message, actor=as_actor(rita))
    assert len(sink()) == 1


def test_the_kill_switch_stops_an_automatic_message_that_is_queued_already(rita, run_events) -> None:
    dial("lead_intake")
    message = message_to(lead_of(rita), automatic=True, workflow_key="lead_intake")
    pause()
    run_events()
    assert Message.objects.get(pk=message.pk).error == "Automation is paused." and sink() == []


def test_what_a_person_sends_leaves_while_automation_is_paused(rita, run_events) -> None:
    lead = lead_of(rita)
    pause()
    send_message(lead, actor=as_actor(rita), body="Hello", subject="Hello")
    run_events()
    assert len(sink()) == 1


def test_writing_yourself_makes_the_waiting_draft_out_of_date(rita) -> None:
    lead = lead_of(rita)
    draft = draft_for(lead)
    send_message(lead, actor=as_actor(rita), body="Hello", subject="Hello")
    assert fresh(draft).state == "void"


def test_a_missing_attachment_fails_the_message_instead_of_sending_half(rita, run_events) -> None:
    file = {"name": "Proposal.pdf", "content_type": "application/pdf", "path": "proposals/none.pdf"}
    message = message_to(lead_of(rita), attachments=[file])
    run_events()
    assert Message.objects.get(pk=message.pk).state == "failed" and sink() == []


def test_effects_of_mail_over_a_server_are_not_repeatable(rita, settings) -> None:
    settings.EMAIL_URL = "smtp://localhost:1"
    message = message_to(lead_of(rita))
    assert not effects.Effect.objects.get(key=message.effect_key).is_repeatable
