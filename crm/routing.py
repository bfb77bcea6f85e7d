"""Assignment, pure: who gets a lead, and why in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.hours import DAYS, Hours
from crm.matching import normalise
from crm.scoring import HOT

OFFICE = Hours({day: [["09:00", "18:00"]] for day in DAYS[:5]}, "Asia/Kolkata")
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
    team_ids: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()
    is_senior: bool = False
    open_leads: int = 0
    limit: int = LIMIT
    last_assigned: int = 0
    hours: Hours = OFFICE


@dataclass(frozen=True)
class Prospect:
    """What the rules look at in a lead."""

    region: str = ""
    city: str = ""
    country: str = ""
    score: int = 0
    value_minor: int = 0
    postal_code: str = ""
    industry: str = ""


@dataclass(frozen=True)
class Area:
    """A published territory: every list that is filled must hold the lead's value, folded."""

    id: int
    name: str
    countries: frozenset[str]
    regions: frozenset[str]
    cities: frozenset[str]
    postal_prefixes: tuple[str, ...]
    industries: frozenset[str]
    team_id: int | None = None
    rep_ids: tuple[int, ...] = ()
    max_open_leads: int | None = None

    def fits(self, lead: Prospect) -> bool:
        """Whether a lead belongs here."""
        return (
            (not self.countries or normalise(lead.country) in self.countries)
            and (not self.regions or normalise(lead.region) in self.regions)
            and (not self.cities or normalise(lead.city) in self.cities)
            and (not self.industries or normalise(lead.industry) in self.industries)
            and (not self.postal_prefixes or postal(lead.postal_code).startswith(self.postal_prefixes))
        )  # fmt: skip

    def people(self, reps: Sequence[RepLoad]) -> list[RepLoad]:
        """Return those who look after it, each with its limit."""
        anybody = not self.rep_ids and self.team_id is None
        limit = self.max_open_leads or LIMIT
        return [
            replace(rep, limit=limit)
            for rep in reps
            if anybody or rep.user_id in self.rep_ids or self.team_id in rep.team_ids
        ]


def areas_of(rules: Sequence[Mapping[str, Any]]) -> tuple[Area, ...]:
    """Return the territories of a version in the order in which they are asked."""

    def folded(names: Sequence[str]) -> frozenset[str]:
        return frozenset(map(normalise, names))

    return tuple(
        Area(
            id=rule["id"],
            name=rule["name"],
            countries=folded(rule["countries"]),
            regions=folded(rule["regions"]),
            cities=folded(rule["cities"]),
            postal_prefixes=tuple(map(postal, rule["postal_prefixes"])),
            industries=folded(rule["industries"]),
            team_id=rule["team_id"],
            rep_ids=tuple(rule["rep_ids"]),
            max_open_leads=rule["max_open_leads"],
        )
        for rule in sorted(rules, key=lambda one: (one["priority"], one["name"].casefold()))
    )


def postal(code: str) -> str:
    """Return a postal code without its spaces and dashes."""
    return normalise(code).replace(" ", "")


@dataclass(frozen=True)
class Assignment:
    """Who gets the lead, the reason to store, and for everybody else why not."""

    user_id: int | None
    team_id: int | None
    reason: str
    others: dict[int, str] = field(default_factory=dict, compare=False)
    name: str = ""


NOBODY = "Nobody can take leads yet: no active sales rep."
FULL = "Every rep is at their limit of open leads."


def is_routed(reason: str) -> bool:
    """Whether a stored reason is one of these rules', and not of a person who chose or of a file."""
    return reason in (NOBODY, FULL) or (": " in reason and not reason.startswith(("Chosen", "Given")))


