"""What the app puts on the start pages: each card is a template and its values, or nothing."""

from typing import Any

from accounts.models import Workspace
from core.money import Money
from core.registry import register_card
from crm.queries.figures import deal_figures, due_activities, unassigned_leads, waiting_approvals
from crm.queries.periods import PERIODS, asked_of
from crm.queries.reports import steps_of
from crm.queries.setup import is_dismissed, next_step, setup_steps
from crm.queries.summary import best_reps, best_sources, days_of, summary
from crm.queries.today import MINUTES, next_steps, next_tickets

Card = tuple[str, dict[str, Any]] | None


def numbers(actor: Any, period: str = "") -> Card:
    """How the business stands: a summary, five figures, revenue and forecast, what waits, funnel, reps, sources."""
    asked = asked_of({"period": period if period in PERIODS else "month"})
    found = summary(actor, asked)
    return "crm/home/numbers.html", {
        **found,
        "asked": asked,
        "days": days_of(asked.span),
        "charts": {"forecast": found["forecast"], "funnel": steps_of(found["leads"])[0]},
        "reps": best_reps(found, asked),
        "sources": best_sources(found, asked),
        "needs": needs_you(actor),
        "counted_at": found["as_of"],
    }


def needs_you(actor: Any) -> dict[str, Any] | None:
    """Decisions that wait for this person."""
    if not actor.can("deal:approve"):
        return None
    return {
        "approvals": waiting_approvals(actor),
        "unassigned": unassigned_leads(actor),
        "late": due_activities(actor, mine=True, most=3),
    }


def my_work(actor: Any) -> Card:
    """What is due today, what else is worth doing and why, and how long that takes."""
    if not actor.can("activity:create"):
        return None
    due, steps = due_activities(actor, mine=True), next_steps(actor)
    sells, minutes = actor.can("deal:create"), MINUTES * (len(due) + len(steps))
    return "crm/home/work.html", {"due": due, "steps": steps, "sells": sells, "minutes": minutes}


def my_tickets(actor: Any) -> Card:
    """The tickets that this person solves, in the order of their clocks."""
    steps = next_tickets(actor)
    return ("crm/home/tickets.html", {"steps": steps}) if steps else None


def my_month(actor: Any) -> Card:
    """The person's own figures."""
    if not actor.can("deal:create"):
        return None
    found = deal_figures(actor)
    currency = Workspace.current().currency
    return "crm/home/month.html", {
        "won": Money(found["won_minor"], currency),
        "open": Money(found["open_minor"], currency),
        "found": found,
    }


def setup(actor: Any) -> Card:
    """The steps of the set-up, until they are done or somebody put the list away."""
    if not actor.can("settings:manage") or is_dismissed():
        return None
    steps = setup_steps()
    following = next_step(steps)
    minutes = sum(step.minutes for step in steps if not step.is_over)
    told = {"steps": steps, "following": following, "minutes": minutes}
    return ("crm/home/setup.html", told) if following else None


def register() -> None:
    """Put the cards on Today and on the dashboard."""
    for key, draw in (
        ("dashboard.1-numbers", numbers),
        ("today.0-setup", setup),
        ("today.1-work", my_work),
        ("today.1-tickets", my_tickets),
        ("today.2-month", my_month),
    ):
        register_card(key, draw)
