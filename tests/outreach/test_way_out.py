"""The way out of first messages and follow-ups: in every one, without signing in, by one button or one click."""

import re

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Workspace
from core.errors import Refused
from crm.models import Consent, Suppression
from crm.queries.consent import may_contact
from outreach import mailbuild
from outreach.agents import intent
from outreach.models import Message
from outreach.values import ReplyContext
from tests.crm.digests import state
from tests.outreach.scene import dial, fresh, lead_of, message_to, sent_mails

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def lead(rita, run_events):
    """A lead to whom a first message and a follow-up went out."""
    Workspace.current()
    Workspace.objects.update(legal_name="Acme Private Limited", postal_address="1 MI Road\nJaipur 302001")
    dial("lead_intake", "approve", is_on=False)
    lead = lead_of(rita)
    message_to(lead)
    run_events()
    message_to(fresh(lead), purpose="follow_up")
    run_events()
    return lead


def address() -> str:
    return f"/u/{mailbuild.way_out(Message.objects.latest('pk').pk)}/"


def test_every_first_message_and_follow_up_says_who_writes_and_how_to_stop_it(lead) -> None:
    mails = sent_mails()
    assert len(mails) == 2
    for mail in mails:
        [way_out] = re.findall(r"<([^>]+)>", mail["List-Unsubscribe"])
        assert way_out.startswith(f"{settings.SITE_URL}/u/")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        for kind in ("plain", "html"):
            text = mail.get_body((kind,)).get_content().replace("<br>", "").replace("\r", "")
            for words in ("Acme Private Limited", "1 MI Road\nJaipur 302001", way_out):
                assert words in text
    assert len({mail["List-Unsubscribe"] for mail in mails}) == 2


def test_what_they_asked_for_carries_no_way_out(lead, run_events) -> None:
    message_to(fresh(lead), purpose="reply", subject="Your question", body_text="On Monday")
    run_events()
    [mail] = [mail for mail in sent_mails() if "On Monday" in mail.get_body(("plain",)).get_content()]
    assert mail["List-Unsubscribe"] is None and "/u/" not in mail.get_body(("plain",)).get_content()


def test_the_words_are_the_reader_s_and_no_quote_of_them_reads_as_a_stop(lead, run_events) -> None:
    lead.contact.language = "hi"
    lead.contact.save()
    message_to(fresh(lead), purpose="follow_up", body_text="नमस्ते")
    run_events()
    [english, *_rest, hindi] = sorted(
        (mail.get_body(("plain",)).get_content() for mail in sent_mails()), key=lambda text: "नमस्ते" in text
    )
    assert "rather not hear" in english and "rather not hear" not in hindi and "/u/" in hindi
    for text in (english, hindi):
        assert intent.classify(ReplyContext(f"Yes please, tell me more.\n\n{text}")).intent != "unsubscribe"


def test_looking_changes_nothing(lead) -> None:
    before = state()
    for _look in range(3):
        answer = Client().get(address())
        assert answer.status_code == 200 and "Stop writing to me" in answer.content.decode()
        assert Client().head(address()).status_code == 200
    assert state() == before and "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart"])
def test_one_click_works_without_session_token_or_origin(lead, rita, run_events, content_type) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Origin": "https://mail.example"})
    if content_type == "multipart":
        answer = client.post(address(), ONE_CLICK)
    else:
        answer = client.post(address(), "List-Unsubscribe=One-Click", content_type=content_type)
    assert answer.status_code == 200 and "You will not hear from us again" in answer.content.decode()
    assert not may_contact(lead.contact, "email").allowed
    with pytest.raises(Refused):
        message_to(fresh(lead), purpose="follow_up")


def test_the_button_does_it_once_and_says_so_from_then_on(lead) -> None:
    client = Client()
    for _press in range(3):
        assert client.post(address()).status_code == 200
    assert Consent.objects.get().state == "withdrawn" and Consent.objects.get().ip == "127.0.0.1"
    assert Suppression.objects.get().reason == "withdrawn"
    page = client.get(address()).content.decode()
    assert "You will not hear from us again" in page and "Stop writing to me" not in page


def test_a_message_that_waits_does_not_leave_after_it(lead, run_events) -> None:
    waiting = message_to(fresh(lead), purpose="follow_up")
    Client().post(address())
    run_events()
    assert Message.objects.get(pk=waiting.pk).state == "failed" and len(sent_mails()) == 2


@pytest.mark.parametrize("token", ["x", "1", "1.", f"1.{'a' * 26}", f"{'9' * 30}.{'a' * 26}", "١.aaa", "1.é"])
def test_any_other_token_finds_nothing(lead, token) -> None:
    for method in ("get", "post"):
        assert getattr(Client(), method)(f"/u/{token}/").status_code == 404
    assert not Suppression.objects.exists()


def test_the_page_speaks_hindi(lead) -> None:
    page = Client(headers={"Accept-Language": "hi"}).get(address()).content.decode()
    assert 'lang="hi"' in page and "Stop writing to me" not in page
