"""The pages of activities: tasks, what is planned, and the log of a call."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.listing import cell_page, export_page, list_page
from core.actions import run
from core.doors import door
from core.errors import NotFound
from core.numbers import is_number
from core.pages import done, page
from core.tokens import opaque
from crm.forms.calls import LogCallForm, due_after
from crm.lists import TASKS
from crm.models import Contact, Lead
from crm.queries.activities import activity_for
from crm.queries.calendar import day_asked
from crm.queries.consent import may_contact
from crm.queries.contacts import contact_for, contacts_for
from crm.queries.deals import deal_for
from crm.queries.leads import lead_for
from crm.sheets import BOTH, ask, key_of, sheet

TITLES = {"note": _("New note"), "task": _("New task"), "meeting": _("New meeting")}
FINDERS = {"lead": lead_for, "deal": deal_for, "contact": contact_for}
list_ = list_page(TASKS)
export = export_page(TASKS)
cell = cell_page(TASKS)


@door("activity:create", BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """A task, a meeting or a note about a contact, a lead or a deal."""
    about = _about(request.GET, request.actor) or _about(request.POST, request.actor)
    if about is None:
        return choose(gettext("New task: about whom?"), request)
    back = about.get_absolute_url()
    asked = request.GET.get("type", "")
    kind = asked if asked in ("note", "meeting") else "task"
    day = day_asked(request.GET["on"], date.min).isoformat() if request.GET.get("on") else ""
    verdict = may_contact(about if isinstance(about, Contact) else about.contact, "email")
    is_meeting = kind == "meeting"
    intro = gettext("About %(about)s.") % {"about": about.name}
    when = {"due_at": f"{day}T10:00"} if is_meeting and day else {"due_on": day}
    return ask(
        request,
        "activity.create",
        title=TITLES[kind],
        submit=gettext("Save"),
        intro=f"{intro} {verdict.reason}" if is_meeting else intro,
        to=back,
        message=gettext("Saved."),
        event=_changed(about) or ("activity-changed" if day else ""),
        initial=when | {"type": kind, about._meta.model_name: about.pk, "invites": is_meeting and verdict.allowed},
        hide=("outcome", "is_inbound", "next", *(() if is_meeting else ("invites",))),
        back=back,
    )


@door("activity:create", BOTH)
def log(request: HttpRequest) -> HttpResponse:
    """How a call went, and what comes next."""
    about = _about(request.GET, request.actor) or _about(request.POST, request.actor)
    if about is None:
        return choose(gettext("Log a call: with whom?"), request)
    subjects = dict.fromkeys(FINDERS) | {about._meta.model_name: about.pk}
    form = LogCallForm({**request.POST.dict(), **subjects} if request.POST else None)
    if form.is_valid():
        run("activity.log_call", actor=request.actor, data=form.data, key=key_of(request))
        due = due_after(form.cleaned_data["next"], request.actor.user.timezone)
        message = gettext("Call logged.")
        if due:
            day = date_format(due, "D j M, H:i")
            message = gettext("Call logged. Next one %(day)s.") % {"day": day}
        return done(request, about, message, _changed(about))
    context = {
        "form": form,
        "about": about,
        "person": about if isinstance(about, Contact) else about.contact,
        "back": about.get_absolute_url(),
        "key": request.POST.get("key") or opaque(),
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
    submit=_("Save"),
    message=_("Saved."),
    goes="crm:activity-list",
    back="crm:activity-list",
    remove=lambda row: (
        (reverse("crm:activity-cancel", args=[row.pk]), gettext("Call it off"))
        if row.is_meeting and row.completed_at is None
        else None
    ),
)


@door("activity:update", ("POST",))
def complete(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a task."""
    activity = activity_for(request.actor, pk)
    key = key_of(request)
    run("activity.complete", activity, actor=request.actor, data=request.POST, key=key)
    return done(request, reverse("crm:activity-list"), gettext("Done."), "activity-changed")
