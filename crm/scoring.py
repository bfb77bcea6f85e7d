"""The lead score: additive points, every one of them shown, 0 to 100 together.

Without a model the points are hand-set. With one, each fact adds its *weight of evidence* (the log-odds of
winning among past leads with that value, from counts) times a weight that a logistic regression has fitted.
Counts make learning an addition and un-learning the same subtraction; only `train` moves the weights.

Scale: 50 is the warm line and 80 means four times its odds. The warm line is even odds of winning, or twice
the average odds where sales are rare. With even odds as the line, 80 is a lead that four times in five is won.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from core.templatetags import ui
from crm.matching import FREE_MAIL

HOT, WARM = ui.HOT, ui.WARM
POINTS_PER_LOGIT = (HOT - WARM) / math.log(4)
SMOOTHING = 30  # a value seen this often counts half as much as its own record says
SILENCE_FREE_DAYS = 30
UNKNOWN = ""
NOTHING = frozenset({"", "select", "n/a", "na", "null", "none", "-", "unknown"})
OUTCOME = "outcome"  # kept beside the facts of a lead once it is won or lost; never a factor itself
LEARNED = "outcome:facts"  # with it: what was learned from, since the record goes on changing
BLANKS = "blank_answers"  # how many of the questions asked were left open, a factor of its own
DOOR_BLANKS = "door_and_blank_answers"

Facts = Mapping[str, Any]
Model = dict[str, Any]

START_POINTS = 20
# Points where nobody has learned better. A value of None stands for "anything given".
RULES: dict[str, dict[str | None, int]] = {
    "source": {
        "referral": 20, "reference": 20, "web": 15, "whatsapp": 15, "campaign": 10, "ad": 10, "api": 5,
        "email": 10,
    },
    "email_kind": {"business": 10, "free": 5},
    "phone": {None: 10},
    "business_name": {None: 10},
    "industry": {None: 3},
    "city": {None: 2},
    "decides": {"yes": 10},
    "asks_to_buy": {"yes": 10},
    "estimated_value": {None: 5},
    "intent": {"interested": 20, "asking_price": 25, "question": 5, "not_interested": -20},
    "do_not_email": {"yes": -15},
    "do_not_call": {"yes": -5},
}  # fmt: skip
# Steps for numbers: at least this much gives that many points; the highest step reached counts.
STEPS: dict[str, tuple[tuple[float, int], ...]] = {
    "visits": ((1, 2), (3, 5), (6, 8)),
    "time_on_site": ((60, 4), (300, 8), (900, 15)),
}
LABELS: dict[str, str] = {
    "email_kind": _("Email address"), "decides": _("Decides on buying"), "asks_to_buy": _("Asks about buying"),
    "time_on_site": _("Seconds on the website"), "page_views": _("Pages per visit"), BLANKS: _("Blank answers"),
}  # fmt: skip
DECIDERS = (
    "owner", "founder", "director", "chief", "ceo", "cto", "cfo", "president", "partner", "head of",
)  # fmt: skip
BUYING_WORDS = (
    "price", "pricing", "quote", "cost", "budget", "demo", "buy", "purchase", "proposal", "urgent",
)  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """One named part of a score."""

    factor: str
    label: str
    points: int

    def as_dict(self) -> dict[str, str | int]:
        """The shape kept on the lead."""
        return {"factor": self.factor, "label": self.label, "points": self.points}


@dataclass(frozen=True)
class Score:
    """A score from 0 to 100, the reasons that add up to it, and the exact value before rounding."""

    points: int
    exact: float
    reasons: list[dict[str, str | int]]
    model: str


def facts_of(
    facts: Facts | None = None, *, email: str = "", note: str = "", job_title: str = "", **known: Any
) -> dict[str, Any]:
    """The facts a score looks at: what the door recorded, plus what the record itself tells.

    A key that is absent was never asked and says nothing; a key with an empty value was left blank.
    """
    found = {key: value for key, value in (facts or {}).items() if key not in (OUTCOME, LEARNED)}
    for key, value in known.items():
        if not is_blank(value):
            found.setdefault(key, value)
    if email:
        domain = email.rpartition("@")[2].casefold()
        found.setdefault("email_kind", "free" if domain in FREE_MAIL else "business")
    if any(title in job_title.casefold() for title in DECIDERS):
        found.setdefault("decides", "yes")
    if any(word in note.casefold() for word in BUYING_WORDS):
        found.setdefault("asks_to_buy", "yes")
    return found


class Scorer:
    """Scores many leads with one model; the evidence of each value is worked out once."""

    def __init__(self, model: Model | None = None) -> None:
        self.model = model
        self.evidence: dict[tuple[str, str], float] = {}
        self.start = float(START_POINTS)
        if model is not None:
            self.start = WARM + POINTS_PER_LOGIT * (prior(model) + model["shift"] - _warm_line(model))
            for key, factor in model["factors"].items():
                for token, counts in factor["values"].items():
                    self.evidence[key, token] = factor["weight"] * evidence(counts, model) * POINTS_PER_LOGIT

    def score(self, facts: Facts, *, silent_days: int = 0, floor: int = 0) -> Score:
        """The score of one lead, with its reasons."""
        parts: list[tuple[str, str, float]] = [("start", "Starting score", self.start)]
        shown = tokens_of(facts, self.model["factors"]) if self.model else {}
        for key, token in shown.items():
            parts.append((key, _label(key, facts, token), self.evidence.get((key, token), 0.0)))
        parts += [part for part in _hand_set(facts) if (part[0], shown.get(part[0])) not in self.evidence]
        parts += _silence(silent_days)
        exact = sum(points for *_, points in parts)
        reasons = [reason for reason in _whole_points(parts) if reason.points or reason.factor == "start"]
        total = sum(reason.points for reason in reasons)
        if total > 100:
            reasons.append(Reason("limit", "A score ends at 100", 100 - total))
        elif total < floor:
            text = "Lifted by shown interest" if floor else "A score starts at 0"
            reasons.append(Reason("limit", text, floor - total))
        points = sum(reason.points for reason in reasons)
        return Score(points, exact, [r.as_dict() for r in reasons], "learned" if self.model else "rules")


def is_blank(value: Any) -> bool:
    """True for nothing, and for the words that forms leave behind when nobody answered."""
    return value is None or str(value).strip().casefold() in NOTHING


def as_number(value: Any) -> float | None:
    """A finite number, or None."""
    try:
        number = float(str(value).replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _hand_set(facts: Facts) -> list[tuple[str, str, float]]:
    parts: list[tuple[str, str, float]] = []
    for key in (*RULES, *STEPS):
        value = facts.get(key)
        if is_blank(value):
            continue
        if key in STEPS:
            number = as_number(value) or 0.0
            points = max((gain for least, gain in STEPS[key] if number >= least), default=0)
        else:
            points = RULES[key].get(token_of(value), RULES[key].get(None, 0))
        if points:
            anything = key in RULES and None in RULES[key]
            label = f"{_name(key)} given" if anything else f"{_name(key)}: {_plain(value)}"
            parts.append((key, label, float(points)))
    return parts


def _silence(days: int) -> list[tuple[str, str, float]]:
    weeks = max(0, math.ceil((days - SILENCE_FREE_DAYS) / 7))
    return [("silence", f"Silent for {days} days", -float(min(5 * weeks, 40)))] if weeks else []


def _whole_points(parts: Sequence[tuple[str, str, float]]) -> list[Reason]:
    """Round each part so that the whole numbers add up to the rounded sum (largest remainder)."""
    total = math.floor(sum(points for *_, points in parts) + 0.5)
    floors = [math.floor(points) for *_, points in parts]
    by_remainder = sorted(range(len(parts)), key=lambda at: (floors[at] - parts[at][2], at))
    for at in by_remainder[: total - sum(floors)]:
        floors[at] += 1
    return [Reason(key, label, points) for (key, label, _), points in zip(parts, floors, strict=True)]


def tokens_of(facts: Facts, factors: Mapping[str, Any]) -> dict[str, str]:
    """Which value of each factor these facts show; a factor that was never asked is left out."""
    found: dict[str, str] = {}
    questions = blanks = 0
    for key, factor in factors.items():
        if key in (BLANKS, DOOR_BLANKS):
            continue
        questions += 1
        if key not in facts:
            continue
        value = facts[key]
        number = as_number(value) if factor["cuts"] else None
        if is_blank(value) or (factor["cuts"] and number is None):
            found[key] = UNKNOWN
            blanks += 1
        else:
            found[key] = str(bisect_left(factor["cuts"], number)) if factor["cuts"] else token_of(value)
    # Only a lead that was asked much the same questions can be compared by what it left blank.
    if len(found) * 4 >= questions * 3:
        if BLANKS in factors:
            found[BLANKS] = str(blanks)
        if DOOR_BLANKS in factors:
            found[DOOR_BLANKS] = f"{found.get('origin', found.get('source', UNKNOWN))}, {blanks} blank"
    return found


def token_of(value: Any) -> str:
    """The form in which two spellings of one value are counted together."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split()).casefold()[:80]


