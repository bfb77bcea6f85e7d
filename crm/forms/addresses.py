"""What may be said about addresses."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.models import ContactAddress
from crm.queries.rotting import today


def day_field(**kwargs: Any) -> forms.DateField:
    """A day with the browser's own picker."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(required=False, widget=widget, **kwargs)


class RetireAddressForm(forms.Form):
    """Since when an address holds no more."""

    valid_until = day_field(label=_("Held until"), help_text=_("Empty: today."))

    def clean_valid_until(self) -> Any:
        """No day to come: until then the address would still be written to."""
        day = self.cleaned_data["valid_until"]
        if day is not None and day > today():
            raise forms.ValidationError(gettext("Enter a day that is over, or leave it empty."))
        return day


class AddAddressForm(RetireAddressForm):
    """One more way to reach somebody, or one that worked once."""

    channel = forms.ChoiceField(label=_("Kind"), choices=ContactAddress.Channel.choices)
    value = forms.CharField(label=_("Address or number"), max_length=400)
    label = forms.CharField(label=_("Label"), max_length=40, required=False, help_text=_("Such as work or home."))
    valid_from = day_field(label=_("Holds since"))
    is_primary = forms.BooleanField(required=False, label=_("Write to this one from now on"))
    field_order = ("channel", "value", "label", "is_primary", "valid_from", "valid_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_until"].help_text = gettext("Only for an address that holds no more.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("valid_from"), cleaned.get("valid_until")
        if start and end and end < start:
            self.add_error("valid_until", gettext("Enter a day after the address began to hold."))
        if end and cleaned.get("is_primary"):
            self.add_error("is_primary", gettext("An address that holds no more cannot be the main one."))
        return cleaned
