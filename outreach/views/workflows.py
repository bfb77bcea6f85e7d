"""The dials of the workflows and the switch that stops them all."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.workspace import update_workspace
from accounts.models import Workspace
from core.actions import clean
from core.doors import door
from core.errors import Invalid
from core.pages import done, page
from outreach.actions.workflows import set_workflow
from outreach.forms.workflows import PauseAutomationForm, SetWorkflowForm
from outreach.queries.workflows import workflow_activity, workflows

TEMPLATE = "outreach/workflows/list.html"


@door("workflow:read")
def list_(request: HttpRequest) -> HttpResponse:
    """Every workflow with its dial, its limits and what it did today."""
    return _page(request)


@door("workflow:manage", methods=("POST",))
def set_(request: HttpRequest) -> HttpResponse:
    """Turn one dial."""
    try:
        workflow = set_workflow(actor=request.actor, **clean(SetWorkflowForm, request.POST))
    except Invalid as error:
        return _page(request, error, status=422)
    text = _("%(workflow)s: saved.") % {"workflow": _(workflow.name)}
    return done(request, reverse("outreach:workflow-list"), text, f"{workflow.key}-turned")


@door("settings:manage", methods=("POST",))
def pause(request: HttpRequest) -> HttpResponse:
    """Stop or start everything that sends or decides by itself."""
    paused = clean(PauseAutomationForm, request.POST)["is_paused"]
    update_workspace(Workspace.current(), actor=request.actor, automation_paused=paused)
    text = _("Automation is paused. Nothing leaves by itself.") if paused else _("Automation runs again.")
    return done(request, reverse("outreach:workflow-list"), text)


def _page(request: HttpRequest, error: Invalid | None = None, status: int = 200) -> HttpResponse:
    failed = request.POST.get("name") if error else ""
    rows: list[dict[str, Any]] = []
    for workflow in workflows():
        initial = {
            "name": workflow.key,
            "is_on": workflow.is_on,
            "autonomy": workflow.autonomy,
            "per_contact_per_day": workflow.per_contact_per_day,
            "per_hour": workflow.per_hour,
        }
        bound = request.POST if failed == workflow.key else None
        form = SetWorkflowForm(bound, initial=initial, auto_id=f"{workflow.key}_%s")
        rows.append({"workflow": workflow, "form": form, "today": workflow_activity(workflow.key)})
    context = {
        "rows": rows,
        "is_paused": Workspace.current().automation_paused,
        "may_manage": request.actor.can("workflow:manage"),
        "may_pause": request.actor.can("settings:manage"),
    }
    return page(request, TEMPLATE, context, status=status)