def evidence(counts: Sequence[int], model: Model) -> float:
    """Log-odds of winning with this value, above the average; few cases are drawn towards none."""
    lost, won = counts
    rate = max(model["won"], 1) / (max(model["won"], 1) + max(model["lost"], 1))
    return math.log((won + SMOOTHING * rate) / (lost + SMOOTHING * (1 - rate))) - prior(model)


def prior(model: Model) -> float:
    """Log-odds of winning at all."""
    return math.log(max(model["won"], 1) / max(model["lost"], 1))


def _warm_line(model: Model) -> float:
    return min(0.0, prior(model) + math.log(2))


def _label(key: str, facts: Facts, token: str) -> str:
    if key == DOOR_BLANKS:
        return f"Came by {token}"
    if key == BLANKS:
        return f"Blank answers: {token}"
    if token == UNKNOWN:
        return f"{_name(key)}: not known"
    return f"{_name(key)}: {_plain(facts[key])}"


def _plain(value: Any) -> str:
    number = as_number(value)
    return f"{number:g}" if number is not None else str(value)


def _name(key: str) -> str:
    return LABELS.get(key, key.replace("_", " ").capitalize())


def add_up(reasons: Iterable[Mapping[str, Any]]) -> int:
    """The sum of the points of some reasons."""
    return sum(int(reason["points"]) for reason in reasons)
