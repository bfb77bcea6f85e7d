"""The mail sink: every message becomes a file. The default where no mail server is set."""

from core.effects import Claim
from core.mailsink import write_message
from outreach.connectors.ports import Connector
from outreach.values import ComposedMail

CONNECTOR = Connector("sink", "Mail sink (files)", ("send_mail",))


class Sink:
    """Writes messages into the mail folder; doing it twice leaves one file."""

    def send(self, mail: ComposedMail, claim: Claim) -> str:
        """Write the message and return its Message-ID."""
        claim.take()
        write_message(mail.message_id, mail.content)
        return mail.message_id
