"""Rules to a condition: pure, and closed; a rule names a known field and a known comparison, or is refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from core.numbers import is_number


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a rule may ask of a contact: its words, its lookup, and what kind of value it takes."""

    label: str
    lookup: str
    kind: str


FIELDS: dict[str, Field] = {
    "city": Field("City", "city", "text"),
    "country": Field("Country", "country", "text"),
    "industry": Field("Industry", "industry", "text"),
    "company": Field("Business", "company_name", "text"),
    "source": Field("Source", "source", "text"),
    "stage": Field("Stage", "stage", "text"),
    "tag": Field("Tag", "tags__name", "text"),
    "score": Field("Score", "score", "number"),
    "quiet_days": Field("Days without contact", "last_activity_at", "days"),
    "known_days": Field("Days since added", "created_at", "days"),
}
COMPARISONS: dict[str, dict[str, str]] = {
    "text": {"is": "is", "is_not": "is not", "starts": "starts with", "has": "contains"},
    "number": {"over": "over", "under": "under", "is": "is"},
    "days": {"over": "over", "under": "under"},
}
_TEXT = {"is": "iexact", "is_not": "iexact", "starts": "istartswith", "has": "icontains"}
_NUMBER = {"over": "gt", "under": "lt", "is": "exact"}


class RuleError(ValueError):
    """A rule that cannot be asked; the message says what would be right."""


def condition(rules: list[dict[str, Any]], match: str, at: datetime) -> Q:
    """Return the condition of rules [{"field", "op", "value"}] at the moment `at`; raises RuleError.

    No rules match nobody: a segment is never everybody by accident.
    """
    if not rules:
        return Q(pk__in=())
    parts = [one(rule, at) for rule in rules]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole | part if match == "any" else whole & part
    return whole


def one(rule: dict[str, Any], at: datetime) -> Q:
    """Return the condition of one rule."""
    field = FIELDS.get(str(rule.get("field")))
    if field is None:
        raise RuleError(f"Unknown field {rule.get('field')!r}. Known ones: {', '.join(FIELDS)}.")
    op, value = str(rule.get("op")), str(rule.get("value", "")).strip()
    if op not in COMPARISONS[field.kind]:
        known = ", ".join(COMPARISONS[field.kind])
        raise RuleError(f"{field.label} cannot be compared by {op!r}. Use one of: {known}.")
    if not value:
        raise RuleError(f"Say what {field.label} is compared with.")
    if field.kind == "text":
        part = Q(**{f"{field.lookup}__{_TEXT[op]}": value})
        return ~part if op == "is_not" else part
    if not is_number(value) or len(value) > 6:
        raise RuleError(f"{field.label} is compared with a whole number, like 30.")
    if field.kind == "number":
        return Q(**{f"{field.lookup}__{_NUMBER[op]}": int(value)})
    moment = at - timedelta(days=int(value))
    return Q(**{f"{field.lookup}__{'lt' if op == 'over' else 'gt'}": moment})


def sentence(rules: list[dict[str, Any]], match: str) -> str:
    """Return the rules in words: "City is Jaipur, and Score over 60"."""
    joint = ", or " if match == "any" else ", and "
    return joint.join(
        f"{FIELDS[rule['field']].label} {COMPARISONS[FIELDS[rule['field']].kind][rule['op']]} {rule['value']}"
        for rule in rules
        if rule.get("field") in FIELDS
    )
