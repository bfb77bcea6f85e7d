"""The mail sink: what was sent while no mail server is set, and a way to answer it by hand."""

from email import message_from_bytes, policy
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.actions import clean
from core.doors import door
from core.errors import Invalid, NotFound, Refused
from core.mailsink import path_of
from core.pages import done, page, paginate
from outreach.drops import drop, reply_to
from outreach.forms.workflows import LeadReplyForm
from outreach.models import Message
from outreach.queries.inbox import message_for, sent_messages


@door("settings:manage")
def list_(request: HttpRequest) -> HttpResponse:
    """What was sent, newest first."""
    rows = paginate(sent_messages(request.actor), request.GET.get("cursor", ""))
    return page(request, "outreach/sink/list.html", {"rows": rows, "is_open": _is_open()}, parts=("sink-rows",))


@door("settings:manage")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail as it lies in the sink."""
    return _detail(request, message_for(request.actor, pk))


@door("settings:manage", methods=("POST",))
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a mail in the lead's name; only where mail stays on this machine and nobody's customers do."""
    message = message_for(request.actor, pk)
    if not _may_reply():
        raise Refused(_("Only an install that sends no real mail can answer in a lead's name."))
    try:
        values = clean(LeadReplyForm, request.POST)
    except Invalid as error:
        return _detail(request, message, error, status=422)
    drop(reply_to(_raw(message), values["body"]))
    return done(request, reverse("outreach:sink"), _("Answer dropped. It is read within a few seconds."))


def _detail(request: HttpRequest, message: Message, error: Invalid | None = None, status: int = 200) -> HttpResponse:
    mail = message_from_bytes(_raw(message), policy=policy.default)
    body = mail.get_body(preferencelist=("plain",))
    context: dict[str, Any] = {
        "message": message,
        "headers": [(name, str(value)) for name, value in mail.items()],
        "text": body.get_content() if body else "",
        "files": [part.get_filename() or "file" for part in mail.iter_attachments()],
        "form": LeadReplyForm(request.POST if error else None),
        "may_reply": _may_reply(),
    }
    return page(request, "outreach/sink/detail.html", context, status=status)


def _raw(message: Message) -> bytes:
    path = path_of(message.message_id or "")
    if message.direction != "out" or not path.is_file():
        raise NotFound(_("This mail is not in the sink. It may have gone over a mail server."))
    return path.read_bytes()


def _is_open() -> bool:
    return not settings.EMAIL_URL


def _may_reply() -> bool:
    return _is_open() and not settings.PRODUCTION
