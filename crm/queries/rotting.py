"""Reading the calendar and what makes deals stuck; the rule itself is `crm.rotting`."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Workspace
from core import clock
from crm.models import Activity, Deal, Holiday, Stage
from crm.queries.filters import one
from crm.rotting import Calendar


def today() -> date:
    """Return the workspace's day."""
    return clock.today(Workspace.current().timezone)


def is_stuck() -> Q:
    """Return what is asked of deals for those that nobody touched for longer than their stage allows."""
    return Q(status="open", rots_on__lte=today())


def closes_this_month() -> Q:
    """Return what is asked of deals for those that are expected to close by the end of the month."""
    return Q(expected_close_on__lt=(today().replace(day=1) + timedelta(days=32)).replace(day=1))


def calendar() -> Calendar:
    """Return the working week and the holidays."""
    holidays = frozenset(Holiday.objects.values_list("on", flat=True))
    return Calendar(Workspace.current().workdays, holidays)


def holidays_for(actor: Actor) -> QuerySet[Holiday]:
    """Return the holidays, for those who keep the settings."""
    rows = Holiday.objects.order_by("-on")
    return rows if actor.can("settings:manage") else rows.none()


def holiday_for(actor: Actor, pk: int) -> Holiday:
    """Return one holiday; raises NotFound."""
    return one(holidays_for(actor), pk, _("There is no such holiday."))


def days_of(deals: Iterable[Deal]) -> dict[int, date | None]:
    """Return for each deal (with its stage) the first day on which it counts as stuck, None for never."""
    zone, week = ZoneInfo(Workspace.current().timezone), calendar()
    rows = {deal.pk: deal for deal in deals}
    pauses: dict[int, list[tuple[date, date]]] = {}
    planned = Activity.objects.filter(deal__in=rows, completed_at=None, due_at__isnull=False)
    for pk, planned_at, due_at in planned.values_list("deal_id", "created_at", "due_at"):
        span = planned_at.astimezone(zone).date(), due_at.astimezone(zone).date()
        pauses.setdefault(pk, []).append(span)
    known: dict[tuple[date, int], date] = {}
    found: dict[int, date | None] = {}
    for pk, deal in rows.items():
        if deal.status != Deal.Status.OPEN or not deal.stage.rot_days:
            found[pk] = None
            continue
        since, limit = touched_at(deal).astimezone(zone).date(), deal.stage.rot_days + 1
        if deal.snoozed_until is not None:
            pauses.setdefault(pk, []).append((deal.snoozed_on or since, deal.snoozed_until))
        if pk in pauses:
            found[pk] = week.rots_on(since, limit, pauses[pk])
        else:
            if (since, limit) not in known:
                known[since, limit] = week.rots_on(since, limit)
            found[pk] = known[since, limit]
    return found


def touched_at(deal: Deal) -> datetime:
    """Return when something meaningful last happened to a deal."""
    moments = (deal.last_touch_at, deal.stage_since, deal.created_at)
    return max(moment for moment in moments if moment is not None)


def due_for_a_look() -> QuerySet[Deal]:
    """Return the open deals that may be stuck by now but do not say so: the net under every change of the calendar.

    Working days are never more than days, so that a deal touched less than its limit ago cannot be stuck.
    """
    silent = Q(pk__in=())
    for pk, days in Stage.objects.exclude(rot_days=None).values_list("pk", "rot_days"):
        silent |= Q(stage=pk, last_touch_at__lt=clock.now() - timedelta(days=days))
    unsaid = Q(rots_on=None) | Q(rots_on__gt=today())
    return Deal.objects.open().filter(silent | Q(last_touch_at=None, stage__rot_days__gt=0), unsaid)


def stuck_untold() -> QuerySet[Deal]:
    """Return the stuck deals whose owner was not told in this silence."""
    return Deal.objects.filter(is_stuck(), rotting_told_on=None)
