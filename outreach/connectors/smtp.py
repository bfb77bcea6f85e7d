"""SMTP, one message per connection, claimed between RCPT and DATA."""

import re
import smtplib
import ssl
from contextlib import suppress
from typing import Any

from core.effects import Claim, Rejected, RetryLater
from core.mail import smtp_options
from outreach.connectors.ports import Connector
from outreach.values import ComposedMail

CONNECTOR = Connector("smtp", "SMTP server", ("send_mail",), "EMAIL_URL")
TIMEOUT = 30.0
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


class Smtp:
    """Sends over the server that an address like smtp://user:password@host:587 names."""

    def __init__(self, address: str, timeout: float = TIMEOUT) -> None:
        self.options: dict[str, Any] = smtp_options(address)
        self.timeout = timeout

    def send(self, mail: ComposedMail, claim: Claim) -> str:
        """Hand the message over and return the server's words of acceptance."""
        server = self._connect(mail.sender.rpartition("@")[2])
        try:
            self._envelope(server, mail)
            claim.take()
            answer = self._content(server, mail.content)
            with suppress(OSError, smtplib.SMTPException):
                server.putcmd("quit")
            return answer
        finally:
            server.close()

    def _connect(self, hello: str) -> smtplib.SMTP:
        """Return a session that is encrypted and logged in as far as the address asks for it.

        It introduces itself by the sender's domain; asking the DNS for our own name can take long.
        """
        options, context = self.options, ssl.create_default_context()
        try:
            if options["use_ssl"]:
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    options["host"], options["port"], hello, timeout=self.timeout, context=context
                )
            else:
                server = smtplib.SMTP(options["host"], options["port"], hello, timeout=self.timeout)
        except (OSError, smtplib.SMTPException) as error:
            raise RetryLater(f"The mail server could not be reached: {_named(error)}.") from error
        try:
            server.ehlo()
            if options["use_tls"]:
                server.starttls(context=context)
                server.ehlo()
            if options["username"]:
                server.login(options["username"], options["password"])
        except smtplib.SMTPNotSupportedError as error:
            server.close()
            reason = "The mail server offers no encryption or login, so nothing was sent."
            raise RetryLater(reason, after=900) from error
        except smtplib.SMTPAuthenticationError as error:
            server.close()
            reason = "The mail server refused the login. Check EMAIL_URL."
            raise RetryLater(reason, after=900) from error
        except (OSError, smtplib.SMTPException) as error:
            server.close()
            raise RetryLater(f"The mail server broke off: {_named(error)}.") from error
        return server

    @staticmethod
    def _envelope(server: smtplib.SMTP, mail: ComposedMail) -> None:
        options = [f"size={len(mail.content)}"] if server.has_extn("size") else []
        if mail.smtputf8:
            if not server.has_extn("smtputf8"):
                raise Rejected(f"The mail server cannot send to {mail.recipient}: it lacks SMTPUTF8.")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
            server.command_encoding = "utf-8"
        try:
            _accepted(server.mail(mail.sender, options), "sender")
            _accepted(server.rcpt(mail.recipient), "recipient")
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            raise RetryLater(f"The mail server broke off: {_named(error)}.") from error

    @staticmethod
    def _content(server: smtplib.SMTP, content: bytes) -> str:
        """Send the content; a lost connection from here on leaves the outcome open."""
        try:
            answer = server.data(content)
        except smtplib.SMTPDataError as refused:
            answer = (refused.smtp_code, _bytes(refused.smtp_error))
        _accepted(answer, "message")
        return _bytes(answer[1]).decode("utf-8", "replace")[:255]


def _accepted(answer: tuple[int, bytes], what: str) -> None:
    """Return when the server said yes; RetryLater for 4xx, Rejected for 5xx with its enhanced status."""
    code, said = answer[0], _bytes(answer[1]).decode("utf-8", "replace")
    if 200 <= code < 400:
        return
    reason = f"The mail server refused the {what}: {code} {' '.join(said.split())[:200]}"
    if 500 <= code < 600:
        raise Rejected(reason)
    if code == -1 or code < 400:
        raise smtplib.SMTPServerDisconnected(reason)
    raise RetryLater(reason)


def enhanced_status(reason: str) -> str:
    """Return the enhanced status (5.1.1) in the words of a refusal, or "" when there is none."""
    found = _ENHANCED.search(reason)
    return found[0] if found else ""


def _bytes(said: bytes | str) -> bytes:
    return said.encode() if isinstance(said, str) else said


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:160]
