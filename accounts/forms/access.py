"""What may be said about sharing a record."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User, Workspace
from accounts.permissions import people_who_can
from accounts.roles import plural


class HolderForm(forms.Form):
    """A person or a team; the cleaned data carry the one that was chosen as `shared_with`."""

    user = forms.ModelChoiceField(
        User.objects.all(), required=False, label=_("Person"), empty_label=_("Choose somebody")
    )
    team = forms.ModelChoiceField(
        Team.objects.filter(group__isnull=False).order_by("name"),
        required=False,
        label=_("Or a whole team"),
        empty_label=_("No team"),
    )

    def clean(self) -> dict[str, Any]:
        """Answer one holder."""
        values = super().clean() or self.cleaned_data
        user, team = values.pop("user", None), values.pop("team", None)
        if (user is None) == (team is None) and not self.errors:
            raise forms.ValidationError(gettext("Choose a person or a team."))
        return values | {"shared_with": user or team}


class ShareForm(HolderForm):
    """Who gets to see one record, whether they may edit it, until which day, and why."""

    may = forms.ChoiceField(
        label=_("They may"),
        choices=[("read", _("Read")), ("update", _("Read and edit"))],
        initial="read",
        required=False,
        widget=forms.RadioSelect,
    )
    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The last day. Empty: until it is taken back."),
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False, help_text=_("They and others read it."))

    def __init__(self, *args: Any, noun: str = "", **kwargs: Any) -> None:
        """Offer only those whose role has this noun at all: a share opens nothing to others."""
        super().__init__(*args, **kwargs)
        person: Any = self.fields["user"]
        if noun:
            person.queryset = people_who_can(f"{noun}:read", some=True).order_by("name", "email")
        person.error_messages["invalid_choice"] = gettext("Choose somebody whose role has %(nouns)s.") % {
            "nouns": gettext(plural(noun))
        }

    def clean(self) -> dict[str, Any]:
        """Answer the holder, the verb, and the end of the last day as a moment."""
        values = super().clean()
        values["verb"] = values.pop("may", "") or "read"
        if values.get("until") is not None:
            zone = ZoneInfo(Workspace.current().timezone)
            values["until"] = datetime.combine(values["until"], time(), zone) + timedelta(days=1)
        return values


class AskAccessForm(forms.Form):
    """Why somebody would like to work on a record."""

    note = forms.CharField(label=_("Note"), max_length=300, required=False)
