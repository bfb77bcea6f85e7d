"""What may be asked of the audit."""

from datetime import date

from django import forms


class DayField(forms.DateField):
    """A day on which an event can have been written."""

    def clean(self, value: object) -> date | None:
        """Refuse days that no time zone can show."""
        day: date | None = super().clean(value)
        if day is not None and not 1970 <= day.year <= 2200:
            raise forms.ValidationError("Enter a day between 1970 and 2200.")
        return day


class AuditFilterForm(forms.Form):
    """Which events to show."""

    name = forms.CharField(label="Event", max_length=80, required=False)
    actor = forms.IntegerField(label="Person's number", min_value=1, required=False)
    subject_type = forms.CharField(label="Kind of record", max_length=40, required=False)
    subject_id = forms.IntegerField(label="Record's number", min_value=1, required=False)
    since = DayField(required=False)
    until = DayField(required=False)
