"""Drafts of machines: see, approve, edit, reject, ask for one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.actions import clean
from core.doors import door
from core.errors import Invalid
from core.pages import done, page, paginate
from crm.models import Lead
from crm.queries.leads import lead_for
from outreach.actions.suggestions import approve_suggestion, reject_suggestion, request_draft
from outreach.forms.suggestions import ApproveSuggestionForm, RejectSuggestionForm
from outreach.models import Suggestion
from outreach.queries.inbox import conversation_for
from outreach.queries.suggestions import (
    current_suggestion,
    is_drafting,
    may_draft,
    suggestion_for,
    waiting_message,
    waiting_suggestions,
)

PANEL = "outreach/suggestions/panel.html"
CHANGED = "lead-changed"


@door("conversation:read")
def lead_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft on the lead page, as a fragment; a page of its own without script."""
    lead = lead_for(request.actor, pk)
    response = page(request, PANEL, _panel(request, lead), parts=("lead-suggestions",))
    response["HX-Reswap"] = "outerHTML"
    return response


@door("suggestion:approve")
def list_(request: HttpRequest) -> HttpResponse:
    """Every draft that waits for somebody like the reader: the one approval queue of machine writing."""
    rows = paginate(
        waiting_suggestions(request.actor), request.GET.get("cursor", ""), order=("created_at", "pk"), per_page=20
    )
    context = {"rows": rows, "reasons": Suggestion.REASONS}
    return page(request, "outreach/suggestions/list.html", context, parts=("suggestion-list",))


@door("suggestion:approve", methods=("GET", "HEAD", "POST"))
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rewrite a draft and send it."""
    suggestion = suggestion_for(request.actor, pk)
    if request.method == "POST":
        return approve(request, pk)
    return _edit_page(request, suggestion)


@door("suggestion:approve", methods=("POST",))
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a draft as it was shown, or as it was rewritten."""
    suggestion = suggestion_for(request.actor, pk)
    try:
        values = clean(ApproveSuggestionForm, request.POST)
        approve_suggestion(suggestion, actor=request.actor, **values)
    except Invalid as error:
        return _edit_page(request, suggestion, error, status=422)
    return done(
        request,
        suggestion,
        _("Message to %(contact)s is on its way.") % {"contact": suggestion.contact.name},
        event=CHANGED,
    )


@door("suggestion:approve", methods=("POST",))
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn a draft down, with a reason if there is one."""
    suggestion = suggestion_for(request.actor, pk)
    values = clean(RejectSuggestionForm, request.POST)
    reject_suggestion(suggestion, actor=request.actor, **values)
    return done(request, suggestion, _("Draft rejected. Nothing was sent."), event=CHANGED)


@door("message:send", methods=("POST",))
def request_for_lead(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a draft on the lead page."""
    lead = lead_for(request.actor, pk)
    request_draft(lead, actor=request.actor)
    return done(request, lead, _("Drafting, usually 2 seconds."), event=CHANGED)


@door("message:send", methods=("POST",))
def request_for_conversation(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a draft in the inbox."""
    conversation = conversation_for(request.actor, pk)
    request_draft(conversation, actor=request.actor)
    return done(request, conversation, _("Drafting, usually 2 seconds."), event=CHANGED)


def _panel(request: HttpRequest, lead: Lead) -> dict[str, Any]:
    suggestion = current_suggestion(lead.contact)
    return {
        "lead": lead,
        "contact": lead.contact,
        "suggestion": suggestion,
        "is_drafting": is_drafting(lead.contact),
        "nothing": _nothing(lead),
        "may_draft": may_draft(lead),
        "reasons": Suggestion.REASONS,
        "may_approve": request.actor.can("suggestion:approve", lead),
        "may_send": request.actor.can("message:send", lead),
        "request_url": reverse("outreach:lead-draft", args=[lead.pk]),
        "panel_url": reverse("outreach:lead-suggestions", args=[lead.pk]),
    }


def _nothing(lead: Lead) -> str:
    if not lead.contact.email:
        return _("Add an email address, then write the first message")
    if lead.contact.do_not_ai:
        return _("No machine writes to this contact. Write it yourself")
    if waiting_message(lead.contact_id):
        return _("A reply waits for your answer")
    return _("Say hello first") if lead.stage == "NEW" else _("No draft waits")


def _edit_page(
    request: HttpRequest, suggestion: Suggestion, error: Invalid | None = None, status: int = 200
) -> HttpResponse:
    shown = {"subject": suggestion.subject, "body": suggestion.body, "fingerprint": suggestion.fingerprint}
    form = ApproveSuggestionForm(request.POST if error else None, initial=shown)
    context = {"suggestion": suggestion, "form": form}
    return page(request, "outreach/suggestions/edit.html", context, parts=("sheet-form",), status=status)
