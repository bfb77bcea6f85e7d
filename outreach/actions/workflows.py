"""Turning the dials."""

from accounts.actor import Actor
from core.actions import action
from core.events import publish
from outreach.events import WorkflowChanged
from outreach.forms.workflows import SetWorkflowForm
from outreach.models import Workflow
from outreach.models.workflow import KNOWN


@action("workflow.set", permission="workflow:manage", form=SetWorkflowForm)
def set_workflow(
    *, actor: Actor, name: str, autonomy: str, is_on: bool, per_contact_per_day: int, per_hour: int
) -> Workflow:
    """Turn a workflow on or off and set how much it does alone; `auto` needs an administrator.

    Publishes WorkflowChanged.
    """
    rows = Workflow.objects.select_for_update()
    workflow, _ = rows.get_or_create(key=name, defaults={"name": KNOWN[name]["name"]})
    if autonomy == Workflow.Autonomy.AUTO and workflow.autonomy != Workflow.Autonomy.AUTO:
        actor.require("settings:manage")
    workflow.autonomy, workflow.is_on = autonomy, is_on
    workflow.per_contact_per_day, workflow.per_hour = per_contact_per_day, per_hour
    workflow.save()
    publish(WorkflowChanged(workflow_id=workflow.pk, key=name, autonomy=autonomy, is_on=is_on), actor=actor)
    return workflow
