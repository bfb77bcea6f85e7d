"""Reading what came in: the stored mail becomes a message, the message gets an intent."""

import base64
from dataclasses import replace

from accounts.actor import Actor
from core.events import Meta, on
from outreach import mailparse
from outreach.actions.hooks import close_receipt
from outreach.actions.inbound import REPORTS, receive_message, record_classification, record_report
from outreach.actions.runs import record_run
from outreach.agents import intent
from outreach.events import HookReceived, MessageReceived
from outreach.models import Message, Receipt
from outreach.queries.context import reply_context
from outreach.queries.suggestions import is_flooding
from outreach.queries.workflows import may_think

MAIL = "mail"


@on(HookReceived)
def read_mail(event: HookReceived, meta: Meta) -> None:
    """Turn a stored mail into a message or into a note on the message that it reports."""
    receipt = Receipt.objects.filter(pk=event.receipt_id).first()
    if event.vendor != MAIL or receipt is None or receipt.state != "stored":
        return
    actor = Actor.system("inbox", via="hook")
    inbound = mailparse.parse(base64.b64decode(receipt.body))
    if inbound.kind in REPORTS:
        message = record_report(actor=actor, inbound=inbound, key=meta.key)
        note = "" if message else "A report about nothing we sent."
    else:
        message = receive_message(actor=actor, inbound=inbound, key=meta.key)
        note = "" if message else "Automatic mail of a stranger, or our own."
    close_receipt(receipt, actor=actor, state="done" if message else "ignored", note=note)


@on(MessageReceived)
def classify_reply(event: MessageReceived, meta: Meta) -> None:
    """Read the intent of a reply; while automation is paused, or on the person's wish, by rules only."""
    rows = Message.objects.select_related("contact", "lead__owner", "conversation")
    message = rows.filter(pk=event.message_id).first()
    if message is None or message.kind != "reply" or message.intent:
        return
    context = reply_context(message)
    if not may_think("reply_to_cash") or is_flooding(message.contact_id):
        context = replace(context, do_not_ai=True)
    result = intent.classify(context)
    actor = Actor.agent("intent", workflow="reply_to_cash")
    record_run(
        actor=actor,
        key=meta.key,
        agent="intent",
        answer=result,
        lead=message.lead,
        message=message,
        result={"intent": result.intent, "confidence": result.confidence, "agreed": result.agreed},
    )
    record_classification(
        message,
        actor=actor,
        key=meta.key,
        intent=result.intent,
        confidence=result.confidence,
        via=result.via,
        quote=result.quote,
        agreed=result.agreed,
    )
