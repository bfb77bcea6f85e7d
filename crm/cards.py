"""What the app puts on the start pages: each card is a template and its values, or nothing."""

from typing import Any

from accounts.models import Workspace
from core.money import Money
from core.registry import register_card
from crm.queries.figures import (
    deal_figures,
    deals_without_step,
    due_activities,
    hot_leads,
    lead_figures,
    leads_this_month,
    waiting_approvals,
)

Card = tuple[str, dict[str, Any]] | None


def figures(actor: Any) -> Card:
    """Five figures of the business."""
    if not actor.can("lead:read") or not actor.can("analytics:read"):
        return None
    currency = Workspace.current().currency
    deals = deal_figures(actor) if actor.can("deal:read") else None
    return "crm/home/figures.html", {
        "leads": lead_figures(actor),
        "new_this_month": leads_this_month(actor),
        "deals": deals,
        "pipeline": Money(deals["open_minor"], currency) if deals else None,
        "won": Money(deals["won_minor"], currency) if deals else None,
    }


def funnel(actor: Any) -> Card:
    """How far the leads came."""
    if not actor.can("lead:read"):
        return None
    found = lead_figures(actor)
    steps = (
        ("new", "New", found["total"]),
        ("contacted", "Contacted", found["contacted"]),
        ("interested", "Interested", found["interested"]),
        ("proposal_sent", "Proposal", found["proposal"]),
        ("paid", "Paid", found["paid"]),
    )
    rows, before = [], 0
    for state, label, count in steps:
        rows.append((state, label, count, round(100 * count / before) if before else None))
        before = count
    return "crm/home/funnel.html", {"steps": rows, "total": found["total"]}


def needs_you(actor: Any) -> Card:
    """Decisions that wait for this person."""
    if not actor.can("deal:approve"):
        return None
    return "crm/home/needs.html", {
        "approvals": waiting_approvals(actor),
        "unassigned": lead_figures(actor)["unassigned"],
        "late": due_activities(actor, mine=True, most=3),
    }


def warmest(actor: Any) -> Card:
    """The leads to write to first."""
    if not actor.can("lead:read") or not actor.can("analytics:read"):
        return None
    return "crm/home/leads.html", {"leads": hot_leads(actor, mine=False), "title": "Warmest leads"}


def my_work(actor: Any) -> Card:
    """What is due today, and the person's own warmest leads."""
    if not actor.can("activity:create"):
        return None
    leads = hot_leads(actor, mine=True) if actor.can("lead:qualify") else None
    return "crm/home/work.html", {"due": due_activities(actor, mine=True), "leads": leads}


def my_month(actor: Any) -> Card:
    """The person's own figures, and the deals for which nothing is planned."""
    if not actor.can("deal:create"):
        return None
    found = deal_figures(actor)
    currency = Workspace.current().currency
    return "crm/home/month.html", {
        "won": Money(found["won_minor"], currency),
        "open": Money(found["open_minor"], currency),
        "found": found,
        "deals": deals_without_step(actor),
    }


def register() -> None:
    """Put the cards on Today and on the dashboard."""
    for key, draw in (
        ("dashboard.1-figures", figures),
        ("dashboard.2-funnel", funnel),
        ("dashboard.3-needs", needs_you),
        ("dashboard.4-leads", warmest),
        ("today.1-work", my_work),
        ("today.2-month", my_month),
    ):
        register_card(key, draw)
