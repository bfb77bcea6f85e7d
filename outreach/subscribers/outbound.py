"""Handing messages over: the ledger of effects decides that it happens once, the connector does the talking."""

from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.models import Workspace
from core import files
from core.clock import now
from core.effects import Claim, Outcome, Rejected, perform
from core.errors import NotFound
from core.events import Meta, Postpone, on
from core.logs import request_id, vendor_call
from crm.actions.consent import suppress_address
from outreach import mailbuild
from outreach.actions.messages import record_failed, record_sent, record_unknown
from outreach.actions.runs import record_tool_call
from outreach.bounces import bounce_class
from outreach.connectors import registry
from outreach.connectors.smtp import enhanced_status
from outreach.eligibility import OUTREACH
from outreach.events import MessageQueued
from outreach.models import Message
from outreach.queries.outgoing import outgoing, refusal
from outreach.values import Attachment, ComposedMail, OutboundMail


@on(MessageQueued)
def hand_over(event: MessageQueued, meta: Meta) -> None:
    """Send a queued message and report what became of it.

    Consent, suppression, stage and dials are asked once more at the last moment, when the claim is taken.
    """
    try:
        message = outgoing(event.message_id)
    except NotFound:
        return  # deleted with its contact before it left
    if message.state != "queued":
        return
    begun = now()
    outcome = perform(message.effect_key, lambda claim: _send(message, claim))
    _note_call(message, outcome, (now() - begun).total_seconds())
    if outcome.state == "waiting":
        raise Postpone(outcome.seconds, outcome.error)
    _report(message, outcome, meta)


def mail_of(message: Message) -> ComposedMail:
    """Compose a message as it leaves: threaded, with signed addresses for answers and reports.

    What answers nobody also says who writes, from where, and how to stop it.
    """
    workspace = Workspace.current()
    sender = workspace.from_email or settings.DEFAULT_FROM_EMAIL
    automated = "" if not message.automatic else "auto-replied" if message.in_reply_to else "auto-generated"
    text, way_out = message.body_text, ""
    if message.purpose in OUTREACH:
        way_out = f"{settings.SITE_URL}{reverse('outreach:way-out', args=[mailbuild.way_out(message.pk)])}"
        text = f"{text}\n\n{_imprint(message, workspace, way_out)}"
    return mailbuild.compose(
        OutboundMail(
            key=message.effect_key,
            from_address=sender,
            from_name=_sender_name(message, workspace),
            to_address=message.to_address,
            to_name=message.contact.name if message.contact.first_name else "",
            subject=message.subject,
            text=text,
            reply_to=mailbuild.signed_address(sender, message.effect_key),
            return_path=mailbuild.signed_address(sender, message.effect_key),
            in_reply_to=message.in_reply_to,
            references=tuple(message.references),
            attachments=tuple(_attachment(file) for file in message.attachments),
            automated=automated,  # type: ignore[arg-type]
            list_unsubscribe_url=way_out,
            date=message.created_at,
        )
    )


class CheckedClaim(Claim):
    """A claim that asks once more whether the message may leave, just before it is committed."""

    def __init__(self, claim: Claim, message: Message) -> None:
        super().__init__(claim.effect)
        self.claim = claim
        self.message = message

    def take(self) -> None:
        """Commit the claim, unless something forbids the message now."""
        reason = refusal(self.message)
        if reason:
            raise Rejected(reason)
        self.claim.take()
        self.taken = True


def _send(message: Message, claim: Claim) -> str:
    checked = CheckedClaim(claim, message)
    try:
        mail = mail_of(message)
    except NotFound as error:
        raise Rejected("An attachment is not there any more.") from error
    if identifier := request_id.get():
        stamped = f"X-Request-ID: {identifier}\r\n".encode() + mail.content
        mail = replace(mail, content=stamped)
    with vendor_call("smtp" if settings.EMAIL_URL else "sink", f"send_mail {mail.message_id}"):
        return registry.sender().send(mail, checked)


def _note_call(message: Message, outcome: Outcome, seconds: float) -> None:
    """Write the call down, unless the ledger only said that somebody else has it in hand or that it is early."""
    if outcome.state == "waiting" and not outcome.error:
        return
    record_tool_call(
        actor=Actor.system("outbound"),
        connector="smtp" if settings.EMAIL_URL else "sink",
        capability="send_mail",
        outcome="retry" if outcome.state == "waiting" else outcome.state,
        subject=("message", message.pk),
        latency_ms=round(seconds * 1000),
        error=outcome.error,
    )


def _report(message: Message, outcome: Outcome, meta: Meta) -> None:
    actor = meta.actor or Actor.system("outbound")
    if outcome.state in ("done", "settled"):
        record_sent(message, actor=actor, external_id=outcome.external_id, key=meta.key)
    elif outcome.state == "unknown":
        record_unknown(message, actor=actor, error=outcome.error, key=meta.key)
    else:
        record_failed(message, actor=actor, error=outcome.error, key=meta.key)
        status = enhanced_status(outcome.error)
        if status and bounce_class(status, outcome.error) == "hard":
            system = Actor.system("outbound")
            suppress_address(actor=system, channel="email", address=message.to_address, reason="hard", key=meta.key)


def _sender_name(message: Message, workspace: Workspace) -> str:
    person = message.written_by or (message.lead.owner if message.lead else None)
    return str(person) if person else workspace.sender_name or workspace.name


def _imprint(message: Message, workspace: Workspace, way_out: str) -> str:
    """Return who writes, from where, and how to stop it, in the language of who reads it."""
    with translation.override(message.contact.language or workspace.default_language):
        stop = gettext("If you would rather not hear from us: %(address)s") % {"address": way_out}
    name = workspace.legal_name or workspace.name
    signed = message.body_text.rstrip().endswith(name) and not workspace.postal_address
    return "\n".join(filter(None, ("" if signed else name, workspace.postal_address.strip(), stop)))


def _attachment(file: dict[str, str]) -> Attachment:
    return Attachment(file["name"], file.get("content_type", ""), files.load(file["path"]))
