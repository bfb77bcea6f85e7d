"""Messages of which nobody knows whether they arrived, and those that did not leave."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.doors import door
from core.pages import done, page, paginate
from outreach.actions.messages import resend_message, settle_message
from outreach.queries.inbox import message_for, unknown_sends


@door("message:send")
def unknown(request: HttpRequest) -> HttpResponse:
    """The list of unknown sends, each with its two buttons."""
    rows = paginate(unknown_sends(request.actor), request.GET.get("cursor", ""))
    return page(request, "outreach/messages/unknown.html", {"rows": rows}, parts=("unknown-rows",))


@door("message:send", methods=("POST",))
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message again; it may arrive twice."""
    message = resend_message(message_for(request.actor, pk), actor=request.actor)
    return done(
        request,
        _back(request),
        _("Message to %(contact)s goes out again.") % {"contact": message.contact.name},
        event="lead-changed",
    )


@door("message:send", methods=("POST",))
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Count a message as sent."""
    message = settle_message(message_for(request.actor, pk), actor=request.actor)
    return done(
        request,
        _back(request),
        _("Message to %(contact)s counts as sent.") % {"contact": message.contact.name},
        event="lead-changed",
    )


def _back(request: HttpRequest) -> str:
    return reverse("outreach:unknown-sends")
