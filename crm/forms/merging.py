"""What somebody says about a merge."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import Contact
from crm.queries.merging import CUSTOM, FIELDS


class PicksWidget(forms.HiddenInput):
    """A page picks a side for each field (`pick_city=other`), a program lists the fields of the other one."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        picks = {key.removeprefix("pick_"): data[key] for key in data if key.startswith("pick_")}
        if picks:
            return [key for key, side in picks.items() if side == "other"]
        return data.get(name)


class TakeField(forms.MultipleChoiceField):
    """Names of fields; None when nobody chose."""

    widget = PicksWidget

    def clean(self, value: Any) -> list[str] | None:
        return None if value is None else super().clean(value)

    def valid_value(self, value: Any) -> bool:
        return str(value).startswith(CUSTOM) or super().valid_value(value)


class MergeContactForm(forms.Form):
    """Which contact goes, and what is taken from it."""

    other = forms.ModelChoiceField(
        Contact.objects.all(), label=_("Other"), widget=forms.NumberInput, help_text=_("The id of the one that goes.")
    )
    take = TakeField(
        required=False,
        choices=[(name, name) for name in FIELDS],
        help_text=_("Fields whose value comes from the other one. Left out: those that are empty here."),
    )
