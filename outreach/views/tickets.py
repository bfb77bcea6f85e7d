"""The thread of a ticket, and the answer to it: a fragment of the ticket's page, a page of its own without script."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.actions import run
from core.doors import door
from core.errors import HouseError, Invalid, Refused
from core.pages import done, page
from crm.models import Ticket
from crm.queries.tickets import ticket_for
from outreach.queries.inbox import conversation_of_contact
from outreach.views.threads import once, thread_context

TEMPLATE = "outreach/threads/ticket.html"
SAID = {"wait": _("Reply on its way. The clock rests."), "resolve": _("Reply on its way. Resolved.")}


@door("ticket:read")
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """What was written back and forth about a ticket."""
    request.actor.require("conversation:read")
    return _show(request, ticket_for(request.actor, pk))


@door("ticket:update", methods=("POST",))
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the customer; the button says what becomes of the ticket."""
    ticket = ticket_for(request.actor, pk)
    try:
        run("ticket.reply", ticket, actor=request.actor, data=request.POST, key=once(request, ticket))
    except (Invalid, Refused) as error:
        return _show(request, ticket, error)
    words = SAID.get(request.POST.get("then", ""), gettext("Reply on its way."))
    return done(request, ticket, words, "ticket-changed")


def _show(request: HttpRequest, ticket: Ticket, error: HouseError | None = None) -> HttpResponse:
    conversation = conversation_of_contact(request.actor, ticket.contact)
    context = thread_context(request, conversation, None, error, ticket)
    context |= {
        "send_url": reverse("outreach:ticket-send", args=[ticket.pk]),
        "thread_url": reverse("outreach:ticket-thread", args=[ticket.pk]),
        "root": "ticket-thread",
    }
    status = error.status if error else 200
    response = page(request, TEMPLATE, context, parts=("ticket-thread",), status=status)
    response["HX-Reswap"] = "outerHTML"
    return response
