"""The pages of activities: tasks, what is planned, and the log of a call."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.listing import cell_page, export_page, list_page
from core.actions import run
from core.doors import door
from core.errors import NotFound
from core.numbers import is_number
from core.pages import done, page
from crm.forms.calls import LogCallForm, due_after
from crm.lists import TASKS
from crm.models import Contact, Lead
from crm.queries.activities import activity_for
from crm.queries.contacts import contact_for, contacts_for
from crm.queries.deals import deal_for
from crm.queries.leads import lead_for
from crm.sheets import BOTH, ask, sheet

FINDERS = {"lead": lead_for, "deal": deal_for, "contact": contact_for}
list_ = list_page(TASKS)
export = export_page(TASKS)
cell = cell_page(TASKS)


@door("activity:create", BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """A task, a meeting or a note about a contact, a lead or a deal."""
    about = _about(request.GET, request.actor) or _about(request.POST, request.actor)
    if about is None:
        return choose("New task: about whom?", request)
    back = about.get_absolute_url()
    kind = "note" if request.GET.get("type") == "note" else "task"
    return ask(
        request,
        "activity.create",
        title=f"New {kind}",
        submit="Save",
        intro=f"About {about.name}.",
        to=back,
        message="Saved.",
        event=_changed(about),
        initial={"type": kind, about._meta.model_name: about.pk},
        hide=("outcome", "is_inbound"),
        back=back,
    )


@door("activity:create", BOTH)
def log(request: HttpRequest) -> HttpResponse:
    """How a call went, and what comes next."""
    about = _about(request.GET, request.actor) or _about(request.POST, request.actor)
    if about is None:
        return choose("Log a call: with whom?", request)
    subjects = dict.fromkeys(FINDERS) | {about._meta.model_name: about.pk}
    form = LogCallForm({**request.POST.dict(), **subjects} if request.POST else None)
    if form.is_valid():
        run("activity.log_call", actor=request.actor, data=form.data)
        due = due_after(form.cleaned_data["next"], request.actor.user.timezone)
        message = "Call logged." + (f" Next one {due:%a %-d %b, %H:%M}." if due else "")
        return done(request, about, message, _changed(about))
    context = {
        "form": form,
        "about": about,
        "person": about if isinstance(about, Contact) else about.contact,
        "back": about.get_absolute_url(),
    }
    status = 422 if form.is_bound else 200
    return page(request, "crm/activities/log.html", context, parts=("sheet-form",), status=status)


def _changed(about: Any) -> str:
    """The event that the page of a lead listens to."""
    return "lead-changed" if isinstance(about, Lead) else ""


def _about(asked: Any, actor: Any) -> Any:
    """The record that the address or the form names, when the person may see it."""
    for name, find in FINDERS.items():
        value = asked.get(name, "")
        if value:
            if not is_number(value):
                raise NotFound
            return find(actor, int(value))
    return None


def choose(title: str, request: HttpRequest) -> HttpResponse:
    """Ask for the contact first: a search whose results lead on."""
    typed = request.GET.get("q", "").strip()
    found = contacts_for(request.actor, {"q": typed} if typed else {}).order_by("-pk")[:8]
    context = {"title": title, "found": found, "typed": typed, "back": reverse("crm:activity-list")}
    return page(request, "crm/activities/choose.html", context, parts=("sheet-form", "choices"))


edit = sheet(
    "activity.update",
    activity_for,
    title="{.subject}",
    submit="Save",
    message="Saved.",
    goes="crm:activity-list",
    back="crm:activity-list",
)


@door("activity:update", ("POST",))
def complete(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a task."""
    activity = activity_for(request.actor, pk)
    run("activity.complete", activity, actor=request.actor, data=request.POST)
    return done(request, reverse("crm:activity-list"), "Done.", "activity-changed")
