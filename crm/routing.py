"""Assignment, pure: who gets a lead, and why in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from crm.matching import normalise
from crm.scoring import HOT

OPENS, CLOSES = 9, 18  # local working hours, Monday to Friday unless said otherwise
LIMIT = 1_000  # open leads of one rep
HOT_LEAD_LIMIT = 1.5  # a rep may carry half as many again for a hot lead
MOST_OPEN = int(LIMIT * HOT_LEAD_LIMIT)  # beyond it nobody counts


@dataclass(frozen=True)
class RepLoad:
    """One rep as the rules see them.

    Without a region they take leads from anywhere; `last_assigned` is the id of the lead they got last.
    """

    user_id: int
    name: str
    team_id: int | None = None
    regions: tuple[str, ...] = ()
    is_senior: bool = False
    open_leads: int = 0
    limit: int = LIMIT
    last_assigned: int = 0
    timezone: str = "Asia/Kolkata"
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: int = OPENS
    closes: int = CLOSES


@dataclass(frozen=True)
class Prospect:
    """What the rules look at in a lead."""

    region: str = ""
    city: str = ""
    country: str = ""
    score: int = 0
    value_minor: int = 0


@dataclass(frozen=True)
class Assignment:
    """Who gets the lead, and the reason to store."""

    user_id: int | None
    team_id: int | None
    reason: str


def assign(
    lead: Prospect, reps: Sequence[RepLoad], *, at: datetime, senior_from_minor: int = 0
) -> Assignment:
    """Choose a rep: region, then tier, then room, then working hours, then fewest open leads, then whose turn it is.

    A rule that nobody passes is skipped, except room: with every rep full the lead waits for a person.
    """
    if not reps:
        return Assignment(None, None, "Nobody can take leads yet: no active sales rep.")
    why: list[str] = []
    left = _by_region(lead, list(reps), why)
    left = _by_tier(lead, left, senior_from_minor, why)
    roomy = [
        rep
        for rep in left
        if rep.open_leads < rep.limit * (HOT_LEAD_LIMIT if lead.score >= HOT else 1)
    ]
    if not roomy and len(left) < len(reps):
        roomy = [rep for rep in reps if rep.open_leads < rep.limit]
        why = ["everybody nearer is full"]
    if not roomy:
        return Assignment(None, None, "Every rep is at their limit of open leads.")
    left = _at_work(roomy, at, why)
    fewest = min(rep.open_leads for rep in left)
    lightest = [rep for rep in left if rep.open_leads == fewest]
    chosen = min(lightest, key=lambda rep: (rep.last_assigned, rep.user_id))
    if len(left) > 1:
        why.append(
            f"fewest open leads ({fewest})"
            if len(lightest) < len(left)
            else f"{fewest} open leads each"
        )
    if len(lightest) > 1:
        why.append("next in turn")
    if len(reps) == 1:
        why = ["the only rep"]
    return Assignment(
        chosen.user_id, chosen.team_id, f"{chosen.name}: {', '.join(why) or 'the only one left'}."
    )


def after(reps: Sequence[RepLoad], given: Assignment) -> list[RepLoad]:
    """The reps once one of them got that lead: more loaded, and last in turn."""
    turn = max((rep.last_assigned for rep in reps), default=0) + 1
    return [
        replace(rep, open_leads=rep.open_leads + 1, last_assigned=turn)
        if rep.user_id == given.user_id
        else rep
        for rep in reps
    ]


def _by_region(lead: Prospect, reps: list[RepLoad], why: list[str]) -> list[RepLoad]:
    places = {
        normalise(place): place for place in (lead.region, lead.city, lead.country) if place.strip()
    }
    for folded, place in places.items():
        local = [rep for rep in reps if folded in {normalise(region) for region in rep.regions}]
        if local:
            why.append(f"looks after {place}")
            return local
    anywhere = [rep for rep in reps if not rep.regions]
    return anywhere or reps


def _by_tier(
    lead: Prospect, reps: list[RepLoad], senior_from_minor: int, why: list[str]
) -> list[RepLoad]:
    if not senior_from_minor or lead.value_minor < senior_from_minor:
        return reps
    seniors = [rep for rep in reps if rep.is_senior]
    if seniors:
        why.append("takes large deals")
    return seniors or reps


def _at_work(reps: list[RepLoad], at: datetime, why: list[str]) -> list[RepLoad]:
    present = []
    for rep in reps:
        local = at.astimezone(ZoneInfo(rep.timezone))
        if local.weekday() in rep.weekdays and rep.opens <= local.hour < rep.closes:
            present.append(rep)
    if present and len(present) < len(reps):
        why.append("at work now")
    return present or reps
