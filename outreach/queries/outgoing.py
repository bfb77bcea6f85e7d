"""Whether a message may leave, asked when it is queued and again at the moment of hand-over."""

from django.utils.translation import gettext as _

from accounts.models import Workspace
from core.errors import NotFound
from core.registry import refusals
from crm.models import Contact, Lead
from crm.queries.consent import may_contact
from outreach.eligibility import OUTREACH, blocked
from outreach.mailbuild import read_way_out
from outreach.models import Message
from outreach.models.suggestion import content_fingerprint
from outreach.queries.workflows import stopped

COLD_SOURCES = ("cold-outreach", "finder", "import")  # these people did not ask us for anything


def may_leave(*, contact: Contact, lead: Lead | None, to_address: str, purpose: str) -> str:
    """Return why a message to this address may not leave, or "" when it may."""
    if not to_address:
        return _("There is no email address. Add one first.")
    is_cold = purpose in OUTREACH and lead is not None and lead.source in COLD_SOURCES
    verdict = may_contact(contact, "email", marketing=is_cold, address=to_address)
    if not verdict.allowed:
        return verdict.reason
    return blocked(purpose, lead.status, lead.stage) if lead else ""


def outgoing(pk: int) -> Message:
    """Return a message with what its hand-over needs; NotFound when it is gone."""
    found = Message.objects.select_related("contact", "lead", "lead__owner", "written_by", "conversation")
    message = found.filter(pk=pk, direction="out").first()
    if message is None:
        raise NotFound
    return message


def message_of_way_out(token: str) -> Message:
    """Return the message whose receiver holds a way out; NotFound for any other token."""
    number = read_way_out(token)
    if number is None:
        raise NotFound(_("This link does not work. Answer the message instead, and we stop."))
    return outgoing(number)


def refusal(message: Message) -> str:
    """Return why a queued message may not be handed over now, from fresh rows; "" when it may."""
    fresh = outgoing(message.pk)
    if fresh.fingerprint != content_fingerprint(
        to_address=fresh.to_address,
        channel=fresh.channel,
        subject=fresh.subject,
        body=fresh.body_text,
        attachments=fresh.attachments,
    ):
        return "The message is not the one that was approved."
    if said := refusals("message.leave", fresh):
        return said[0]
    if fresh.automatic and (reason := stopped(fresh.workflow_key, Workspace.current())):
        return reason
    return may_leave(contact=fresh.contact, lead=fresh.lead, to_address=fresh.to_address, purpose=fresh.purpose)
