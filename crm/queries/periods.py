"""Which days, deals and leads a report is about, and the days that they are compared with; days are the workspace's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team, User, Workspace
from core import clock
from crm.models import Pipeline

PERIODS: Final = {
    "week": _("This week"), "month": _("This month"), "quarter": _("This quarter"), "year": _("This year"),
    "last-month": _("Last month"), "last-quarter": _("Last quarter"), "last-year": _("Last year"),
}  # fmt: skip
TABS: Final = (("week", _("Week")), ("month", _("Month")), ("quarter", _("Quarter")), ("year", _("Year")))
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both of them included."""

    first: date
    last: date
    zone: str

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def of(self, name: str) -> Q:
        """Keep the rows whose moment `name` (or date, if `name` ends with _on) is within these days."""
        if name.endswith("_on"):
            return Q(**{f"{name}__gte": self.first, f"{name}__lte": self.last})
        start, end = midnight(self.first, self.zone), midnight(self.last + DAY, self.zone)
        return Q(**{f"{name}__gte": start, f"{name}__lt": end})


@dataclass(frozen=True)
class Asked:
    """What a report is asked: its days and those before, and whose business of which kind."""

    span: Span
    before: Span
    period: str
    currency: str
    pipeline: Pipeline | None = None
    owner: User | None = None
    team: Team | None = None
    source: str = ""

    @property
    def both(self) -> tuple[tuple[bool, Span], ...]:
        """Both periods, each with whether it is the present one."""
        return (True, self.span), (False, self.before)

    @property
    def is_current(self) -> bool:
        """Whether its days reach to today, as the filters of a list can ask, too."""
        return self.span.last >= clock.today(self.span.zone)

    def of_deals(self, to: str = "") -> Q:
        """Keep the deals asked for; `to` leads to the deal from another row."""
        found = self._owned(to) & Q(**{f"{to}currency": self.currency})
        if self.pipeline:
            found &= Q(**{f"{to}pipeline": self.pipeline})
        if self.source:
            found &= Q(**{f"{to}contact__source": self.source})
        return found

    def of_leads(self) -> Q:
        """Keep the leads asked for."""
        return self._owned("") & (Q(source=self.source) if self.source else Q())

    def _owned(self, to: str) -> Q:
        found = Q()
        if self.owner:
            found &= Q(**{f"{to}owner": self.owner})
        if self.team:
            members = Membership.objects.filter(team=self.team).values("user")
            found &= Q(**{f"{to}team": self.team}) | Q(**{f"{to}owner__in": members})
        return found


def midnight(day: date, zone: str) -> datetime:
    """Return the first moment of a day in a zone."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def month_of(day: date, later: int = 0) -> date:
    """Return the first day of a day's month, or of a month so many later."""
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def spans_of(period: str, today: date, zone: str) -> tuple[Span, Span]:
    """Return the days of a period up to today, and as many of the one before; of a past one, the whole of both."""
    is_past, name = period.startswith("last-"), period.removeprefix("last-")
    first, before = _begins(name, today, 0), _begins(name, today, 1)
    if is_past:
        return Span(before, first - DAY, zone), Span(_begins(name, today, 2), before - DAY, zone)
    end = min(before + (today - first), first - DAY)
    return Span(first, today, zone), Span(before, end, zone)


def _begins(name: str, today: date, ago: int) -> date:
    if name == "week":
        return today - timedelta(days=today.weekday() + 7 * ago)
    months = {"month": 1, "quarter": 3, "year": 12}[name]
    this = month_of(today)
    return month_of(this, -((this.month - 1) % months) - months * ago)


def asked_of(values: Mapping[str, Any]) -> Asked:
    """Return what clean values of the report's form ask; the present month when they name no days."""
    workspace = Workspace.current()
    zone, first, last = workspace.timezone, values.get("first"), values.get("last")
    today = clock.today(zone)
    period = values.get("period") or ("" if first else "month")
    if first:
        span = Span(first, last or today, zone)
        before = Span(first - DAY * span.days, first - DAY, zone)
    else:
        span, before = spans_of(period, today, zone)
    names = ("pipeline", "owner", "team")
    return Asked(
        span, before, period, values.get("currency") or workspace.currency,
        **{name: values.get(name) for name in names}, source=values.get("source") or "",
    )  # fmt: skip
