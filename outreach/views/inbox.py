"""The inbox: conversations on the left, the open one beside them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.actions import clean
from core.doors import door
from core.errors import Invalid
from core.pages import done, page, paginate
from outreach.actions.messages import send_message
from outreach.forms.messages import SendMessageForm
from outreach.models import Conversation, Suggestion
from outreach.queries.inbox import FOLDERS, conversation_for, conversations_for, last_event, waiting_count
from outreach.queries.suggestions import current_suggestion
from outreach.views.threads import once, thread_context

TEMPLATE = "outreach/inbox/list.html"


@door("conversation:read")
def list_(request: HttpRequest) -> HttpResponse:
    """The conversations of one folder."""
    return page(request, TEMPLATE, _listing(request), parts=("inbox-threads",))


@door("conversation:read")
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """The inbox with one conversation open; a poll is answered only when something happened since `seen`."""
    conversation = conversation_for(request.actor, pk)
    if request.htmx and request.GET.get("seen", "-") == str(last_event(conversation.contact)):
        return HttpResponse(status=204)
    return _show(request, conversation)


@door("message:send", methods=("POST",))
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send what a person wrote within a conversation."""
    conversation = conversation_for(request.actor, pk)
    try:
        values = clean(SendMessageForm, request.POST)
        send_message(conversation, actor=request.actor, key=once(request, conversation), **values)
    except Invalid as error:
        return _show(request, conversation, error=error, status=422)
    if request.htmx:
        return _show(request, conversation_for(request.actor, pk))
    return done(
        request, conversation, _("Message to %(contact)s is on its way.") % {"contact": conversation.contact.name}
    )


def _show(
    request: HttpRequest, conversation: Conversation, error: Invalid | None = None, status: int = 200
) -> HttpResponse:
    context = _listing(request) | thread_context(request, conversation, conversation.lead, error)
    context |= {
        "opened": conversation,
        "root": "inbox-open",
        "suggestion": current_suggestion(conversation.contact),
        "reasons": Suggestion.REASONS,
        "may_approve": request.actor.can("suggestion:approve", conversation),
        "send_url": reverse("outreach:inbox-send", args=[conversation.pk]),
        "thread_url": conversation.get_absolute_url(),
        "seen": last_event(conversation.contact),
    }
    return page(request, TEMPLATE, context, parts=("inbox-open", "inbox-threads"), status=status)


def _listing(request: HttpRequest) -> dict[str, Any]:
    asked = request.GET.get("folder", "")
    folder = asked if asked in dict(FOLDERS) else "all"
    search = request.GET.get("q", "").strip()[:100]
    rows = conversations_for(request.actor, folder, search)
    order = ("-last_message_at", "-pk") if folder != "drafts" else ("-created_at", "-pk")
    return {
        "folders": FOLDERS,
        "folder": folder,
        "search": search,
        "rows": paginate(rows, request.GET.get("cursor", ""), order=order),
        "waiting": waiting_count(request.actor),
    }
