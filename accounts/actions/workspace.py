"""The workspace's settings."""

from typing import Any

from accounts.actor import Actor
from accounts.events import WorkspaceUpdated
from accounts.forms.workspace import UpdateWorkspaceForm
from accounts.models import Workspace
from core.actions import action
from core.events import publish


@action("workspace.update", permission="settings:manage", form=UpdateWorkspaceForm)
def update_workspace(workspace: Workspace, *, actor: Actor, **values: Any) -> Workspace:
    """Change the workspace's settings; the audit shows before and after."""
    changes = {
        name: [str(getattr(workspace, name)), str(value)]
        for name, value in values.items()
        if getattr(workspace, name) != value
    }
    for name in changes:
        setattr(workspace, name, values[name])
    if changes:
        workspace.save()
        publish(WorkspaceUpdated(workspace.pk, changes), actor=actor)
    return workspace
