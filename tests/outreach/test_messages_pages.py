"""The pages of conversations, drafts, unknown sends and the sink, as each person gets them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.models import Event
from crm.models import Lead
from outreach.jobs import read_drop_directory
from outreach.models import Message, Suggestion
from tests.outreach.scene import answer_to, arrive, draft_for, fresh, lead_of, message_to, sink
from tests.outreach.test_messages_sending import unknown_message
from tests.people import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(rita) -> Lead:
    return lead_of(rita)


@pytest.fixture
def answered(lead, run_events) -> Message:
    """A lead's answer to the first message."""
    first = message_to(lead)
    run_events()
    arrive(answer_to(Message.objects.get(pk=first.pk), "Which <b>days</b> are <script>alert(1)</script> open?"))
    run_events()
    return Message.objects.incoming().get()


def htmx(client: Client, method: str, url: str, target: str, data: dict[str, str] | None = None):
    headers = {"HX-Request": "true", "HX-Target": target}
    return getattr(client, method)(url, data or {}, headers=headers)


def test_the_thread_shows_both_sides_and_escapes_them(answered, rita) -> None:
    html = browser(rita).get(f"/leads/{answered.lead_id}/thread/").content.decode()
    assert "Bookings for your clinic" in html and "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html and "Read as" in html


def test_the_thread_is_a_fragment_for_htmx_and_a_page_otherwise(answered, rita) -> None:
    fragment = htmx(browser(rita), "get", f"/leads/{answered.lead_id}/thread/", "lead-thread")
    assert fragment.content.lstrip().startswith(b'<div class="flat" id="lead-thread"')
    assert fragment["HX-Reswap"] == "outerHTML" and b"<html" not in fragment.content
    assert b"<html" in browser(rita).get(f"/leads/{answered.lead_id}/thread/").content


@pytest.mark.parametrize(("short", "status"), [("ron", 404), ("vic", 403), ("mia", 403), ("fin", 403)])
def test_who_may_not_read_the_conversation_gets_nothing(answered, people, short, status) -> None:
    client = browser(getattr(people, short))
    for url in (f"/leads/{answered.lead_id}/thread/", f"/inbox/{answered.conversation_id}/"):
        assert client.get(url).status_code == status
    assert Client().get("/inbox/").status_code == 302


def test_a_person_sends_from_the_lead_page(lead, rita, run_events) -> None:
    answer = browser(rita).post(f"/leads/{lead.pk}/message/", {"subject": "Hello", "body": "Shall we talk?"})
    assert answer.status_code == 303 and answer["Location"] == lead.get_absolute_url()
    run_events()
    message = Message.objects.get()
    assert (message.state, message.written_by, message.purpose) == ("sent", rita, "first_message")
    assert fresh(lead).stage == "CONTACTED" and len(sink()) == 1


def test_sending_by_htmx_answers_with_the_thread_and_an_empty_composer(lead, rita) -> None:
    answer = htmx(browser(rita), "post", f"/leads/{lead.pk}/message/", "lead-thread", {"body": "Shall we talk?"})
    html = answer.content.decode()
    assert answer.status_code == 200 and "On its way" in html and "Shall we talk?" in html
    assert re.search(r"<textarea[^>]*></textarea>", html)


def test_what_was_typed_is_kept_when_it_cannot_be_sent(lead, rita) -> None:
    answer = browser(rita).post(f"/leads/{lead.pk}/message/", {"subject": "two\nlines", "body": "Shall we talk?"})
    assert answer.status_code == 422 and "Shall we talk?" in answer.content.decode()
    assert not Message.objects.exists()


@pytest.mark.parametrize(("short", "status"), [("ron", 404), ("vic", 403), ("mia", 403)])
def test_who_may_not_send_sends_nothing(lead, people, short, status) -> None:
    client = browser(getattr(people, short))
    assert client.post(f"/leads/{lead.pk}/message/", {"body": "Hello"}).status_code == status
    assert not Message.objects.exists()


def test_the_inbox_shows_each_rep_their_own(answered, rita, ron, sam) -> None:
    assert "Meera Sharma" in browser(rita).get("/inbox/").content.decode()
    assert "Meera Sharma" not in browser(ron).get("/inbox/").content.decode()
    assert "Meera Sharma" in browser(sam).get("/inbox/?folder=waiting").content.decode()


def test_a_person_answers_from_the_inbox(answered, rita, run_events) -> None:
    answer = browser(rita).post(f"/inbox/{answered.conversation_id}/send/", {"body": "Monday to Saturday."})
    assert answer.status_code == 303
    run_events()
    message = Message.objects.outgoing().latest("pk")
    assert (message.purpose, message.in_reply_to) == ("reply", answered.message_id)
    assert not fresh(answered.conversation).needs_reply


