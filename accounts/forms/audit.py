"""What may be asked of the audit."""

from datetime import date

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class DayField(forms.DateField):
    """A day on which an event can have been written."""

    def clean(self, value: object) -> date | None:
        """Refuse days that no time zone can show."""
        day: date | None = super().clean(value)
        if day is not None and not 1970 <= day.year <= 2200:
            raise forms.ValidationError(gettext("Enter a day between 1970 and 2200."))
        return day


class AuditFilterForm(forms.Form):
    """Which events to show."""

    name = forms.CharField(label=_("Event"), max_length=80, required=False)
    actor = forms.IntegerField(label=_("Person's number"), min_value=1, required=False)
    subject_type = forms.CharField(label=_("Kind of record"), max_length=40, required=False)
    subject_id = forms.IntegerField(label=_("Record's number"), min_value=1, required=False)
    since = DayField(label=_("Since"), required=False)
    until = DayField(label=_("Until"), required=False)
