"""What may be said about people: invitations, roles, profiles, the first password."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Grant, Team, User
from accounts.roles import MATRIX, ROLE_LABELS, ROLES


def role_choices() -> list[tuple[str, Any]]:
    """Answer the roles by name and label."""
    return [(role, ROLE_LABELS[role]) for role in ROLES]


@cache
def zone_choices() -> list[tuple[str, str]]:
    """Answer every time zone that this machine knows."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]


@cache
def _zone_options() -> SafeString:
    return format_html_join("", '<option value="{}">{}</option>', zone_choices())


class ZoneSelect(forms.Select):
    """A list of time zones, whose six hundred lines are written once and not for every page."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the element; the chosen zone is marked."""
        mark = format_html('<option value="{}"', value)
        chosen = _zone_options().replace(mark, f"{mark} selected", 1)
        shown = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}</select>", shown, mark_safe(chosen))  # noqa: S308  (our own options)


class RolesField(forms.MultipleChoiceField):
    """One or more of the roles."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("choices", role_choices)
        super().__init__(**kwargs)


class InviteUserForm(forms.Form):
    """An invitation: an address, a name and what the person will do here."""

    email = forms.EmailField(label=_("Work email"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    roles = RolesField(label=_("Roles"))
    team = forms.ModelChoiceField(Team.objects.order_by("name"), label=_("Team"), required=False)

    def clean_email(self) -> str:
        """Fold the address; refuse one that is known."""
        email: str = User.objects.normalize_email(self.cleaned_data["email"])
        if User.objects.filter(email=email).exists():
            raise ValidationError(gettext("This person is here already. Open them in the list of people."))
        return email


class ChangeRolesForm(forms.Form):
    """The roles that a person holds from now on."""

    roles = RolesField(label=_("Roles"), required=False)


class UpdateUserForm(forms.Form):
    """What an administrator may change of somebody else."""

    name = forms.CharField(label=_("Name"), max_length=150)
    phone = forms.CharField(label=_("Phone"), max_length=32, required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, widget=ZoneSelect)


class UpdateProfileForm(UpdateUserForm):
    """What everybody may change of themselves."""

    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("As my browser asks")), *settings.LANGUAGES], required=False
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme, required=False)
    email_notifications = forms.BooleanField(label=_("Send me an email when something waits for me"), required=False)
    letter_keys = forms.BooleanField(
        label=_("Keys of one letter or sign"),
        required=False,
        help_text=_("C for New, J and K for the next and previous row, and so on. Ctrl K works either way."),
    )

    def clean_theme(self) -> str:
        """Follow the device when nothing was chosen."""
        return self.cleaned_data["theme"] or User.Theme.SYSTEM


class ChoosePasswordForm(forms.Form):
    """The first password, chosen on the page behind a one-time link."""

    name = forms.CharField(label=_("Your name"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        help_text=_("12 characters or more."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("Password again"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        """Judge the password by the rules of the house."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(name=self.cleaned_data.get("name", "")))
        return password

    def clean(self) -> dict[str, Any]:
        """Compare the two passwords; only one goes on."""
        values = super().clean() or {}
        again = values.pop("again", None)
        if values.get("password") and again is not None and again != values["password"]:
            self.add_error("again", gettext("The two passwords differ."))
        return values


class FirstAdminForm(ChoosePasswordForm):
    """The same for the first administrator, who also says how to sign in."""

    email = forms.EmailField(label=_("Work email"), max_length=254)
    field_order = ["email", "name", "password", "again"]

    def clean_email(self) -> str:
        """Fold the address."""
        email: str = User.objects.normalize_email(self.cleaned_data["email"])
        return email


class ChangeGrantForm(forms.Form):
    """One cell of the role matrix as this install wants it; empty brings the standard back."""

    role = forms.ChoiceField(label=_("Role"), choices=role_choices)
    permission = forms.ChoiceField(label=_("Permission"), choices=[(name, name) for name in MATRIX])
    scope = forms.ChoiceField(label=_("Scope"), choices=[("", _("As standard")), *Grant.Reach.choices], required=False)
