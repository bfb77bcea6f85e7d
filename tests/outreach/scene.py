"""What the tests of outreach start from: a lead of Rita's, and mail as it comes in."""

import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Model

from accounts.actor import Actor
from accounts.models import User, Workspace
from crm.actions.leads import create_lead
from crm.models import Lead
from outreach.actions.hooks import accept_hook
from outreach.actions.messages import queue_message
from outreach.actions.suggestions import offer
from outreach.actions.workflows import set_workflow
from outreach.drops import mail_facts
from outreach.models import Message, Suggestion

Row = TypeVar("Row", bound=Model)
SYSTEM = Actor.system("tests")
MEERA = "meera@sharmadental.example"


def lead_of(owner: User | None, address: str = MEERA, **facts: Any) -> Lead:
    """A new lead, assigned to `owner`."""
    values = {
        "first_name": "Meera",
        "last_name": "Sharma",
        "business_name": "Sharma Dental Care",
        "city": "Jaipur",
        "source": "web",
    }
    return create_lead(actor=SYSTEM, email=address, owner=owner, **{**values, **facts})


def message_to(lead: Lead, **values: Any) -> Message:
    """A queued message to a lead: the first one unless said otherwise."""
    words = {"subject": "Bookings for your clinic", "body_text": "Hello Meera", "purpose": "first_message"}
    return queue_message(actor=SYSTEM, contact=lead.contact, lead=lead, **{**words, **values})


def draft_for(lead: Lead, **values: Any) -> Suggestion:
    """A draft that waits on a lead."""
    words = {"kind": "first_message", "subject": "Hello", "body": "Shall we talk?", "confidence": 0.9}
    return offer(actor=SYSTEM, contact=lead.contact, lead=lead, **{**words, **values})


def dial(name: str, autonomy: str = "auto", **limits: Any) -> None:
    """Turn a workflow's dial."""
    values = {"is_on": True, "per_contact_per_day": 1, "per_hour": 60, **limits}
    set_workflow(actor=SYSTEM, name=name, autonomy=autonomy, **values)


def pause(paused: bool = True) -> None:
    """Press or release the kill switch."""
    Workspace.current()
    Workspace.objects.update(automation_paused=paused)


def mail_from(address: str, text: str, **headers: str) -> bytes:
    """A mail as it arrives; underscores in header names are hyphens."""
    mail = EmailMessage(policy=email.policy.SMTP)
    given = {"From": f"Meera Sharma <{address}>", "To": "crm@localhost", "Subject": "Hello"}
    given |= {"Message_ID": f"<{abs(hash((address, text, *sorted(headers.items()))))}@mail.example>"}
    for name, value in (given | headers).items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def answer_to(message: Message, text: str, **headers: str) -> bytes:
    """The answer of a message's receiver, threaded by Message-ID."""
    threaded = {"Subject": f"Re: {message.subject}", "In_Reply_To": str(message.message_id)}
    return mail_from(message.to_address, text, **(threaded | headers))


def arrive(raw: bytes) -> None:
    """Store a mail as every inbound door does."""
    accept_hook(actor=SYSTEM, **mail_facts(raw))


def fresh(row: Row) -> Row:
    """The row as the next request would load it: django-fsm lets nobody refresh a protected state."""
    return type(row)._base_manager.get(pk=row.pk)


def sink() -> list[Path]:
    """The files of the mail sink."""
    folder = Path(settings.MAIL_DIR)
    return sorted(folder.glob("*.eml")) if folder.is_dir() else []


def sent_mails() -> list[EmailMessage]:
    """The mails in the sink, parsed."""
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in sink()]  # type: ignore[misc]
