"""Working hours and days off, as people write them and as programs send them."""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.hours import DAYS, clean_week

LINE = re.compile(r"(?P<days>[^\d\s]+(?:\s*[-–]\s*[^\d\s]+)?)\s+(?P<spans>\d.*)")
DASH = re.compile(r"\s*[-–]\s*")
MOST_OFF = 100
REMIND = [(0, _("Not at all"))] + [
    (minutes, format_lazy(_("{minutes} minutes before"), minutes=minutes)) for minutes in (5, 10, 15, 30, 60)
]


class LinesField(forms.JSONField):
    """A value that people write as lines, and programs send as JSON."""

    widget = forms.Textarea

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show again what was typed."""
        return initial if self.disabled else data

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it is not what it was."""
        return bool(self.prepare_value(initial) != data)


class HoursField(LinesField):
    """A week: a line for each day or run of days ("Mon-Fri 09:00-13:00, 14:00-18:00"), or the object of core.hours."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _(
            "A line for each day or run of days, like Mon-Fri 09:00-13:00, 14:00-18:00. Days without a line are free."
        ))  # fmt: skip
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        """Return the week, None for nothing written."""
        if value in self.empty_values:
            return None
        try:
            return clean_week(_read(value) if isinstance(value, str) else value)
        except ValueError as error:
            raise ValidationError(
                gettext("Write hours like Mon-Fri 09:00-18:00, one line for each day. Wrong: %(day)s.") % {"day": error}
            ) from error

    def prepare_value(self, value: Any) -> Any:
        """Return a week as lines, a run of equal days in one."""
        if not isinstance(value, dict):
            return value
        lines: list[list[str]] = []
        for number, day in enumerate(DAYS):
            name = str(WEEKDAYS_ABBR[number])
            spans = ", ".join("-".join(span) for span in value.get(day, ()))
            if number and lines and lines[-1][1] == spans:
                lines[-1][0] = f"{lines[-1][0].partition('-')[0]}-{name}"
            else:
                lines.append([name, spans])
        return "\n".join(f"{days} {spans}" for days, spans in lines if spans)


class DaysOffField(LinesField):
    """Days off, one or a run in a line ("2026-12-24", "2026-12-24 to 2026-12-31"); kept as [first, last] pairs."""

    def to_python(self, value: Any) -> Any:
        """Return the pairs in order."""
        lines = value.splitlines() if isinstance(value, str) else value or []
        try:
            pairs = [_pair(line) for line in lines if line]
        except (TypeError, ValueError, AttributeError) as error:
            raise ValidationError(gettext("Write days like 2026-12-24, or 2026-12-24 to 2026-12-31.")) from error
        if len(pairs) > MOST_OFF:
            raise ValidationError(gettext("These are too many days. Remove those that are past."))
        return sorted(pairs)

    def prepare_value(self, value: Any) -> Any:
        """Return the pairs as lines."""
        if not isinstance(value, list):
            return value
        return "\n".join(one if one == two else f"{one} to {two}" for one, two in value)


class UpdateHoursForm(forms.Form):
    """When one works, and how long before a meeting one wants to be reminded."""

    working_hours = HoursField(
        label=_("My working hours"),
        required=False,
        help_text=_("Empty for the hours of the business; else a line a day, like Mon-Fri 09:00-17:00."),
    )
    days_off = DaysOffField(
        label=_("My days off"),
        required=False,
        help_text=_("One in a line, like 2026-12-24, or 2026-12-24 to 2026-12-31."),
    )
    remind_before = forms.TypedChoiceField(label=_("Remind me of meetings"), choices=REMIND, coerce=int)


def _pair(line: Any) -> list[str]:
    ends = line.split("to") if isinstance(line, str) else list(line)
    first, last = (date.fromisoformat(end.strip()) for end in (ends if len(ends) > 1 else ends * 2))
    if not timedelta() <= last - first <= timedelta(days=366):
        raise ValueError(line)
    return [first.isoformat(), last.isoformat()]


def _read(text: str) -> dict[str, list[list[str]]]:
    names = {str(WEEKDAYS_ABBR[number]).casefold(): number for number in range(7)}
    names |= {day: number for number, day in enumerate(DAYS)}
    week: dict[str, list[list[str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        found = LINE.fullmatch(line)
        ends = [names.get(end.strip().casefold()) for end in DASH.split(found["days"])] if found else []
        if not found or None in ends:
            raise ValueError(line)
        spans = [DASH.split(span.strip()) for span in found["spans"].split(",")]
        first, last = ends[0] or 0, ends[-1] or 0
        for number in ((first + n) % 7 for n in range((last - first) % 7 + 1)):
            week.setdefault(DAYS[number], []).extend(spans)
    return week
