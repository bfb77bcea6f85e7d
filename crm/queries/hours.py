"""When the business and each of its people work."""

from datetime import date

from accounts.models import User, Workspace
from core.hours import DAY, Hours, Week
from crm.models import Holiday


def workspace_hours() -> Hours:
    """Return the workspace's hours in its zone, without its holidays."""
    workspace = Workspace.current()
    holidays = frozenset(Holiday.objects.values_list("on", flat=True))
    return Hours(workspace.working_hours, workspace.timezone, holidays)


def hours_of(user: User) -> Hours:
    """Return a person's own hours, else the workspace's, on their clock, without holidays and their days off."""
    return own_hours(workspace_hours(), user.timezone, user.working_hours, user.days_off)


def own_hours(house: Hours, zone: str, week: Week | None, days_off: list[list[str]]) -> Hours:
    """Return what the columns of a person make of the workspace's hours."""
    off = set(house.holidays)
    for first, last in days_off:
        start = date.fromisoformat(first)
        off |= {start + DAY * n for n in range((date.fromisoformat(last) - start).days + 1)}
    return Hours(week or house.week, zone, off)
