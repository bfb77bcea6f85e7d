"""REST for the figures: each report's rows with their period, the reports by mail, and the goals."""

from typing import Any

from ninja import Router

from accounts.models import Workspace
from core.actions import clean
from core.api import check_query, rest
from core.doors import Request
from core.money import Money
from core.openapi import OBJECT, PERSON, TEXT, shows
from core.verbs import browse, by, offer
from crm.api.shapes import person
from crm.forms.reports import ReportForm
from crm.models import Goal, ReportRecipient, ReportSchedule
from crm.queries.goals import goals_for
from crm.queries.periods import Span, asked_of
from crm.queries.reports import REPORTS, Report
from crm.queries.schedules import schedule_for, schedules_for, subscription_of, subscriptions_of

router = Router(tags=["Analytics"])
FILTERS = dict.fromkeys(ReportForm.base_fields, TEXT)  # type: ignore[attr-defined]
ANSWER = {
    "type": "object",
    "properties": {
        "report": TEXT,
        "period": OBJECT,
        "before": OBJECT,
        "currency": TEXT,
        "finding": TEXT,
        "results": {"type": "array", "items": OBJECT},
    },
    "required": ["report", "period", "before", "currency", "finding", "results"],
}


def _offer(report: Report) -> None:
    def figures(request: Request) -> dict[str, Any]:
        check_query(request, FILTERS)
        asked = asked_of(clean(ReportForm, request.GET))
        made = report.of(request.actor, asked)
        return {
            "report": report.key,
            "period": _days(asked.span),
            "before": _days(asked.before),
            "currency": asked.currency,
            "finding": made.chart.needs or made.chart.finding,
            "results": made.json(),
        }

    figures.__doc__ = f"Return the figures of the report “{report.label}”."
    rest(router, "GET", f"/analytics/{report.key}", permission="analytics:read", query=FILTERS, answers={200: ANSWER})(
        figures
    )


def _days(span: Span) -> dict[str, str]:
    return {"first": span.first.isoformat(), "last": span.last.isoformat()}


for _report in REPORTS.values():
    _offer(_report)


@shows(Goal, "id team_id month figure created_at updated_at version", amount=TEXT)
def goal(row: Goal) -> dict[str, Any]:
    """Return a goal; its amount as a decimal number, money in the workspace's currency."""
    amount = Money(row.amount, Workspace.current().currency).decimal if row.is_money else row.amount
    return {"amount": str(amount)}


@shows(
    ReportSchedule,
    "id report query format weekday hour is_active sent_on created_at updated_at version",
    maker=PERSON, recipients={"type": "array", "items": PERSON},
)  # fmt: skip
def schedule(row: ReportSchedule) -> dict[str, Any]:
    """Return a report that goes out by mail."""
    return {"maker": person(row.maker), "recipients": [person(one.user) for one in row.recipients.all()]}


@shows(ReportRecipient, "id schedule_id", report=TEXT)
def subscription(row: ReportRecipient) -> dict[str, Any]:
    """Return a report that one gets by mail."""
    return {"report": row.schedule.report}


browse(
    router, "/goals", "goal:manage", goal, goals_for, orderings=by("-month"),
    filters={"month": "month", "figure": "figure", "team": "team_id"},
)  # fmt: skip
browse(router, "/report-schedules", "report:schedule", schedule, schedules_for, find=schedule_for)
browse(router, "/report-subscriptions", "profile:update", subscription, subscriptions_of, orderings=by("pk"))
for _route, _action, _shape, _find in (
    ("POST /goals", "goal.set", goal, None),
    ("POST /report-schedules", "report.schedule", schedule, None),
    ("PUT /report-schedules/{int:pk}", "report.reschedule", schedule, schedule_for),
    ("POST /report-schedules/{int:pk}/switch", "report.switch", schedule, schedule_for),
    ("DELETE /report-subscriptions/{int:pk}", "report.unsubscribe", subscription, subscription_of),
):
    offer(router, _route, _action, _shape, _find)
