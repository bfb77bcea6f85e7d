"""The input of segments."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.models import Segment
from campaigns.segmenting import COMPARISONS, FIELDS, RuleError, one
from core import clock

MAX_RULES = 5


class SegmentForm(forms.Form):
    """A name and up to five rules; the page sends numbered fields, programs send `rules`."""

    name = forms.CharField(max_length=120, label=_("Name"))
    match = forms.ChoiceField(choices=Segment.Match.choices, initial="all", label=_("Contacts match"))
    rules = forms.JSONField(label=_("Rules"), required=False, help_text=_('A list of {"field", "op", "value"}.'))

    def clean(self) -> dict[str, Any]:
        """Gather the numbered fields of the page, and judge every rule."""
        cleaned: dict[str, Any] = super().clean() or {}
        rules = cleaned.get("rules") or self.numbered()
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            self.add_error("rules", gettext('Send a list of {"field", "op", "value"}.'))
            return cleaned
        if not 1 <= len(rules) <= MAX_RULES:
            self.add_error(
                "rules", gettext("Give one to %(most)s rules, so that it is clear who belongs.") % {"most": MAX_RULES}
            )
        for rule in rules:
            try:
                one(rule, clock.now())
            except RuleError as error:
                self.add_error("rules", str(error))
        cleaned["rules"] = [
            {"field": str(rule.get("field")), "op": str(rule.get("op")), "value": str(rule.get("value", "")).strip()}
            for rule in rules
        ]
        return cleaned

    def numbered(self) -> list[dict[str, str]]:
        """Return the rules of the page's rows that were filled in."""
        rows = [
            {part: str(self.data.get(f"{part}-{number}", "")) for part in ("field", "op", "value")}
            for number in range(MAX_RULES)
        ]
        return [row for row in rows if row["field"]]

    def rows(self) -> list[dict[str, str]]:
        """Return the page's rows: what was typed or stored, and empty ones up to five."""
        known = self.numbered() if self.is_bound else list(self.initial.get("rules") or [])
        empty = {"field": "", "op": "", "value": ""}
        return [*known, *[empty] * (MAX_RULES - len(known))]

    @staticmethod
    def fields_offered() -> list[tuple[str, str]]:
        """Return (key, label) of every field a rule may ask."""
        return [(key, field.label) for key, field in FIELDS.items()]

    @staticmethod
    def comparisons_offered() -> list[tuple[str, str]]:
        """Return (key, label) of every comparison, once each."""
        return list({key: label for kind in COMPARISONS.values() for key, label in kind.items()}.items())
