"""Territories, their versions, and what they would do: a lead tried out, a month replayed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User, Workspace
from core import clock
from core.models import Event
from core.money import Money
from crm import routing
from crm.lead_rules import WORKING
from crm.models import Holiday, Lead, RoutingVersion, Territory
from crm.queries.filters import one
from crm.queries.leads import lead_for
from crm.queries.routing import desk, prospect_of

MOST_REPLAYED = 1_000
MONTH = timedelta(days=30)


def territories_for(actor: Actor) -> QuerySet[Territory]:
    """Return the territories of the draft in their order, for those who manage them."""
    rows = Territory.objects.all() if actor.can("pipeline:manage") else Territory.objects.none()
    return rows.select_related("team").prefetch_related("reps").order_by("priority", "name", "pk")


def territory_for(actor: Actor, pk: int) -> Territory:
    """Return one territory; raises NotFound."""
    return one(territories_for(actor), pk, _("There is no such territory."))


def versions_for(actor: Actor) -> QuerySet[RoutingVersion]:
    """Return what was published, the newest first."""
    rows = RoutingVersion.objects.select_related("published_by").order_by("-pk")
    return rows if actor.can("pipeline:manage") else rows.none()


def version_for(actor: Actor, pk: int) -> RoutingVersion:
    """Return one version; raises NotFound."""
    return one(versions_for(actor), pk, _("There is no such version."))


def draft_rules() -> list[dict[str, Any]]:
    """Return the territories as a version would keep them."""
    rows = Territory.objects.prefetch_related("reps").order_by("priority", "name", "pk")
    return [row.as_rule() for row in rows]


def is_published(rules: list[dict[str, Any]]) -> bool:
    """Whether these rules are those in force."""
    return rules == (RoutingVersion.objects.order_by("-pk").values_list("territories", flat=True).first() or [])


def prospect_for(actor: Actor, asked: dict[str, Any]) -> routing.Prospect:
    """Return what the rules look at in the lead that is asked for, else in what is said of one; raises NotFound."""
    if asked.get("lead"):
        lead = lead_for(actor, asked["lead"])
        return prospect_of(lead, lead.contact)
    texts = ("city", "region", "country", "postal_code", "industry")
    worth = Money.of(asked.get("value") or Decimal(0), Workspace.current().currency).minor
    told = {name: asked.get(name) or "" for name in texts}
    return routing.Prospect(**told, score=asked.get("score") or 0, value_minor=worth)


def try_out(
    prospect: routing.Prospect, *, by_draft: bool
) -> tuple[routing.Assignment, list[tuple[routing.RepLoad, str]]]:
    """Return who would get a lead now and why, then everybody else and why not."""
    workspace = Workspace.current()
    reps, areas = desk(workspace)
    given = routing.assign(
        prospect,
        reps,
        at=clock.now(),
        senior_from_minor=workspace.high_value_threshold_minor,
        areas=routing.areas_of(draft_rules()) if by_draft else areas,
    )
    others = [(rep, given.others[rep.user_id]) for rep in reps if rep.user_id in given.others]
    return given, others


@dataclass(frozen=True)
class Replayed:
    """A lead of last month: who got it, who would by the rules in force, who by the draft and why."""

    lead: Lead
    got: str
    now: str
    then: str
    why: str


@dataclass(frozen=True)
class Replay:
    """Last month under the draft: how many leads, per person (got, in force, draft), and where the two differ."""

    leads: int
    people: list[tuple[str, int, int, int]]
    changes: list[Replayed]


def replay(actor: Actor) -> Replay:
    """Give the routed leads of the last 30 days once more, by the rules in force and by the draft.

    Both start from the loads that the reps had without these leads, and ask hours as they are set today.
    """
    since = clock.now() - MONTH
    recent = actor.visible("lead:read", Lead.objects.filter(created_at__gte=since))
    leads = list(recent.select_related("contact").order_by("-pk")[:MOST_REPLAYED])[::-1]
    got = _who_got(leads)
    leads = [lead for lead in leads if lead.pk in got]
    workspace = Workspace.current()
    holidays = frozenset(Holiday.objects.values_list("on", flat=True))
    reps, areas = desk(workspace, holidays=holidays)
    start = _without(reps, leads)
    large = workspace.high_value_threshold_minor
    now = _give(leads, start, areas, large)
    then = _give(leads, start, routing.areas_of(draft_rules()), large)
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=filter(None, got.values()))}
    names |= {rep.user_id: rep.name for rep in reps}

    def named(pk: int | None) -> str:
        return names.get(pk, _("Nobody")) if pk else _("Nobody")

    sides = [(got[lead.pk], a.user_id, b.user_id) for lead, a, b in zip(leads, now, then, strict=True)]  # fmt: skip
    counts = [Counter(column) for column in zip(*sides, strict=True)] or [Counter()] * 3
    held = sorted({pk for side in sides for pk in side}, key=lambda pk: (pk is None, named(pk)))
    people = [(named(pk), *(count[pk] for count in counts)) for pk in held]
    changes = [
        Replayed(lead, named(got[lead.pk]), named(a.user_id), named(b.user_id), b.reason)
        for lead, a, b in zip(leads, now, then, strict=True)
        if a.user_id != b.user_id
    ]
    return Replay(len(leads), people, changes)  # type: ignore[arg-type]


def _who_got(leads: Sequence[Lead]) -> dict[int, int | None]:
    """Who first got each lead that the rules gave away, or left to nobody."""
    given: dict[int, tuple[int | None, str]] = {lead.pk: (lead.owner_id, lead.assigned_reason) for lead in leads}
    events = Event.objects.filter(name="lead.assigned", subject_type="lead", subject_id__in=list(given))
    for pk, data in events.order_by("-pk").values_list("subject_id", "data"):
        given[pk or 0] = data["owner_id"], data["reason"]
    return {pk: owner for pk, (owner, reason) in given.items() if routing.is_routed(reason)}


def _without(reps: Sequence[routing.RepLoad], leads: Sequence[Lead]) -> list[routing.RepLoad]:
    theirs = Counter(lead.owner_id for lead in leads if lead.status in WORKING)
    return [
        routing.replace(rep, open_leads=max(rep.open_leads - theirs[rep.user_id], 0), last_assigned=0)
        for rep in reps
    ]  # fmt: skip


def _give(
    leads: Sequence[Lead], reps: Sequence[routing.RepLoad], areas: Sequence[routing.Area], large: int
) -> list[routing.Assignment]:
    found = []
    for lead in leads:
        given = routing.assign(
            prospect_of(lead, lead.contact), reps, at=lead.created_at, senior_from_minor=large, areas=areas
        )  # fmt: skip
        reps = routing.after(reps, given)
        found.append(given)
    return found
