"""What may be said about activities."""

from typing import Any

from django import forms

from crm.forms.fields import EditForm, OwnerField
from crm.models import Activity, Contact, Deal, Lead


class DateTimeInput(forms.DateTimeInput):
    """The browser's own picker of day and hour."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class DueField(forms.DateTimeField):
    """A moment that any time zone can show."""

    def clean(self, value: Any) -> Any:
        moment = super().clean(value)
        if moment is not None and not 1970 <= moment.year <= 2200:
            raise forms.ValidationError("Enter a day between 1970 and 2200.")
        return moment


class CreateActivityForm(forms.Form):
    """Something done or planned with a contact, on a lead or on a deal."""

    type = forms.ChoiceField(choices=Activity.Type.choices)
    subject = forms.CharField(max_length=200)
    body = forms.CharField(max_length=20_000, required=False, widget=forms.Textarea)
    outcome = forms.CharField(max_length=200, required=False)
    due_at = DueField(required=False, widget=DateTimeInput())
    is_inbound = forms.BooleanField(required=False, label="They called us")
    contact = forms.ModelChoiceField(
        Contact.objects.all(), required=False, widget=forms.HiddenInput
    )
    lead = forms.ModelChoiceField(Lead.objects.all(), required=False, widget=forms.HiddenInput)
    deal = forms.ModelChoiceField(Deal.objects.all(), required=False, widget=forms.HiddenInput)
    assignee = OwnerField(empty_label="Me")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        subjects = ("contact", "lead", "deal")
        if not any(cleaned.get(name) or name in self.errors for name in subjects):
            raise forms.ValidationError("Say which contact, lead or deal this is about.")
        return cleaned


class UpdateActivityForm(EditForm):
    """What may be corrected on an activity."""

    subject = forms.CharField(max_length=200)
    body = forms.CharField(max_length=20_000, required=False, widget=forms.Textarea)
    outcome = forms.CharField(max_length=200, required=False)
    due_at = DueField(required=False, widget=DateTimeInput())


class CompleteActivityForm(forms.Form):
    """What came of it."""

    outcome = forms.CharField(max_length=200, required=False)
