"""What may be said about territories, and about a lead that is only tried out."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from accounts.roles import REP
from crm.forms.fields import EditForm, OwnerField, TagsField, amount_field
from crm.forms.reports import PeopleField
from crm.models import Contact, Territory
from crm.models.territory import PLACES


class PlacesField(TagsField):
    """Names with commas between them, or a list of them."""

    def __init__(self, *, most: int = 500, **kwargs: Any) -> None:
        self.most = most
        kwargs.setdefault("help_text", "")
        kwargs.setdefault("widget", forms.Textarea({"rows": 2}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> list[str]:
        text = value if isinstance(value, list) else str(value or "").replace("\n", ",")
        names = super().to_python(text)
        if len(names) > self.most:
            raise forms.ValidationError(gettext("At most %(most)s names fit here.") % {"most": self.most})
        return names


class TerritoryForm(forms.Form):
    """A territory: every filled line must hold the lead's value; with no line filled it takes every lead."""

    name = forms.CharField(label=_("Name"), max_length=80)
    priority = forms.IntegerField(
        label=_("Priority"), min_value=1, max_value=9999, initial=100, required=False,
        help_text=_("The lowest number that fits a lead takes it."),
    )  # fmt: skip
    countries = PlacesField(label=_("Countries"), help_text=_("Two letters each, with commas between them: IN, AE."))
    regions = PlacesField(label=_("Regions or states"))
    cities = PlacesField(label=_("Cities"))
    postal_prefixes = PlacesField(
        label=_("Postal codes begin with"),
        help_text=_("Looked up in the field “postal_code” of the lead or its contact."),
    )
    industries = PlacesField(label=_("Industries"))
    team = forms.ModelChoiceField(Team.objects.order_by("name"), label=_("Team"), required=False, empty_label=_("None"))
    reps = PeopleField(
        label=_("Reps"), required=False, help_text=_("With neither a team nor reps, everybody who sells takes turns.")
    )
    reps.queryset = User.objects.active().with_role(REP).order_by("name", "email")
    max_open_leads = forms.IntegerField(
        label=_("Most open leads of one rep"), min_value=1, max_value=1000, required=False,
        help_text=_("Empty: 1,000. Hot leads may go half as far again."),
    )  # fmt: skip
    colour = forms.CharField(
        label=_("Colour"), required=False, widget=forms.TextInput({"type": "color"}), initial="#3b6fd4",
        validators=[RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", _("Write a colour like #3b6fd4."))],
    )  # fmt: skip

    def clean_countries(self) -> list[str]:
        codes = [code.upper() for code in self.cleaned_data["countries"]]
        if wrong := [code for code in codes if len(code) != 2 or not code.isalpha()]:
            text = gettext("Write countries with two letters: %(wrong)s has not two.")
            raise forms.ValidationError(text % {"wrong": ", ".join(wrong)})
        return codes

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        usual = {"priority": 100, "colour": "#3b6fd4"}
        return cleaned | {name: cleaned.get(name) or value for name, value in usual.items()}


class UpdateTerritoryForm(EditForm, TerritoryForm):
    """What may be changed on a territory of the draft."""

    @classmethod
    def values(cls, row: Territory) -> dict[str, Any]:
        """Return what the form starts with."""
        plain = ("version", "name", "priority", "team", "max_open_leads", "colour", *PLACES)
        return {name: getattr(row, name) for name in plain} | {"reps": list(row.reps.all())}


class PublishForm(forms.Form):
    """What is different from now on."""

    note = forms.CharField(label=_("What changed"), max_length=200, required=False)


class TryLeadForm(forms.Form):
    """A lead, or what is known of one that has not come yet."""

    lead = forms.IntegerField(
        label=_("Number of a lead"), min_value=1, required=False,
        help_text=_("As in its address; the lines below it are left out then."),
    )  # fmt: skip
    city = forms.CharField(label=_("City"), max_length=120, required=False)
    region = forms.CharField(label=_("Region or state"), max_length=120, required=False)
    country = forms.CharField(label=_("Country"), max_length=2, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=20, required=False)
    industry = forms.CharField(label=_("Industry"), max_length=120, required=False)
    value = amount_field(label=_("Value"))
    score = forms.IntegerField(label=_("Score"), min_value=0, max_value=100, required=False)


class MapForm(forms.Form):
    """Whose contacts the map shows, and which."""

    owner = OwnerField(label=_("Owner"), empty_label=_("Everybody"))
    stage = forms.ChoiceField(
        label=_("Stage"), choices=[("", _("Every stage")), *Contact.Stage.choices], required=False
    )
    territory = forms.TypedChoiceField(label=_("Territory"), coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, territories: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "in"
        self.fields["territory"].choices = [("", _("Every territory")), *territories]
