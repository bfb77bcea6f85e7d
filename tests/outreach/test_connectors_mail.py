"""SMTP, IMAP and the sink over real sockets, with everything that can go wrong on the way."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller

from core.effects import Rejected, RetryLater
from core.mailsink import path_of
from outreach.connectors import registry
from outreach.connectors.imap import Imap
from outreach.connectors.sink import Sink
from outreach.connectors.smtp import Smtp, enhanced_status
from outreach.values import ComposedMail, InboxCursor

MAIL = ComposedMail(
    "<m42@acme.example>", "sales@acme.example", "asha@kumar.example", b"Subject: Hi\r\n\r\nHello\r\n.dot\r\n"
)


class Counting:
    """A claim that only counts."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self) -> None:
        self.taken += 1


class Server:
    """What the receiving server does, and what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[str, list[str], bytes]] = []
        self.mail = self.rcpt = self.data = ""
        self.claimed_at_data: list[int] = []
        self.claim: Counting | None = None

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if self.mail:
            return self.mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        self.claimed_at_data.append(self.claim.taken if self.claim else 0)
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.data == "drop":
            server.transport.close()
            return "250 never heard"
        if self.data:
            return self.data
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 Ok: queued as 42"


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.fixture
def receiver() -> Iterator[tuple[Server, str]]:
    server = Server()
    port = free_port()
    controller = Controller(server, hostname="127.0.0.1", port=port, ready_timeout=10)
    controller.start()
    yield server, f"smtp://127.0.0.1:{port}"
    controller.stop()


def test_a_message_arrives_whole_and_is_claimed_between_rcpt_and_data(receiver):
    server, address = receiver
    claim = server.claim = Counting()
    assert Smtp(address).send(MAIL, claim) == "2.0.0 Ok: queued as 42"
    assert claim.taken == 1
    assert server.claimed_at_data == [0]
    assert server.got == [(MAIL.sender, [MAIL.recipient], MAIL.content)]


@pytest.mark.parametrize("step", ["mail", "rcpt"])
@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("421 4.3.2 Closing", RetryLater),
        ("450 4.2.1 Try later", RetryLater),
        ("451 4.7.1 Greylisted", RetryLater),
        ("452 4.2.2 Full", RetryLater),
        ("550 5.1.1 No such user", Rejected),
        ("554 5.7.1 Blocked", Rejected),
    ],
)
def test_a_refusal_before_data_leaves_the_claim_untaken(receiver, step, said, raised):
    server, address = receiver
    setattr(server, step, said)
    claim = Counting()
    with pytest.raises(raised) as caught:
        Smtp(address).send(MAIL, claim)
    assert claim.taken == 0
    assert enhanced_status(str(caught.value)) == said.split()[1]
    assert server.got == []


@pytest.mark.parametrize(("said", "raised"), [("451 4.3.0 Later", RetryLater), ("554 5.6.0 Bad content", Rejected)])
def test_a_refusal_after_the_dot_is_certain_too(receiver, said, raised):
    server, address = receiver
    server.data = said
    with pytest.raises(raised):
        Smtp(address).send(MAIL, Counting())


def test_a_connection_lost_after_the_dot_is_neither_retried_nor_refused(receiver):
    server, address = receiver
    server.data = "drop"
    claim = Counting()
    with pytest.raises(Exception) as caught:  # whatever it is, it must not be one of the two certain ones
        Smtp(address).send(MAIL, claim)
    assert not isinstance(caught.value, RetryLater | Rejected)
    assert claim.taken == 1


def test_a_claim_that_somebody_else_has_stops_the_message(receiver):
    server, address = receiver

    class Lost:
        def take(self) -> None:
            raise LookupError("lost")

    with pytest.raises(LookupError):
        Smtp(address).send(MAIL, Lost())
    assert server.got == []


class Script(socketserver.BaseRequestHandler):
    """A server that says given lines, one before each command, and then is silent or gone."""

    lines: tuple[str, ...] = ()
    hang = False

    def handle(self) -> None:
        for line in self.lines:
            self.request.sendall(line.encode() + b"\r\n")
            if not self.request.recv(4096):
                return
        if self.hang:
            time.sleep(3)


@pytest.fixture
def scripted():
    servers = []

    def start(*lines: str, hang: bool = False) -> str:
        handler = type("Given", (Script,), {"lines": lines, "hang": hang})
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_refused_connection_and_a_silent_server_are_tried_later(scripted):
    for address in (f"smtp://127.0.0.1:{free_port()}", f"smtp://{scripted(hang=True)}"):
        claim = Counting()
        with pytest.raises(RetryLater):
            Smtp(address, timeout=0.3).send(MAIL, claim)
        assert claim.taken == 0


def test_a_server_that_breaks_off_before_data_is_tried_later(scripted):
    address = scripted("220 hi", "250 hello", "250 sender ok")
    claim = Counting()
    with pytest.raises(RetryLater):
        Smtp(f"smtp://{address}", timeout=1).send(MAIL, claim)
    assert claim.taken == 0


def test_a_server_that_is_silent_after_the_content_leaves_it_open(scripted):
    address = scripted("220 hi", "250 hello", "250 ok", "250 ok", "354 go", hang=True)
    claim = Counting()
    with pytest.raises(Exception) as caught:  # see above
        Smtp(f"smtp://{address}", timeout=0.3).send(MAIL, claim)
    assert not isinstance(caught.value, RetryLater | Rejected)
    assert claim.taken == 1


def test_mail_never_goes_in_clear_where_encryption_is_asked_for(receiver):
    server, address = receiver
    with pytest.raises(RetryLater, match="no encryption"):
        Smtp(f"{address}?tls=1").send(MAIL, Counting())
    assert server.got == []


def test_a_refused_login_is_a_matter_of_settings(receiver):
    _server, address = receiver
    with pytest.raises(RetryLater, match="encryption or login"):
        Smtp(address.replace("smtp://", "smtp://rita:secret@")).send(MAIL, Counting())


def test_the_sink_writes_one_file_however_often(settings):
    claim = Counting()
    assert Sink().send(MAIL, claim) == Sink().send(MAIL, claim) == MAIL.message_id
    assert path_of(MAIL.message_id).read_bytes() == MAIL.content
    assert len(list(settings.MAIL_DIR.iterdir())) == 1


def test_the_settings_choose_the_vendor(settings):
    settings.EMAIL_URL = settings.IMAP_URL = ""
    assert isinstance(registry.sender(), Sink)
    assert registry.inbox() is None
    settings.EMAIL_URL, settings.IMAP_URL = "smtp://localhost:25", "imaps://a:b@localhost/INBOX"
    assert isinstance(registry.sender(), Smtp)
    assert isinstance(registry.inbox(), Imap)
    assert {"imap", "sink", "smtp"} <= {connector.key for connector in registry.known()}


class Mailbox(socketserver.StreamRequestHandler):
    """Just enough of an IMAP server: LOGIN, STATUS, SELECT/EXAMINE, UID SEARCH, UID FETCH, LOGOUT."""

    mails: dict[int, bytes] = {}
    validity = 7
    commands: list[str] = []

    def handle(self) -> None:
        self.say("* OK ready")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            self.commands.append(rest)
            self.answer(rest)
            self.say(f"{tag} OK done")
            if rest.upper().startswith("LOGOUT"):
                return

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def answer(self, command: str) -> None:
        words = command.upper().split()
        if words[0] == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1")
        elif words[0] == "STATUS":
            self.say(f'* STATUS "INBOX" (UIDVALIDITY {self.validity} UIDNEXT {max(self.mails, default=0) + 1})')
        elif words[0] in {"SELECT", "EXAMINE"}:
            self.say(f"* {len(self.mails)} EXISTS")
            self.say(f"* OK [UIDVALIDITY {self.validity}] valid")
        elif words[:2] == ["UID", "SEARCH"]:
            self.say(f"* SEARCH {' '.join(str(uid) for uid in sorted(self.found(command)))}")
        elif words[:2] == ["UID", "FETCH"]:
            raw = self.mails[int(words[2])]
            if "SIZE" in command:
                self.say(f"* 1 FETCH (UID {words[2]} RFC822.SIZE {len(raw)})")
            else:
                self.wfile.write(b"* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (int(words[2]), len(raw), raw))
        elif words[0] == "LOGOUT":
            self.say("* BYE")

    def found(self, command: str) -> list[int]:
        if "UID " not in command[10:]:
            return list(self.mails)
        start = int(command.rsplit("UID ", 1)[1].split(":", maxsplit=1)[0].strip("() "))
        return [uid for uid in self.mails if uid >= start] or list(self.mails)[-1:]


@pytest.fixture
def mailbox():
    handler = type("Box", (Mailbox,), {"mails": {}, "commands": []})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield handler, f"imap://rita:secret@127.0.0.1:{server.server_address[1]}/INBOX"
    server.shutdown()
    server.server_close()


def test_a_mailbox_is_read_once_and_in_order(mailbox):
    box, address = mailbox
    box.mails = {3: b"Subject: a\r\n\r\n1", 9: b"Subject: b\r\n\r\n2"}
    found = list(Imap(address).fetch(InboxCursor()))
    assert found == [(InboxCursor(7, 3), box.mails[3]), (InboxCursor(7, 9), box.mails[9])]
    assert list(Imap(address).fetch(InboxCursor(7, 9))) == []
    box.mails[12] = b"Subject: c\r\n\r\n3"
    assert list(Imap(address).fetch(InboxCursor(7, 9))) == [(InboxCursor(7, 12), box.mails[12])]
    assert any("UNSEEN" in command for command in box.commands)
    assert not any("BODY[]" in command for command in box.commands)


def test_a_renumbered_mailbox_starts_anew_and_a_huge_mail_is_skipped(mailbox):
    box, address = mailbox
    box.mails, box.validity = {1: b"x" * 500, 2: b"Subject: b\r\n\r\n2"}, 8
    found = list(Imap(address, max_bytes=100).fetch(InboxCursor(7, 99)))
    assert found == [(InboxCursor(8, 1), b""), (InboxCursor(8, 2), box.mails[2])]
    assert len(list(Imap(address).fetch(InboxCursor(), limit=1))) == 1


def test_a_mailbox_that_is_away_is_tried_later():
    with pytest.raises(RetryLater):
        list(Imap(f"imap://a:b@127.0.0.1:{free_port()}/INBOX", timeout=1).fetch(InboxCursor()))