def test_a_poll_of_an_unchanged_conversation_is_empty(answered, rita) -> None:
    client = browser(rita)
    page = client.get(f"/inbox/{answered.conversation_id}/").content.decode()
    seen = re.search(r"\?seen=(\d+)", page)
    url = f"/inbox/{answered.conversation_id}/?seen={seen[1]}"
    assert htmx(client, "get", url, "inbox-open").status_code == 204


def test_the_inbox_asks_the_database_as_often_for_many_rows_as_for_one(rita, run_events) -> None:
    counts = []
    for number in range(1, 6):
        message = message_to(lead_of(rita, f"lead{number}@clinic.example"))
        run_events()
        arrive(answer_to(Message.objects.get(pk=message.pk), "Hmm."))
        run_events()
        client = browser(rita)
        client.get("/inbox/")  # what the process keeps is asked once
        with CaptureQueriesContext(connection) as queries:
            client.get("/inbox/")
        counts.append(len(queries))
    assert counts[0] == counts[-1] and counts[-1] <= 40


def test_a_draft_is_approved_on_the_lead_page(lead, rita, run_events) -> None:
    draft = draft_for(lead)
    panel = browser(rita).get(f"/leads/{lead.pk}/suggestions/").content.decode()
    assert "Shall we talk?" in panel and "Approve and send" in panel and "90% sure" in panel
    answer = browser(rita).post(f"/suggestions/{draft.pk}/approve/", {"fingerprint": draft.fingerprint})
    assert answer.status_code == 303
    run_events()
    assert len(sink()) == 1 and fresh(draft).decided_by == rita
    again = browser(rita).post(f"/suggestions/{draft.pk}/approve/", {"fingerprint": draft.fingerprint})
    assert again.status_code == 409 and "decided this already" in again.content.decode()


def test_a_draft_below_sixty_percent_must_be_opened_first(lead, rita) -> None:
    draft_for(lead, confidence=0.5)
    panel = browser(rita).get(f"/leads/{lead.pk}/suggestions/").content.decode()
    assert "Review" in panel and "Approve and send" not in panel


def test_a_draft_is_edited_and_sent(lead, rita) -> None:
    draft = draft_for(lead)
    page = browser(rita).get(f"/suggestions/{draft.pk}/edit/").content.decode()
    assert "Shall we talk?" in page and draft.fingerprint in page
    values = {"fingerprint": draft.fingerprint, "subject": "Hello", "body": "Shall we talk on Monday?"}
    assert browser(rita).post(f"/suggestions/{draft.pk}/edit/", values).status_code == 303
    assert fresh(draft).state == "modified"


def test_unchanged_words_with_other_line_ends_are_not_an_edit(lead, rita) -> None:
    draft = draft_for(lead, body="Hello\n\nShall we talk?")
    values = {"subject": draft.subject, "body": "Hello\r\n\r\nShall we talk?"}
    browser(rita).post(f"/suggestions/{draft.pk}/edit/", values)
    assert fresh(draft).state == "approved"


def test_a_draft_is_rejected_with_a_reason(lead, rita) -> None:
    draft = draft_for(lead)
    assert browser(rita).post(f"/suggestions/{draft.pk}/reject/", {"reason": "facts"}).status_code == 303
    assert (fresh(draft).state, fresh(draft).reason) == ("rejected", "facts")


@pytest.mark.parametrize(("short", "status"), [("ron", 404), ("sam", 403), ("vic", 403), ("mia", 403)])
@pytest.mark.parametrize("verb", ["approve", "reject", "edit"])
def test_who_may_not_decide_changes_nothing(lead, people, short, status, verb) -> None:
    draft = draft_for(lead)
    answer = browser(getattr(people, short)).post(f"/suggestions/{draft.pk}/{verb}/", {"body": "Mine"})
    assert answer.status_code == status
    assert fresh(draft).state == "pending" and not Message.objects.exists()


def test_a_draft_can_be_asked_for(rita, run_events) -> None:
    lead = lead_of(rita, source="import")
    assert browser(rita).post(f"/leads/{lead.pk}/draft/").status_code == 303
    assert "Drafting" in browser(rita).get(f"/leads/{lead.pk}/suggestions/").content.decode()
    run_events()
    assert Suggestion.objects.get().lead == lead


def test_the_queue_of_drafts_holds_what_one_may_decide(lead, rita, ron, max_) -> None:
    draft_for(lead)
    assert "Shall we talk?" in browser(rita).get("/suggestions/").content.decode()
    assert "Shall we talk?" in browser(max_).get("/suggestions/").content.decode()
    assert "Shall we talk?" not in browser(ron).get("/suggestions/").content.decode()


