"""The workspace's settings."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.workspace import update_workspace
from accounts.forms.workspace import UpdateWorkspaceForm, initial_values
from accounts.models import Workspace
from accounts.views.asking import ask
from core.doors import Request, door


@door("settings:manage", ("GET", "HEAD", "POST"))
def edit(request: Request) -> HttpResponse:
    """The business, its sender, its money, and how far automation goes."""
    workspace = Workspace.current()
    return ask(
        request,
        update_workspace,
        UpdateWorkspaceForm,
        workspace,
        initial=initial_values(workspace),
        title=_("Business"),
        back=reverse("accounts:home"),
        to=reverse("accounts:workspace"),
        message=_("Settings saved."),
    )
