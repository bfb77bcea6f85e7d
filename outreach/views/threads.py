"""The conversation on the lead page and in the inbox: read, write, correct."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.actions import clean
from core.crypto import sha256
from core.doors import door
from core.errors import HouseError, Invalid
from core.pages import done, page
from crm.models import Lead, Ticket
from crm.queries.leads import lead_for
from outreach.actions.inbound import correct_classification
from outreach.actions.messages import send_message
from outreach.forms.messages import INTENT_CHOICES, CorrectClassificationForm, SendMessageForm
from outreach.models import Conversation, Message
from outreach.queries.inbox import conversation_of_lead, message_for, thread
from outreach.queries.templates import filled, templates

LEAD = "outreach/threads/lead.html"


@door("conversation:read")
def lead_thread(request: HttpRequest, pk: int) -> HttpResponse:
    """The conversation with a lead, as a fragment of the lead page; a page of its own without script."""
    return _lead(request, lead_for(request.actor, pk))


@door("message:send", methods=("POST",))
def lead_send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send what a person wrote to a lead."""
    lead = lead_for(request.actor, pk)
    try:
        values = clean(SendMessageForm, request.POST)
        send_message(lead, actor=request.actor, key=once(request, lead), **values)
    except Invalid as error:
        return _lead(request, lead, error=error, status=422)
    if not request.htmx:
        return done(request, lead, _("Message to %(contact)s is on its way.") % {"contact": lead.contact.name})
    return _announce(_lead(request, lead))


@door("message:send", methods=("POST",))
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Set the true intent of a reply."""
    message = message_for(request.actor, pk)
    values = clean(CorrectClassificationForm, request.POST)
    message = correct_classification(message, actor=request.actor, **values)
    label = dict(INTENT_CHOICES)[message.intent].lower()
    text = _("Noted as %(label)s. What it leads to follows now; a stage never goes back.") % {"label": label}
    back = message.lead or message.conversation
    return done(request, back, text, event="lead-changed")


def thread_context(
    request: HttpRequest,
    conversation: Conversation | None,
    lead: Lead | None,
    error: HouseError | None = None,
    ticket: Ticket | None = None,
) -> dict[str, Any]:
    """Return what the thread template needs, for the pages of leads and tickets and the inbox alike."""
    shown = thread(conversation, lead, _number(request, "before"), ticket)
    contact = (lead or ticket or conversation).contact  # type: ignore[union-attr]
    mine = [line.message.pk for line in shown.lines if line.message and _typed_by(line.message, request.user.pk)]
    subject = lead or ticket or conversation
    chosen = _number(request, "template")
    offered = filled(chosen, contact, lead, request.actor) if chosen else {}
    key = max(mine, default=0)
    return {
        "conversation": conversation,
        "lead": lead,
        "ticket": ticket,
        "contact": contact,
        "address": ticket.address if ticket else contact.email,
        # What is sold for how much stands in these mails: those read it who read proposals.
        "reads_money": request.actor.can("proposal:read"),
        "thread": shown,
        "intents": INTENT_CHOICES,
        "may_send": request.actor.can("message:send", subject),
        "compose_key": f"{key}-{chosen}" if offered else key,
        "templates": templates(),
        "compose_error": error,
        "typed": request.POST if error else offered,
        "needs_subject": not ticket and (conversation is None or not conversation.subject),
    }


def once(request: HttpRequest, to: Conversation | Lead | Ticket) -> str | None:
    """The same words in the same composer leave once, however often its button is pressed."""
    if "key" not in request.POST:
        return None
    typed = (request.POST.get(name, "") for name in ("key", "then", "subject", "body"))
    return sha256(f"{to._meta.label} {to.pk} {request.actor.user_id}", *typed)


def _number(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) <= 18 else None


def _typed_by(message: Message, user_id: int) -> bool:
    """Whether a message came from this person's composer: only then the composer empties itself."""
    return message.written_by_id == user_id and not hasattr(message, "suggestion")


def _lead(request: HttpRequest, lead: Lead, error: Invalid | None = None, status: int = 200) -> HttpResponse:
    conversation = conversation_of_lead(request.actor, lead)
    context = thread_context(request, conversation, lead, error)
    context |= {"send_url": reverse("outreach:message-send", args=[lead.pk]), "root": "lead-thread"}
    context["thread_url"] = reverse("outreach:lead-thread", args=[lead.pk])
    response = page(request, LEAD, context, parts=("lead-thread",), status=status)
    response["HX-Reswap"] = "outerHTML"
    return response


def _announce(response: HttpResponse) -> HttpResponse:
    """Let the rest of the page notice; the thread itself is the answer."""
    response["HX-Trigger-After-Swap"] = json.dumps({"suggestions-changed": {}})
    return response
