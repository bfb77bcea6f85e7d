"""Reading deals, and what stands against a verb on one."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, prefetch_related_objects
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Workspace
from core import clock
from core.hours import moment
from core.models import Event
from core.registry import refusals
from crm.deal_rules import blockers
from crm.models import Activity, Deal, DealLine, Process, Stage
from crm.queries.approvals import approval_missing, needs_approval
from crm.queries.filters import narrow, one_about_contact
from crm.queries.processes import processes_for
from crm.queries.rotting import today, touched_at
from crm.queries.timeline import timeline

REOPEN_DAYS = 30
ENTRIES = 30


def deals_for(
    actor: Actor, filters: Mapping[str, Any] | None = None, *, permission: str = "deal:read"
) -> QuerySet[Deal]:
    """Return the deals that the actor may see, newest first; `q` searches them."""
    deals = Deal.objects.select_related("contact", "owner", "stage", "pipeline", "lead")
    found = narrow(actor.visible(permission, deals), filters)
    return found.order_by("-created_at", "-id")


def deal_for(actor: Actor, pk: int, permission: str = "deal:read") -> Deal:
    """Return one deal that the actor may see; raises NotFound."""
    rows = deals_for(actor, permission=permission).select_related("price_list", "import_run__created_by")
    missing = _("There is no such deal. It may have been deleted.")
    row: Deal = one_about_contact(rows, pk, missing)
    return row


def deal_facts(actor: Actor, deal: Deal) -> dict[str, Any]:
    """Return what the page of a deal shows beside its columns, and what decides which of its verbs are possible."""
    prefetch_related_objects([deal], Prefetch("lines", DealLine.objects.order_by("order", "pk")))
    lines, tasks = list(deal.lines.all()), _activities(actor, deal)
    step = min((one for one in tasks if one.is_seen and one.is_planned), key=lambda one: one.due_at, default=None)
    processes = processes_for(actor, deal, tasks)
    guard = next((one["process"] for one in processes if one["process"].guards), None)
    deal.has_lines, deal.next_due_at = bool(lines), step.due_at if step else None
    days, is_open = days_by_stage(deal), deal.status == Deal.Status.OPEN
    stages = deal.pipeline.stages.order_by("order", "pk")
    approvals = []
    if needs_approval(deal):
        rows = deal.approvals.select_related("requested_by", "decided_by", "deal")
        approvals = list(rows.order_by("-pk")[:10])
    shown = [(stage, days.get(stage.pk), blockers(deal, stage, guard) if is_open else []) for stage in stages]
    return {
        "lines": lines,
        "step": step,
        "processes": processes,
        "stages": shown,
        "locked": next((one for one in shown if one[2] and one[0].order > deal.stage.order), None),
        "approvals": approvals,
        "pending": next((one for one in approvals if one.state == "pending"), None),
        "missing": approval_missing(deal, approvals) if is_open else "",
        "stays": reopen_blockers(deal) if not is_open else [],
        "stuck": is_open and deal.rots_on is not None and deal.rots_on <= today(),
        "quiet": (clock.now() - touched_at(deal)).days,
        "entries": timeline(actor, deal, limit=ENTRIES, activities=[one for one in tasks if one.is_seen]),
    }


def _activities(actor: Actor, deal: Deal) -> list[Any]:
    """What is planned on a deal, what its playbooks gave out and the newest of the rest, in one statement.

    `is_seen` says which of them the actor may read.
    """
    rows = Activity.objects.filter(deal=deal)
    seen = actor.visible("activity:read", rows)
    newest = seen.order_by("-created_at", "-pk").values("pk")[:ENTRIES]
    planned = Q(completed_at=None, due_at__isnull=False)
    rows = rows.filter(planned | Q(source_key__isnull=False) | Q(pk__in=newest)).select_related("actor")
    return list(rows.annotate(is_seen=Exists(seen.filter(pk=OuterRef("pk"))), is_planned=planned).order_by("pk"))


def days_by_stage(deal: Deal) -> dict[int, int]:
    """Return how many days a deal has spent in each stage, up to now or to the day it was closed."""
    days: dict[int, float] = {}
    since, here = deal.created_at, deal.stage_id
    moves = Event.objects.filter(subject_type="deal", subject_id=deal.pk, name="deal.moved")
    rows = list(moves.order_by("pk").values_list("at", "data"))
    if rows:
        here = rows[0][1].get("previous_stage_id") or 0
    for at, data in rows:
        days[here] = days.get(here, 0) + (at - since).total_seconds()
        since, here = at, data["stage_id"]
    until = clock.now()
    if deal.status != Deal.Status.OPEN and deal.closed_on is not None:
        end = moment(deal.closed_on, "24:00", Workspace.current().timezone)
        until = deal.won_at or deal.lost_at or min(until, end)
    days[here] = days.get(here, 0) + max(0, (until - since).total_seconds())
    return {stage: int(seconds // 86_400) for stage, seconds in days.items()}


def reopen_blockers(deal: Deal) -> list[str]:
    """Return why a deal cannot be reopened: its status, its age, or what other apps object to."""
    if deal.status != "won" or deal.won_at is None:
        return [_("Only a won deal can be reopened. Make a new deal instead.")]
    if clock.now() - deal.won_at > timedelta(days=REOPEN_DAYS):
        return [_("A deal can be reopened for %(days)s days. Make a new deal instead.") % {"days": REOPEN_DAYS}]
    return refusals("deal.reopen", deal)


def with_facts(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """Return the deals with what the rules of a stage look at: whether they have lines, and what is planned next."""
    planned = Activity.objects.filter(deal=OuterRef("pk"), completed_at=None, due_at__isnull=False)
    return deals.annotate(
        has_lines=Exists(DealLine.objects.filter(deal=OuterRef("pk"))),
        next_due_at=Subquery(planned.order_by("due_at").values("due_at")[:1]),
        next_due_on=Subquery(planned.order_by("due_at").values("due_on")[:1]),
    )


def running_processes(pks: Iterable[int]) -> dict[int, Process]:
    """Return for each of these open deals the playbook's process that guards its stages, if it follows one."""
    rows = Process.objects.filter(deal__in=pks, state="running", playbook__starts_on="lead.converted")
    return {row.deal_id: row for row in rows}


def allowed_stages(deal: Deal) -> list[Stage]:
    """Return the stages into which an open deal may go now, in their order."""
    if deal.status != Deal.Status.OPEN:
        return []
    if "next_due_at" not in deal.__dict__:
        known = with_facts(Deal.objects.filter(pk=deal.pk)).values("has_lines", "next_due_at").get()
        deal.has_lines, deal.next_due_at = known["has_lines"], known["next_due_at"]
    guard = next((process for process in deal.processes.all() if process.guards), None)
    stages = sorted(deal.pipeline.stages.all(), key=lambda stage: (stage.order, stage.pk))
    others = [stage for stage in stages if stage.pk != deal.stage_id]
    return [stage for stage in others if not blockers(deal, stage, guard)]


def entry_blockers(deal: Deal, stage: Stage) -> list[str]:
    """Return what stands against moving a deal into a stage, in words."""
    known = with_facts(Deal.objects.filter(pk=deal.pk)).get()
    return blockers(known, stage, running_processes([deal.pk]).get(deal.pk))
