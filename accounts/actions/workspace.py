"""The workspace's settings, and each person's saved views."""

from typing import Any

from accounts.actor import Actor
from accounts.events import WorkspaceUpdated
from accounts.forms.notifications import SaveViewForm
from accounts.forms.workspace import UpdateWorkspaceForm
from accounts.models import SavedView, Workspace
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


@action("view.save", permission="profile:update", form=SaveViewForm)
def save_view(*, actor: Actor, page: str, name: str, **values: Any) -> SavedView:
    """Keep a list's filters under a name; the same name again replaces them."""
    if actor.user is None:
        raise Refused("A view belongs to a person.")
    view, _ = SavedView.objects.update_or_create(
        user=actor.user, page=page, name=name, defaults=values
    )
    return view


@action("view.delete", permission="profile:update")
def delete_view(view: SavedView, *, actor: Actor) -> None:
    """Forget a saved view of one's own."""
    view.delete()
