"""Mail to tickets and back: opened by the support address, threaded, answered, woken up; nothing else changes."""

import pytest
from django.conf import settings as conf

from accounts.models import Workspace
from core.actions import run
from crm.models import Activity, Contact, Lead, Ticket
from outreach.drops import drop
from outreach.jobs import read_drop_directory
from outreach.models import Conversation, Message
from tests.factories.crm import make_contact
from tests.outreach.scene import SYSTEM, answer_to, arrive, lead_of, mail_from, message_to, sent_mails
from tests.people import as_actor, browser

pytestmark = pytest.mark.django_db
SUPPORT = "help@acme.example"
NINA = "nina@bakery.example"


@pytest.fixture(autouse=True)
def support_address(db) -> None:
    Workspace.current()
    Workspace.objects.update(support_email=SUPPORT)


def asked(text: str = "The order form shows an error.", address: str = NINA, **headers: str) -> bytes:
    return mail_from(address, text, **({"To": f"Help <{SUPPORT.upper()}>", "Subject": "Form broken"} | headers))


@pytest.fixture
def ticket(run_events) -> Ticket:
    arrive(asked())
    run_events()
    return Ticket.objects.get()


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def reply(sam, ticket: Ticket, run_events, then: str = "wait") -> Message:
    client = browser(sam)
    answer = client.post(f"/tickets/{ticket.pk}/reply/", {"body": "Which browser?", "then": then})
    assert answer.status_code == 303
    run_events()
    return Message.objects.outgoing().latest("pk")


def test_a_stranger_who_writes_to_the_support_address_has_a_ticket_and_is_no_lead(ticket) -> None:
    contact = Contact.objects.get()
    assert (ticket.contact, ticket.requester, ticket.subject) == (contact, NINA, "Form broken")
    assert ticket.body.strip() == "The order form shows an error."
    assert ticket.due_at is not None
    assert not Lead.objects.exists()
    assert not Activity.objects.exists()
    assert Message.objects.get().ticket == ticket


def test_a_known_sender_is_the_contact_and_the_lead_stays_as_it_is(rita, run_events) -> None:
    lead = lead_of(rita, NINA)
    arrive(asked())
    run_events()
    assert Ticket.objects.get().contact == lead.contact
    assert Lead.objects.get().stage == "NEW"


def test_mail_from_the_drop_folder_becomes_a_ticket_once(run_events) -> None:
    for _ in range(2):
        drop(asked())
        read_drop_directory()
        run_events()
    assert Ticket.objects.count() == 1
    assert str(conf.MAIL_DROP_DIR)


def test_the_answer_leaves_threaded_and_counts_as_the_first_answer(ticket, sam, run_events) -> None:
    message = reply(sam, ticket, run_events)
    (mail,) = sent_mails()
    asked_with = Message.objects.incoming().get()
    assert (mail["In-Reply-To"], mail["Subject"]) == (asked_with.message_id, "Re: Form broken")
    assert NINA in mail["To"]
    ticket = fresh(ticket)
    assert (message.ticket, ticket.status, ticket.due_at) == (ticket, "pending", None)
    assert ticket.first_answered_at == message.sent_at


@pytest.mark.parametrize("then", ["wait", "resolve"])
def test_a_reply_threads_into_the_same_ticket_and_wakes_it_up(ticket, sam, run_events, then) -> None:
    message = reply(sam, ticket, run_events, then)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=sam)
    arrive(answer_to(message, "Firefox, the newest.", To="crm@localhost"))
    run_events()
    assert Ticket.objects.count() == 1
    assert (fresh(ticket).status, fresh(ticket).messages.count()) == ("open", 3)
    assert sam.notifications.filter(kind="ticket.received").count() == 1
    page = browser(sam).get(f"/tickets/{ticket.pk}/thread/").content.decode()
    assert page.index("order form") < page.index("Which browser") < page.index("Firefox")


def test_their_own_second_mail_in_the_thread_stays_in_the_ticket(ticket, run_events) -> None:
    first = Message.objects.get()
    arrive(asked("One more thing.", In_Reply_To=str(first.message_id)))
    run_events()
    assert fresh(ticket).messages.count() == 2
    arrive(asked("Something else.", Subject="Another matter"))
    run_events()
    assert Ticket.objects.count() == 2


def test_an_automatic_reply_is_kept_but_wakes_nothing(ticket, sam, run_events) -> None:
    message = reply(sam, ticket, run_events)
    arrive(answer_to(message, "I am away until Monday.", Auto_Submitted="auto-replied"))
    run_events()
    assert (fresh(ticket).status, fresh(ticket).messages.count()) == ("pending", 3)


def test_robots_open_no_tickets(run_events) -> None:
    arrive(asked("Buy now.", Auto_Submitted="auto-generated"))
    run_events()
    assert not Ticket.objects.exists()


