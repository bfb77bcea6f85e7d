"""What is to be reached: the goals of a team, or of the whole house, by month."""

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import Workspace
from crm.models import Goal
from crm.queries.periods import Asked, month_of


def goals_for(actor: Actor) -> QuerySet[Goal]:
    """Return the goals that the actor may set, the latest month first."""
    found = actor.visible("goal:manage", Goal.objects.select_related("team"))
    return found.order_by("-month", "team__name", "figure")


def goals_by_month(asked: Asked, figure: str, months: Iterable[date]) -> dict[date, int]:
    """Return what is wanted of a figure in each month; nothing where a goal says nothing of what is asked."""
    return {month: amount for name, month, amount in _goals(asked, months) if name == figure}


def goals_of(asked: Asked) -> dict[str, int]:
    """Return what is wanted of each figure in the asked days: months of sums are added, else the last one counts."""
    count, found = asked.span.days // 28 + 1, dict[str, int]()
    months = [one for later in range(count) if (one := month_of(asked.span.first, later)) <= asked.span.last]
    if asked.period in ("month", "quarter", "year", "last-month", "last-quarter", "last-year"):
        for figure, _, amount in _goals(asked, months):
            is_sum = figure in (Goal.Figure.WON, Goal.Figure.LEADS)
            found[figure] = amount + (found.get(figure, 0) if is_sum else 0)
    return found


def _goals(asked: Asked, months: Iterable[date]) -> list[tuple[str, date, int]]:
    if asked.owner or asked.pipeline or asked.source or asked.currency != Workspace.current().currency:
        return []
    rows = Goal.objects.filter(team=asked.team, month__in=list(months)).order_by("month")
    return list(rows.values_list("figure", "month", "amount"))
