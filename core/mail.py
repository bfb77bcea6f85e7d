"""Django's own mails (invitations, resets): over EMAIL_URL, or into the mail sink when it is unset."""

from smtplib import SMTPRecipientsRefused, SMTPResponseException
from socket import gaierror
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from core import quarantine
from core.effects import Claim, Rejected, RetryLater, perform
from core.events import Postpone
from core.logs import request_id, vendor_call
from core.mailsink import write_message


def smtp_options(address: str) -> dict[str, Any]:
    """Return what an smtp://user:password@host:port?tls=1 or smtps:// address says."""
    parts = urlsplit(address)
    secure = parts.scheme == "smtps"
    tls = parse_qs(parts.query).get("tls", ["0" if parts.hostname in {"localhost", "127.0.0.1"} else "1"])[0]
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or (465 if secure else 587),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": secure,
        "use_tls": not secure and tls not in {"0", "no", "false"},
    }


class HouseMailBackend(BaseEmailBackend):
    """Sends by SMTP where EMAIL_URL names a server, else, and from a restored copy, writes one file per message."""

    def send_messages(self, email_messages: Any) -> int:
        """Send the messages; returns how many left."""
        if settings.EMAIL_URL and not quarantine.is_quiet():
            backend = SmtpBackend(fail_silently=self.fail_silently, timeout=30, **smtp_options(settings.EMAIL_URL))
            return int(backend.send_messages(email_messages) or 0)
        for message in email_messages:
            raw = message.message()
            write_message(raw["Message-ID"], raw.as_bytes(linesep="\r\n"))
        return len(email_messages)


def deliver(key: str, message: EmailMessage) -> None:
    """Send a message whose effect was planned under this key; raises Postpone when it has to wait."""

    def work(claim: Claim) -> str:
        claim.take()
        if identifier := request_id.get():
            message.extra_headers["X-Request-ID"] = identifier
        try:
            with vendor_call("smtp" if settings.EMAIL_URL else "sink", f"mail {key}"):
                message.send()
        except (ConnectionRefusedError, gaierror) as error:
            raise RetryLater(str(error)) from error  # nobody was reached: nothing left
        except SMTPRecipientsRefused as error:
            raise Rejected(str(error)) from error
        except SMTPResponseException as error:
            kind = RetryLater if 400 <= error.smtp_code < 500 else Rejected
            raise kind(str(error)) from error
        return message.to[0]

    outcome = perform(key, work)
    if outcome.state == "waiting":
        raise Postpone(outcome.seconds)
