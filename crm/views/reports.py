"""Reports: one chart and one table each, as files and by mail; and the goals beside them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import Workspace
from core.doors import door, signed_in
from core.errors import Invalid, NotFound
from core.exports import FORMS, exported
from core.pages import done, page
from crm.actions.reports import leave_report
from crm.forms.reports import ReportForm
from crm.models import ReportSchedule
from crm.queries.goals import goals_for
from crm.queries.periods import TABS, asked_of
from crm.queries.reports import REPORTS, Report
from crm.queries.schedules import schedule_for, schedules_for, subscription_of, subscriptions_of
from crm.queries.summary import days_of
from crm.sheets import ask, press, sheet


@door("analytics:read")
def list_(request: HttpRequest) -> HttpResponse:
    """Every report, by the question that it answers."""
    return page(request, "crm/reports/list.html", {"reports": REPORTS.values()})


@door("analytics:read")
def detail(request: HttpRequest, name: str) -> HttpResponse:
    """One report as it is asked: a chart, a table, filters."""
    report, form = _report(name), ReportForm(request.GET)
    is_right = form.is_valid()
    asked = asked_of(form.cleaned_data if is_right else {})
    made = report.of(request.actor, asked)
    narrows = ("owner", "team", "source", "pipeline", "currency", "first")
    context = {
        "report": report, "reports": REPORTS.values(), "sheet": made, "form": form, "tabs": TABS,
        "days": days_of(asked.span), "before": days_of(asked.before), "is_narrowed": any(map(request.GET.get, narrows)),
    }  # fmt: skip
    return page(request, "crm/reports/detail.html", context, status=200 if is_right else 422)


@door("analytics:read")
def export(request: HttpRequest, name: str) -> HttpResponse:
    """A report's figures as a file."""
    report, form, kind = _report(name), ReportForm(request.GET), request.GET.get("format", "csv")
    if not form.is_valid() or kind not in FORMS:
        raise Invalid({"format": [_("Choose one of %(forms)s.") % {"forms": ", ".join(FORMS)}]})
    asked = asked_of(form.cleaned_data)
    title = f"{report.label}, {asked.span.first} – {asked.span.last}"
    heads, rows = report.of(request.actor, asked).table()
    return exported(kind, f"{name}-{asked.span.last}", heads, rows, title)  # type: ignore[return-value]


@door("analytics:read")
def schedules(request: HttpRequest) -> HttpResponse:
    """The reports that go out by mail: those that one has scheduled, and those that one gets."""
    context = {
        "schedules": [_told(one) for one in schedules_for(request.actor)],
        "mine": [(one, _told(one.schedule)) for one in subscriptions_of(request.actor)],
    }
    return page(request, "crm/reports/schedules.html", context)


@door("report:schedule", ("GET", "HEAD", "POST"))
def schedule_new(request: HttpRequest) -> HttpResponse:
    """Send a report by mail, as it was just asked."""
    query = request.GET.copy()
    report = query.pop("report", [""])[-1]
    start = {"report": report, "query": query.urlencode(), "recipients": [request.user.pk]}
    title, submit = _("Send a report by mail"), _("Send it from now on")
    message, to = _("Scheduled. Each reader gets it with their own rights."), reverse("crm:schedule-list")
    return ask(
        request, "report.schedule", to=to, title=title, submit=submit, message=message, initial=start, hide=("query",)
    )


schedule_edit = sheet(
    "report.reschedule", schedule_for, title=lazy("Report by mail"), submit=lazy("Save"), message=lazy("Saved."),
    goes="crm:schedule-list", back="crm:schedule-list",
)  # fmt: skip
schedule_switch = press("report.switch", schedule_for, lazy("Done."))


@signed_in(("POST",))
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Get a report by mail no more."""
    leave_report(subscription_of(request.actor, pk), actor=request.actor)
    return done(request, reverse("crm:schedule-list"), _("You get this report by mail no more."))


@door("goal:manage")
def goals(request: HttpRequest) -> HttpResponse:
    """What is to be reached, by month and team."""
    context = {"goals": goals_for(request.actor)[:200], "currency": Workspace.current().currency}
    return page(request, "crm/reports/goals.html", context)


@door("goal:manage", ("GET", "HEAD", "POST"))
def goal_new(request: HttpRequest) -> HttpResponse:
    """Set a goal; a second one for the same takes its place, an empty one takes it away."""
    start = {name: request.GET.get(name, "") for name in ("team", "month", "figure")}
    words = {"title": _("Set a goal"), "submit": _("Save"), "message": _("Goal saved.")}
    return ask(request, "goal.set", to=reverse("crm:goal-list"), initial=start, **words)


def _report(name: str) -> Report:
    if report := REPORTS.get(name):
        return report
    raise NotFound(_("There is no such report."))


def _told(schedule: ReportSchedule) -> dict[str, Any]:
    return {"row": schedule, "report": REPORTS[schedule.report], "format": FORMS.get(schedule.format, "")}
