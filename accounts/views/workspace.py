"""The workspace's settings."""

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.workspace import release_workspace, update_workspace
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


@door("settings:manage", ("GET", "HEAD", "POST"))
def release(request: Request) -> HttpResponse:
    """Ask once more before a restored copy sends again."""
    return ask(
        request,
        release_workspace,
        forms.Form,
        title=_("Release this copy"),
        intro=_(
            "Messages that are due go out, jobs run, and connected services are called again. If the install from"
            " which the backup came still runs, both would write to the same customers: stop that one first."
        ),
        submit=_("Release"),
        back=reverse("accounts:home"),
        to=reverse("accounts:home"),
        message=_("This copy sends again."),
    )