def test_unknown_sends_are_listed_with_two_buttons(rita, ron, run_events, settings) -> None:
    message = unknown_message(rita, settings, run_events)
    html = browser(rita).get("/messages/unknown/").content.decode()
    assert "Send again" in html and "Settle: it arrived" in html
    assert "Meera Sharma" not in browser(ron).get("/messages/unknown/").content.decode()
    assert browser(ron).post(f"/messages/{message.pk}/resend/").status_code == 404
    assert browser(rita).post(f"/messages/{message.pk}/settle/").status_code == 303
    assert fresh(message).state == "settled" and sink() == []


def test_the_true_intent_is_set_on_the_page(answered, rita, run_events) -> None:
    answer = browser(rita).post(f"/messages/{answered.pk}/correct/", {"intent": "interested"})
    assert answer.status_code == 303
    run_events()
    assert fresh(answered).intent == "interested"
    assert browser(rita).post(f"/messages/{answered.pk}/correct/", {"intent": "admin"}).status_code == 422


def test_administrators_watch_the_sink_and_answer_in_the_leads_name(ada, rita, lead, run_events) -> None:
    message = message_to(lead, body_text="Hello <script>alert(1)</script>")
    run_events()
    client = browser(ada)
    assert "Bookings for your clinic" in client.get("/mail-sink/").content.decode()
    page = client.get(f"/mail-sink/{message.pk}/").content.decode()
    assert "&lt;script&gt;" in page and "Reply as the lead" in page
    assert client.post(f"/mail-sink/{message.pk}/reply/", {"body": "Yes, I am interested."}).status_code == 303
    read_drop_directory()
    run_events()
    assert fresh(lead).stage == "INTERESTED"
    assert browser(rita).get("/mail-sink/").status_code == 403


@pytest.mark.parametrize("change", [{"PRODUCTION": True}, {"EMAIL_URL": "smtp://localhost:25"}])
def test_nobody_answers_in_a_leads_name_where_mail_is_real(ada, lead, run_events, settings, change) -> None:
    message = message_to(lead)
    run_events()
    for name, value in change.items():
        setattr(settings, name, value)
    assert browser(ada).post(f"/mail-sink/{message.pk}/reply/", {"body": "Yes"}).status_code == 409
    assert not settings.MAIL_DROP_DIR.exists()


def test_a_draft_is_offered_only_where_one_could_leave(lead, rita) -> None:
    url = f"/leads/{lead.pk}/suggestions/"
    assert "Draft one" in _settled(rita, url)
    Lead.objects.filter(pk=lead.pk).update(status="qualified", stage="INTERESTED")
    assert "Draft one" not in _settled(rita, url)


def _settled(user, url: str) -> str:
    """The panel once the seconds after the lead's arrival, in which a draft is on its way, are over."""
    Event.objects.update(at=clock.now() - timedelta(minutes=1))
    return browser(user).get(url).content.decode()


@pytest.mark.parametrize("place", ["lead", "inbox"])
def test_the_same_words_in_the_same_composer_leave_once(answered, rita, place) -> None:
    lead, conversation = answered.lead_id, answered.conversation_id
    page, send = {
        "lead": (f"/leads/{lead}/thread/", f"/leads/{lead}/message/"),
        "inbox": (f"/inbox/{conversation}/", f"/inbox/{conversation}/send/"),
    }[place]
    client = browser(rita)

    def key() -> str:
        return re.search(r'name="key" value="([^"]+)"', client.get(page).content.decode())[1]

    first = key()
    for _press in range(2):
        assert client.post(send, {"body": "Monday to Friday", "key": first}).status_code == 303
    assert Message.objects.filter(body_text="Monday to Friday").count() == 1
    client.post(send, {"body": "And Saturday", "key": first})
    client.post(send, {"body": "Monday to Friday", "key": key()})
    assert Message.objects.filter(body_text="Monday to Friday").count() == 2
    assert Message.objects.filter(body_text="And Saturday").count() == 1


def test_the_inbox_finds_people_by_name_business_and_address(answered, rita, ron) -> None:
    for words in ("meera", "Sharma", "dental", "sharmadental.example"):
        page = htmx(browser(rita), "get", f"/inbox/?q={words}", "inbox-threads").content.decode()
        assert f"/inbox/{answered.conversation_id}/?folder=all&amp;q={words}" in page
    page = browser(rita).get("/inbox/?q=<nobody>").content.decode()
    assert "Nobody found" in page and 'value="&lt;nobody&gt;"' in page
    assert f"/inbox/{answered.conversation_id}/" not in browser(ron).get("/inbox/?q=meera").content.decode()
