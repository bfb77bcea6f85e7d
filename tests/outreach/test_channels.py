"""A person tries out whether mail leaves: it does, or the page says in plain words why not and what would help."""

from collections.abc import Callable, Iterator

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from accounts.models import User
from core.models import Effect
from tests.outreach.scene import sent_mails
from tests.outreach.test_connectors_mail import Server, free_port
from tests.people import browser

pytestmark = pytest.mark.django_db
PAGE = "/channels/test/"


@pytest.fixture
def server(settings) -> Iterator[Server]:
    """A mail server that lets nobody sign in, and takes what comes without a name."""
    does, port = Server(), free_port()
    refuse = {"authenticator": lambda *given: AuthResult(success=False, handled=False), "auth_require_tls": False}
    running = Controller(does, hostname="127.0.0.1", port=port, **refuse)
    running.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    yield does
    running.stop()


def tried(person: User, run_events: Callable[[], int]) -> str:
    """Return what the page says after a test was asked for and a worker had its turn."""
    page = browser(person)
    assert page.post(PAGE).status_code == 303
    run_events()
    return page.get(PAGE).content.decode()


def test_without_a_server_the_test_lies_in_the_folder(people, run_events):
    assert "the test lies in the folder" in tried(people.ada, run_events)
    (mail,) = sent_mails()
    assert mail["To"].endswith("<ada@example.com>") and mail["Auto-Submitted"] == "auto-generated"


def test_the_server_takes_the_test(people, run_events, server):
    assert "The mail server took the test to ada@example.com" in tried(people.ada, run_events)
    assert [to for _sender, to, _content in server.got] == [["ada@example.com"]]


def test_a_wrong_address_of_the_server_is_said_at_once(people, run_events, settings):
    settings.EMAIL_URL = f"smtp://127.0.0.1:{free_port()}"
    assert "Check the host and the port in EMAIL_URL" in tried(people.ada, run_events)
    assert Effect.objects.get().state == "failed"  # it is not tried again behind the person's back


def test_a_refused_login_is_said(people, run_events, server, settings):
    settings.EMAIL_URL = settings.EMAIL_URL.replace("//", "//crm:wrong@")
    assert "The mail server refused the login" in tried(people.ada, run_events)
    assert server.got == []


def test_a_server_without_encryption_is_said(people, run_events, server, settings):
    settings.EMAIL_URL += "?tls=1"
    assert "offers no encryption or login there" in tried(people.ada, run_events)


def test_a_refused_sender_is_said_with_the_servers_words(people, run_events, server):
    server.mail = "550 5.7.1 Not your address"
    shown = tried(people.ada, run_events)
    assert "change “Send from”" in shown and "5.7.1 Not your address" in shown


def test_a_connection_that_breaks_at_the_end_is_said_and_leaves_nothing_to_decide(people, run_events, server):
    server.data = "drop"
    assert "Look into your mailbox before you try again" in tried(people.ada, run_events)
    assert Effect.objects.get().state == "failed"


def test_one_test_at_a_time_and_a_missing_worker_is_named(people, run_events):
    page = browser(people.ada)
    page.post(PAGE)
    assert page.post(PAGE).status_code == 409
    shown = page.get(PAGE).content.decode()
    assert "is on its way" in shown and "no worker runs" in shown
    run_events()
    assert len(sent_mails()) == 1
    assert page.post(PAGE).status_code == 303


def test_only_who_manages_the_settings_tries(people):
    assert browser(people.rita).post(PAGE).status_code == 403


def test_the_set_up_fetches_the_test_and_the_first_dial(people):
    page = browser(people.ada)
    assert f'hx-get="{PAGE}"' in page.get("/setup/channels/").content.decode()
    assert 'hx-select="#dial-lead_intake"' in page.get("/setup/workflow/").content.decode()
    assert 'id="dial-lead_intake"' in page.get("/workflows/").content.decode()
    turned = {"name": "lead_intake", "autonomy": "auto", "is_on": "on", "per_contact_per_day": "1", "per_hour": "60"}
    answer = page.post("/workflows/set/", turned, headers={"HX-Request": "true"})
    assert answer.status_code == 204 and "lead_intake-turned" in answer["HX-Trigger"]
