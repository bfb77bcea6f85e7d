"""Booking pages, and what strangers fill in there."""

from datetime import UTC
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms.people import ZoneSelect, zone_choices
from crm.forms.activities import DueField
from crm.forms.fields import EditForm, PhoneField

LENGTHS = [
    (str(minutes), format_lazy(_("{minutes} minutes"), minutes=minutes)) for minutes in (15, 20, 30, 45, 60, 90, 120)
]


class LengthsField(forms.TypedMultipleChoiceField):
    """The lengths that a visitor may choose from, in minutes."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self) -> None:
        super().__init__(label=_("Lengths"), choices=LENGTHS, coerce=int)

    def to_python(self, value: Any) -> list[str]:
        return super().to_python([str(one) for one in value] if isinstance(value, list) else value)


class BookingPageForm(EditForm):
    """What a booking page says and which times it offers."""

    slug = forms.SlugField(label=_("Address"), max_length=60, help_text=_("The end of its link."))
    title = forms.CharField(label=_("Title"), max_length=120)
    intro = forms.CharField(label=_("Intro"), max_length=2000, required=False, widget=forms.Textarea)
    place = forms.CharField(label=_("Place or link"), max_length=200, required=False)
    consent_text = forms.CharField(label=_("Consent text"), max_length=2000, required=False, widget=forms.Textarea)
    lengths = LengthsField()
    buffer_minutes = forms.IntegerField(label=_("Minutes between two meetings"), min_value=0, max_value=240, initial=0)
    notice_hours = forms.IntegerField(label=_("Hours of notice"), min_value=0, max_value=720, initial=4)
    horizon_days = forms.IntegerField(label=_("Days ahead"), min_value=1, max_value=365, initial=30)
    is_active = forms.BooleanField(label=_("Open"), required=False, initial=True)


class ZoneField(forms.ChoiceField):
    """A time zone by its IANA name."""

    def __init__(self, **more: Any) -> None:
        words = {"invalid_choice": _("We do not know this time zone. Choose one of the list.")}
        super().__init__(label=_("Time zone"), choices=zone_choices, widget=ZoneSelect, error_messages=words, **more)


class TimeForm(forms.Form):
    """The time that a visitor chose."""

    at = DueField(widget=forms.HiddenInput)
    zone = ZoneField()

    def clean_at(self) -> Any:
        """A time is told with its offset, so in UTC here."""
        return self.cleaned_data["at"].astimezone(UTC)


class BookForm(TimeForm):
    """Who wants to meet; one way to answer is enough."""

    length = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=1440)
    name = forms.CharField(label=_("Your name"), max_length=120)
    email = forms.EmailField(
        label=_("Email"), max_length=254, required=False, help_text=_("Email or phone: one is enough.")
    )
    phone = PhoneField(label=_("Phone"))
    note = forms.CharField(label=_("What is it about?"), max_length=2000, required=False, widget=forms.Textarea)
    consent = forms.BooleanField(required=False)
    website = forms.CharField(required=False, max_length=200)  # a trap that people never see

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not (cleaned.get("email") or cleaned.get("phone") or self.errors):
            self.add_error("email", gettext("Give an email address or a phone number."))
        return cleaned
