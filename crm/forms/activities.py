"""What may be said about activities."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.forms.calls import NEXT
from crm.forms.fields import DateInput, EditForm, OwnerField
from crm.models import Activity, Contact, Deal, Lead

MOST_GUESTS = 50
FIELDS = ("subject", "due_at", "due_on", "ends_at", "place", "guests", "invites", "body", "outcome")


class DateTimeInput(forms.DateTimeInput):
    """The browser's own picker of day and hour."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def on_the_calendar(value: Any) -> None:
    """Refuse a day that no time zone can show."""
    if not 1970 <= value.year <= 2200:
        raise forms.ValidationError(gettext("Enter a day between 1970 and 2200."))


class DueField(forms.DateTimeField):
    """A moment that any time zone can show."""

    default_validators = (on_the_calendar,)


class GuestsField(forms.Field):
    """Addresses of guests as a list, or as text with commas or lines between them."""

    widget = forms.TextInput

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        words = value if isinstance(value, list) else re.split(r"[,;\s]+", str(value or ""))
        guests = list(dict.fromkeys(str(word).strip() for word in words if word))
        for guest in guests:
            forms.EmailField(max_length=254).clean(guest)
        if len(guests) > MOST_GUESTS:
            raise forms.ValidationError(gettext("Invite at most 50 guests."))
        return guests


class PlanForm(forms.Form):
    """When and where; a day without a time is the same day in every zone."""

    due_at = DueField(label=_("Starts or is due at"), required=False, widget=DateTimeInput())
    due_on = forms.DateField(
        label=_("Or only on a day"),
        required=False,
        widget=DateInput(),
        validators=(on_the_calendar,),
        help_text=_("Without a time."),
    )
    ends_at = DueField(label=_("Ends at"), required=False, widget=DateTimeInput())
    place = forms.CharField(label=_("Place or link"), max_length=200, required=False)
    guests = GuestsField(label=_("Guests, by email"), required=False)
    invites = forms.BooleanField(
        label=_("Invite by email"), required=False, help_text=_("Of a meeting: the contact and the guests.")
    )


class NextField(forms.ChoiceField):
    """What follows a meeting that took place."""

    def __init__(self) -> None:
        choices = [("", _("A day later, after a meeting or demo")), *NEXT]
        super().__init__(label=_("Next step"), choices=choices, required=False)


class CreateActivityForm(PlanForm):
    """Something done or planned with a contact, on a lead or on a deal."""

    type = forms.ChoiceField(label=_("Type"), choices=Activity.Type.choices)
    subject = forms.CharField(label=_("Subject"), max_length=200)
    body = forms.CharField(label=_("Body"), max_length=20_000, required=False, widget=forms.Textarea)
    outcome = forms.CharField(label=_("Outcome"), max_length=200, required=False)
    next = NextField()
    is_inbound = forms.BooleanField(required=False, label=_("They called us"))
    contact = forms.ModelChoiceField(Contact.objects.all(), required=False, widget=forms.HiddenInput)
    lead = forms.ModelChoiceField(Lead.objects.all(), required=False, widget=forms.HiddenInput)
    deal = forms.ModelChoiceField(Deal.objects.all(), required=False, widget=forms.HiddenInput)
    assignee = OwnerField(label=_("Assignee"), empty_label=_("Me"))

    field_order = ("type", *FIELDS)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.data.get("recurrence"):
            raise forms.ValidationError(gettext("Nothing repeats by itself here. Plan each time."))
        subjects = ("contact", "lead", "deal")
        if not any(cleaned.get(name) or name in self.errors for name in subjects):
            raise forms.ValidationError(gettext("Say which contact, lead or deal this is about."))
        return cleaned


class UpdateActivityForm(PlanForm, EditForm):
    """What may be corrected on an activity."""

    subject = forms.CharField(label=_("Subject"), max_length=200)
    body = forms.CharField(label=_("Body"), max_length=20_000, required=False, widget=forms.Textarea)
    outcome = forms.CharField(label=_("Outcome"), max_length=200, required=False)

    field_order = FIELDS

    @classmethod
    def values(cls, row: Activity) -> dict[str, Any]:
        """Return what the form starts with; a day has no time to show."""
        held = super().values(row)
        return held | {"due_at": None} if row.due_on else held


class CompleteActivityForm(forms.Form):
    """What came of it, and what comes next."""

    outcome = forms.CharField(label=_("Outcome"), max_length=200, required=False)
    next = NextField()
