"""What happens to goals and to the reports that go out by mail."""

from datetime import date

from core.events import event


@event("goal.set")
class GoalSet:
    """What is wanted of a figure in a month changed; 0 takes the goal away."""

    goal_id: int
    figure: str
    month: date
    amount: int
    team_id: int | None


@event("report.scheduled")
class ReportScheduled:
    """A report goes out by mail from now on, differently, or not any more."""

    report_id: int
    report: str
    is_active: bool


@event("report.due")
class ReportDue:
    """A report is to be worked out with the rights of one reader, and mailed to them."""

    report_id: int
    user_id: int
    on: date


@event("report.left")
class ReportLeft:
    """Somebody gets a report no more: they switched it off, or lost the right to read it."""

    report_id: int
    user_id: int
