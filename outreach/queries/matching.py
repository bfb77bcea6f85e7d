"""Finding whom a message is from and what it answers or reports."""

from django.db.models import Case, IntegerField, Value, When

from crm.matching import fold_email
from crm.models import Contact, Lead
from outreach import mailbuild
from outreach.models import Cursor, Message
from outreach.values import InboundMessage, InboxCursor


def message_answered(inbound: InboundMessage) -> Message | None:
    """Return the message of the conversation that this one answers: by its references, then by its reply token."""
    known = [reference for reference in (inbound.in_reply_to, *reversed(inbound.references)) if reference]
    return _by_message_id(known) or _by_token(inbound.to_addresses)


def message_reported(inbound: InboundMessage) -> Message | None:
    """Return our message that a delivery report is about: by its signed return path, then by its Message-ID."""
    ids = (inbound.original_message_id, inbound.in_reply_to, *inbound.references)
    return _by_token(inbound.to_addresses) or _by_message_id([known for known in ids if known])


def contact_of_address(address: str) -> Contact | None:
    """Return the contact with this email address, however it is written."""
    folded = fold_email(address)
    return Contact.objects.filter(email_folded=folded).first() if folded else None


def latest_lead(contact: Contact) -> Lead | None:
    """Return the contact's lead that a message is most likely about: the newest open one, else the newest."""
    closed = Case(When(status="disqualified", then=Value(1)), default=Value(0), output_field=IntegerField())
    return contact.leads.order_by(closed, "-pk").first()


def mailbox_cursor(key: str) -> InboxCursor:
    """Return how far a mailbox has been read."""
    row = Cursor.objects.filter(key=key).first()
    return InboxCursor(row.uidvalidity, row.uid) if row else InboxCursor()


def _by_message_id(ids: list[str]) -> Message | None:
    rows = {row.message_id: row for row in Message.objects.filter(message_id__in=ids[:30])}
    return next((rows[known] for known in ids if known in rows), None)


def _by_token(addresses: tuple[str, ...]) -> Message | None:
    for address in addresses[:10]:
        key = mailbuild.read_token(address)
        if key.startswith("message:") and key.removeprefix("message:").isdigit():
            return Message.objects.filter(pk=int(key.removeprefix("message:"))).first()
    return None
