"""What may be said about teams."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class TeamForm(forms.Form):
    """A team's name and region."""

    name = forms.CharField(label=_("Name"), max_length=100)
    region = forms.CharField(label=_("Region"), max_length=100, required=False)


class SetMembersForm(forms.Form):
    """Who is in the team, and who leads it."""

    members = forms.ModelMultipleChoiceField(
        User.objects.order_by("name", "email"), label=_("Members"), required=False, widget=forms.CheckboxSelectMultiple
    )
    managers = forms.ModelMultipleChoiceField(
        User.objects.order_by("name", "email"),
        label=_("Who leads it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        """Make everybody who leads the team a member of it."""
        values = super().clean() or {}
        if "members" in values and "managers" in values:
            values["managers"] = list(values["managers"])
            values["members"] = list({*values["members"], *values["managers"]})
        return values
