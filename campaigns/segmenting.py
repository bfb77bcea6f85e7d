"""Rules to a condition: pure, and closed; a rule names a known field and a known comparison, or is refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.numbers import is_number


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a rule may ask of a contact: its words, its lookup, and what kind of value it takes."""

    label: str
    lookup: str
    kind: str


FIELDS: dict[str, Field] = {
    "city": Field(_("City"), "city", "text"),
    "country": Field(_("Country"), "country", "text"),
    "industry": Field(_("Industry"), "industry", "text"),
    "company": Field(_("Business"), "company_name", "text"),
    "source": Field(_("Source"), "source", "text"),
    "stage": Field(_("Stage"), "stage", "text"),
    "tag": Field(_("Tag"), "tags__name", "text"),
    "score": Field(_("Score"), "score", "number"),
    "quiet_days": Field(_("Days without contact"), "last_activity_at", "days"),
    "known_days": Field(_("Days since added"), "created_at", "days"),
}
COMPARISONS: dict[str, dict[str, str]] = {
    "text": {"is": _("is"), "is_not": _("is not"), "starts": _("starts with"), "has": _("contains")},
    "number": {"over": _("over"), "under": _("under"), "is": _("is")},
    "days": {"over": _("over"), "under": _("under")},
}
_TEXT = {"is": "iexact", "is_not": "iexact", "starts": "istartswith", "has": "icontains"}
_NUMBER = {"over": "gt", "under": "lt", "is": "exact"}


class RuleError(ValueError):
    """A rule that cannot be asked; the message says what would be right."""


def conditions(rules: list[dict[str, Any]], match: str, at: datetime) -> list[Q]:
    """Return the conditions of rules [{"field", "op", "value"}] at the moment `at`; raises RuleError.

    - Each is a filter of its own, one after the other: two tags are two rows, and no row is both.
    - No rules match nobody: a segment is never everybody by accident.
    """
    parts = [one(rule, at) for rule in rules]
    if not parts:
        return [Q(pk__in=())]
    return [reduce(or_, parts)] if match == "any" else parts


def one(rule: dict[str, Any], at: datetime) -> Q:
    """Return the condition of one rule."""
    field = FIELDS.get(str(rule.get("field")))
    if field is None:
        raise RuleError(
            gettext("Unknown field %(field)s. Known ones: %(known)s.")
            % {"field": repr(rule.get("field")), "known": ", ".join(FIELDS)}
        )
    op, value = str(rule.get("op")), str(rule.get("value", "")).strip()
    if op not in COMPARISONS[field.kind]:
        known = ", ".join(COMPARISONS[field.kind])
        raise RuleError(
            gettext("%(field)s cannot be compared by %(op)s. Use one of: %(known)s.")
            % {"field": field.label, "op": repr(op), "known": known}
        )
    if not value:
        raise RuleError(gettext("Say what %(field)s is compared with.") % {"field": field.label})
    if field.kind == "text":
        part = Q(**{f"{field.lookup}__{_TEXT[op]}": value})
        return ~part if op == "is_not" else part
    if not is_number(value) or len(value) > 5:
        raise RuleError(gettext("%(field)s is compared with a whole number, like 30.") % {"field": field.label})
    if field.kind == "number":
        return Q(**{f"{field.lookup}__{_NUMBER[op]}": int(value)})
    moment = at - timedelta(days=int(value))
    return Q(**{f"{field.lookup}__{'lt' if op == 'over' else 'gt'}": moment})


def sentence(rules: list[dict[str, Any]], match: str) -> str:
    """Return the rules in words: "City is Jaipur, and Score over 60"."""
    joint = gettext(", or ") if match == "any" else gettext(", and ")
    return joint.join(
        f"{FIELDS[rule['field']].label} {COMPARISONS[FIELDS[rule['field']].kind][rule['op']]} {rule['value']}"
        for rule in rules
        if rule.get("field") in FIELDS
    )
