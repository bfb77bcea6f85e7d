"""Hand-over to a real SMTP server: accepted, refused, or broken off in the middle."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from core.models import Delivery, Effect
from crm.queries.consent import is_suppressed
from outreach.models import Message
from tests.outreach.scene import lead_of, message_to

pytestmark = pytest.mark.django_db


class Server:
    """An SMTP server that does as it is told."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.rcpt = "250 OK"
        self.data = "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd names its hooks so
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # the same
        self.mails.append(envelope)
        if self.data == "drop":
            server.transport.abort()
            await asyncio.sleep(0.2)
            return "421 gone"
        return self.data


@pytest.fixture
def smtp(settings) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    yield server
    controller.stop()


def state_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).state


def run_again(run_events) -> None:
    Delivery.objects.update(due_at="2020-01-01T00:00:00Z")
    Effect.objects.update(due_at="2020-01-01T00:00:00Z")
    run_events()


def test_an_accepted_message_is_sent_with_a_signed_return_path(smtp, rita, run_events) -> None:
    message = message_to(lead_of(rita))
    run_events()
    [envelope] = smtp.mails
    assert state_of(message) == "sent" and envelope.rcpt_tos == [message.to_address]
    assert f"+message{message.pk}." in envelope.mail_from


def test_an_unknown_mailbox_fails_the_message_and_suppresses_the_address(smtp, rita, run_events) -> None:
    smtp.rcpt = "550 5.1.1 User unknown"
    message = message_to(lead_of(rita))
    run_events()
    assert state_of(message) == "failed" and is_suppressed("email", message.to_address)
    assert smtp.mails == []


@pytest.mark.parametrize("answer", ["550 5.7.1 Rejected by policy", "552 5.2.2 Mailbox full"])
def test_other_refusals_fail_the_message_and_suppress_nothing(smtp, rita, run_events, answer) -> None:
    smtp.rcpt = answer
    message = message_to(lead_of(rita))
    run_events()
    assert state_of(message) == "failed" and not is_suppressed("email", message.to_address)


def test_a_busy_server_is_tried_again_later_and_gets_it_once(smtp, rita, run_events) -> None:
    smtp.rcpt = "451 4.3.2 Try again later"
    message = message_to(lead_of(rita))
    run_events()
    assert state_of(message) == "queued"
    assert Effect.objects.get(key=message.effect_key).state == "planned"
    smtp.rcpt = "250 OK"
    run_again(run_events)
    run_again(run_events)
    assert state_of(message) == "sent" and len(smtp.mails) == 1


def test_a_connection_lost_after_the_content_is_unknown_and_never_repeated(smtp, rita, run_events) -> None:
    smtp.data = "drop"
    message = message_to(lead_of(rita))
    run_events()
    smtp.data = "250 OK"
    run_again(run_events)
    assert state_of(message) == "unknown" and len(smtp.mails) == 1


def test_an_opt_out_while_the_server_was_busy_stops_the_message(smtp, rita, run_events) -> None:
    smtp.rcpt = "451 4.3.2 Try again later"
    lead = lead_of(rita)
    message = message_to(lead)
    run_events()
    from crm.actions.consent import withdraw_consent
    from tests.outreach.scene import SYSTEM

    withdraw_consent(lead.contact, actor=SYSTEM, channel="email", reason="asked")
    smtp.rcpt = "250 OK"
    run_again(run_events)
    assert state_of(message) == "failed" and smtp.mails == []
