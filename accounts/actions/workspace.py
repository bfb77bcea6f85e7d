"""The workspace's settings."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.events import WorkspaceReleased, WorkspaceRestored, WorkspaceUpdated
from accounts.forms.workspace import UpdateWorkspaceForm
from accounts.models import Workspace
from core import clock
from core.actions import action
from core.errors import Refused
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


@action("workspace.quarantine", permission=None)
def quarantine_workspace(*, actor: Actor, made_at: datetime) -> Workspace:
    """Keep a restored copy from sending and starting anything until it is released. Publishes WorkspaceRestored."""
    workspace, _made = Workspace.objects.get_or_create(pk=1)
    workspace.restored_at = clock.now()
    workspace.save(update_fields=["restored_at"])
    publish(WorkspaceRestored(workspace.pk, made_at), actor=actor)
    return workspace


@action("workspace.release", permission="settings:manage")
def release_workspace(*, actor: Actor) -> None:
    """Let a restored copy send again; what is due goes out at once. Publishes WorkspaceReleased."""
    if not Workspace.objects.filter(pk=1, restored_at__isnull=False).update(restored_at=None):
        raise Refused(_("Nothing waits for a release: this is no restored copy, or somebody released it already."))
    publish(WorkspaceReleased(1), actor=actor)