def test_an_answer_to_a_closed_ticket_opens_a_new_one(ticket, sam, run_events) -> None:
    message = reply(sam, ticket, run_events, "resolve")
    from crm.actions.tickets import close_ticket

    close_ticket(fresh(ticket), actor=SYSTEM)
    arrive(answer_to(message, "It happens again.", To=SUPPORT))
    run_events()
    assert sorted(Ticket.objects.values_list("status", flat=True)) == ["closed", "open"]
    assert browser(sam).post(f"/tickets/{ticket.pk}/reply/", {"body": "Hm"}).status_code == 409


def test_a_customers_question_in_a_reply_is_a_ticket_and_no_task(rita, run_events) -> None:
    lead = lead_of(rita)
    sent = message_to(lead)
    run_events()
    Contact.objects.update(stage="customer")
    arrive(answer_to(Message.objects.get(pk=sent.pk), "How do I change the opening hours on the site?"))
    run_events()
    message = Message.objects.incoming().get()
    assert message.intent == "question"
    assert message.ticket == Ticket.objects.get()
    assert not Activity.objects.filter(subject__startswith="Read the reply").exists()


def test_the_same_question_of_a_lead_is_a_task_and_no_ticket(rita, run_events) -> None:
    sent = message_to(lead_of(rita))
    run_events()
    arrive(answer_to(Message.objects.get(pk=sent.pk), "How do I change the opening hours on the site?"))
    run_events()
    assert not Ticket.objects.exists()
    assert Activity.objects.filter(subject__startswith="Read the reply").count() == 1


def test_an_answer_from_the_inbox_belongs_to_the_ticket_too(ticket, sam, run_events) -> None:
    conversation = Conversation.objects.get()
    browser(sam).post(f"/inbox/{conversation.pk}/send/", {"body": "We look at it."})
    run_events()
    assert Message.objects.outgoing().get().ticket == ticket
    assert fresh(ticket).first_answered_at is not None
    assert fresh(ticket).status == "open"


def test_an_answer_that_did_not_leave_is_none(ticket, sam, run_events, monkeypatch) -> None:
    from crm.actions.consent import suppress_address

    browser(sam).post(f"/tickets/{ticket.pk}/reply/", {"body": "Which browser?", "then": "wait"})
    suppress_address(actor=SYSTEM, channel="email", address=NINA, reason="hard")
    run_events()
    assert Message.objects.outgoing().get().state == "failed"
    assert (fresh(ticket).status, fresh(ticket).first_answered_at) == ("open", None)


def test_an_answer_goes_to_the_address_that_asked_if_it_is_the_contacts(ticket, ada, sam, run_events) -> None:
    second = {"channel": "email", "value": "nina@home.example"}
    run("contact.add_address", ticket.contact, actor=as_actor(ada), data=second)
    for requester, address in (
        ("nina@home.example", "nina@home.example"), ("stranger@else.example", NINA),
        ("+91 98400 12345", NINA), ("", NINA),
    ):  # fmt: skip
        Ticket.objects.update(requester=requester)
        page = browser(sam).get(f"/tickets/{ticket.pk}/thread/").content.decode()
        assert f'cut">{address}</span>' in page
        assert reply(sam, ticket, run_events, "").to_address == address


def test_a_button_pressed_twice_sends_once(ticket, sam) -> None:
    client, typed = browser(sam), {"body": "It works again.", "then": "wait", "key": "0"}
    for _ in range(2):
        assert client.post(f"/tickets/{ticket.pk}/reply/", typed).status_code == 303
    assert Message.objects.outgoing().count() == 1
    page = client.get(f"/tickets/{ticket.pk}/thread/").content.decode()
    assert f'name="key" value="{Message.objects.outgoing().get().pk}"' in page


def test_a_reply_needs_words_and_keeps_what_was_typed(ticket, sam) -> None:
    client = browser(sam)
    answer = client.post(f"/tickets/{ticket.pk}/reply/", {"body": " ", "then": "resolve"})
    assert answer.status_code == 422
    assert "Write something first." in answer.content.decode()
    assert fresh(ticket).status == "open"


def test_without_a_support_address_mail_is_what_it_was(run_events) -> None:
    Workspace.objects.update(support_email="")
    arrive(asked())
    run_events()
    assert not Ticket.objects.exists()
    assert Lead.objects.count() == 1


def test_support_reads_no_amount_in_a_conversation(people, run_events) -> None:
    contact = make_contact(owner=people.rita, email=NINA)
    lead = lead_of(people.rita)
    words = {"subject": "Proposal P-1: Shop", "body_text": "The total is ₹7,31,913."}
    message_to(lead, **words)
    Message.objects.update(purpose="proposal")
    Conversation.objects.update(last_message_at="2026-06-01T00:00Z")
    arrive(answer_to(Message.objects.get(), "How do I pay?"))
    run_events()
    conversation = Conversation.objects.get(contact=lead.contact)
    path = conversation.get_absolute_url()
    assert "7,31,913" in browser(people.rita).get(path).content.decode()
    page = browser(people.sam).get(path).content.decode()
    assert "7,31,913" not in page
    assert "Your role does not include what this says about money." in page
    assert contact.pk
