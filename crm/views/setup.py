"""The set-up: six steps, each of which can be skipped and taken up again; and the page of help."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.people import invite_user
from accounts.actions.workspace import update_workspace
from accounts.forms.people import InviteUserForm
from accounts.forms.workspace import initial_values
from accounts.models import User, Workspace
from core.doors import door, signed_in
from core.errors import Invalid, Refused
from core.pages import done, form_errors, page
from crm.actions.setup import clear_sample, end_step, load_sample
from crm.forms.setup import BusinessForm
from crm.queries.pipelines import default_pipeline
from crm.queries.setup import CHECKLIST, is_dismissed, next_step, sample_run, setup_steps, worked_on
from crm.sheets import BOTH

FORMS: dict[str, Any] = {"business": BusinessForm, "team": InviteUserForm}


@door("settings:manage")
def list_(request: HttpRequest) -> HttpResponse:
    """The steps, the minutes left, and the sample data."""
    steps = setup_steps()
    run = sample_run()
    context = {
        "steps": steps,
        "following": next_step(steps),
        "minutes": sum(step.minutes for step in steps if not step.is_over),
        "run": run,
        "worked_on": worked_on(run) if run else [],
        "is_dismissed": is_dismissed(),
    }
    return page(request, "crm/setup/list.html", context)


@door("settings:manage", BOTH)
def step(request: HttpRequest, key: str) -> HttpResponse:
    """One step; its form is carried out by the action that the settings use, too."""
    steps, form, status = setup_steps(), None, 200
    this = next((one for one in steps if one.key == key), None)
    if this is None:
        raise Http404
    if key in FORMS:
        held = initial_values(Workspace.current()) if key == "business" else {}
        form = FORMS[key](request.POST if request.method == "POST" else None, initial=held)
    if request.method == "POST" and form is not None:
        try:
            if form.is_valid():
                return _carry_out(request, key, form.cleaned_data)
            status = 422
        except (Invalid, Refused) as error:
            status = error.status
            form_errors(form, error if isinstance(error, Invalid) else Invalid(error.message))
    context = {
        "step": this,
        "number": steps.index(this) + 1,
        "steps": steps,
        "form": form,
        "run": sample_run(),
        "people": User.objects.filter(is_active=True).order_by("name")[:20] if key == "team" else (),
        "sends": bool(settings.EMAIL_URL),
        "reads": bool(settings.IMAP_URL or settings.INBOUND_SECRET),
        "pipeline": default_pipeline() if key == "pipeline" else None,
    }  # fmt: skip
    return page(request, "crm/setup/step.html", context, status=status)


@door("settings:manage", ("POST",))
def end(request: HttpRequest, key: str) -> HttpResponse:
    """A step is done or skipped: the next one, or the end."""
    if key not in {CHECKLIST, *(one.key for one in setup_steps())}:
        raise Http404
    end_step(actor=request.actor, step=key, skipped="skipped" in request.POST)
    following = next_step(setup_steps(), key) if key != CHECKLIST else None
    return done(request, _address(following.key if following else ""))


@door("settings:manage", ("POST",))
def sample(request: HttpRequest) -> HttpResponse:
    """Load the sample data, or clear it."""
    if "clear" not in request.POST:
        load_sample(actor=request.actor)
        return done(request, _address(""), _("Sample data is on its way."))
    operation = clear_sample(actor=request.actor)
    if operation.conflict_count:
        return done(request, operation, _("Cleared. What you changed is kept, and listed here."))
    return done(request, _address(""), _("Sample data is cleared."))


@signed_in()
def help_(request: HttpRequest) -> HttpResponse:
    """What each page is for, and the keys."""
    return page(request, "crm/setup/help.html")


def _carry_out(request: HttpRequest, key: str, values: dict[str, Any]) -> HttpResponse:
    if key == "team":
        person = invite_user(actor=request.actor, **values)
        return done(request, _address("team"), _("%(person)s is invited.") % {"person": person})
    update_workspace(Workspace.current(), actor=request.actor, **values)
    end_step(actor=request.actor, step=key)
    following = next_step(setup_steps(), key)
    return done(request, _address(following.key if following else ""), _("Saved."))


def _address(key: str) -> str:
    return reverse("crm:setup-step", args=[key]) if key else reverse("crm:setup")