def assign(
    lead: Prospect, reps: Sequence[RepLoad], *, at: datetime, senior_from_minor: int = 0, areas: Sequence[Area] = ()
) -> Assignment:
    """Choose a rep: territory, then tier, room, working hours, fewest open leads, and whose turn it is.

    Territories are asked in their order, then the regions of teams. A rule that nobody passes is skipped, except
    room: where everybody near is full anybody takes it, and with every rep full the lead waits for a person.
    """
    if not reps:
        return Assignment(None, None, NOBODY)
    full = [f"full ({rep.open_leads:,} open leads)" for rep in reps]
    if len(left := _near(lead, reps, areas, senior_from_minor, choice := _Choice(lead, reps))) == 0:
        return Assignment(None, None, FULL, dict(zip((rep.user_id for rep in reps), full, strict=True)))
    left = choice.prefer(left, [rep for rep in left if rep.hours.is_open(at)], "at work now")
    fewest = min(rep.open_leads for rep in left)
    lightest = [rep for rep in left if rep.open_leads == fewest]
    chosen = min(lightest, key=lambda rep: (rep.last_assigned, rep.user_id))
    why = choice.why
    if len(left) > 1:
        uneven = len(lightest) < len(left)
        why.append(f"fewest open leads ({fewest})" if uneven else f"{fewest} open leads each")
    if len(lightest) > 1:
        why.append("next in turn")
    if len(reps) == 1:
        why = [*(word for word in why if word.startswith("territory ")), "the only rep"]
    for rep in left:
        more = f"more open leads ({rep.open_leads:,})"
        choice.others[rep.user_id] = "had a lead later" if rep in lightest else more
    del choice.others[chosen.user_id]
    reason = f"{chosen.name}: {', '.join(why) or 'the only one left'}."
    team = choice.team_id if choice.team_id in chosen.team_ids else chosen.team_id
    return Assignment(chosen.user_id, team, reason, choice.others, chosen.name)


def after(reps: Sequence[RepLoad], given: Assignment) -> list[RepLoad]:
    """The reps once one of them got that lead: more loaded, and last in turn."""
    turn = max((rep.last_assigned for rep in reps), default=0) + 1
    return [
        replace(rep, open_leads=rep.open_leads + 1, last_assigned=turn) if rep.user_id == given.user_id else rep
        for rep in reps
    ]


class _Choice:
    """Who is left, by which rules, and why the others are not."""

    def __init__(self, lead: Prospect, reps: Sequence[RepLoad]) -> None:
        self.why: list[str] = []
        self.others: dict[int, str] = {}
        self.team_id: int | None = None
        self.factor = HOT_LEAD_LIMIT if lead.score >= HOT else 1

    def start(self, reps: Sequence[RepLoad], near: Sequence[RepLoad], label: str) -> None:
        """Begin with those who are near."""
        ids = {rep.user_id for rep in near}
        self.why = [label] if label else []
        without = f"not of {label}" if label.startswith("territory ") else "looks after other places"
        self.others = {rep.user_id: without for rep in reps if rep.user_id not in ids}

    def prefer(self, reps: list[RepLoad], fit: list[RepLoad], word: str) -> list[RepLoad]:
        """Keep those who fit, if anybody does."""
        if not fit or len(fit) == len(reps):
            return reps
        self.why.append(word)
        ids = {rep.user_id for rep in fit}
        self.others |= {rep.user_id: f"not: {word}" for rep in reps if rep.user_id not in ids}
        return fit

    def with_room(self, reps: Sequence[RepLoad]) -> list[RepLoad]:
        """Keep those who may take one more."""
        roomy = [rep for rep in reps if rep.open_leads < rep.limit * self.factor]
        ids = {rep.user_id for rep in roomy}
        self.others |= {
            rep.user_id: f"full ({rep.open_leads:,} open leads)" for rep in reps if rep.user_id not in ids
        }  # fmt: skip
        return roomy


def _near(
    lead: Prospect, reps: Sequence[RepLoad], areas: Sequence[Area], senior_from_minor: int, choice: _Choice
) -> list[RepLoad]:  # fmt: skip
    """The nearest who have room: of the first territory that fits, of a region, else anybody."""
    large = bool(senior_from_minor) and lead.value_minor >= senior_from_minor
    for label, team_id, near in _circles(lead, reps, areas):
        choice.start(reps, near, label)
        choice.team_id = team_id
        seniors = [rep for rep in near if rep.is_senior] if large else []
        left = choice.with_room(choice.prefer(near, seniors, "takes large deals") if large else near)
        if large and seniors and len(seniors) == len(near):
            choice.why.append("takes large deals")
        if left:
            return left
    choice.start(reps, reps, "everybody nearer is full")
    return choice.with_room(reps)


def _circles(
    lead: Prospect, reps: Sequence[RepLoad], areas: Sequence[Area]
) -> Iterator[tuple[str, int | None, list[RepLoad]]]:
    for area in areas:
        if area.fits(lead) and (near := area.people(reps)):
            yield f"territory {area.name}", area.team_id, near
    places = {normalise(place): place for place in (lead.region, lead.city, lead.country) if place.strip()}
    for folded, place in places.items():
        local = [rep for rep in reps if folded in {normalise(region) for region in rep.regions}]
        if local:
            yield f"looks after {place}", None, local
            return
    yield "", None, [rep for rep in reps if not rep.regions] or list(reps)
