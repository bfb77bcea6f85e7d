"""Django's own mails (invitations, resets): over EMAIL_URL, or into the mail sink when it is unset."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from core.mailsink import write_message


def smtp_options(address: str) -> dict[str, Any]:
    """Return what an smtp://user:password@host:port?tls=1 or smtps:// address says."""
    parts = urlsplit(address)
    secure = parts.scheme == "smtps"
    tls = parse_qs(parts.query).get(
        "tls", ["0" if parts.hostname in {"localhost", "127.0.0.1"} else "1"]
    )[0]
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or (465 if secure else 587),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": secure,
        "use_tls": not secure and tls not in {"0", "no", "false"},
    }


class HouseMailBackend(BaseEmailBackend):
    """Sends by SMTP where EMAIL_URL names a server, else writes one file per message."""

    def send_messages(self, email_messages: Any) -> int:
        """Send the messages; returns how many left."""
        if settings.EMAIL_URL:
            backend = SmtpBackend(
                fail_silently=self.fail_silently, timeout=30, **smtp_options(settings.EMAIL_URL)
            )
            return int(backend.send_messages(email_messages) or 0)
        for message in email_messages:
            raw = message.message()
            write_message(raw["Message-ID"], raw.as_bytes(linesep="\r\n"))
        return len(email_messages)
