"""What may be said about API keys."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from accounts.roles import MATRIX
from core import clock


def scope_choices() -> list[tuple[str, str]]:
    """Answer the scopes: everything, every noun, every permission."""
    nouns = dict.fromkeys(name.partition(":")[0] for name in MATRIX)
    return [
        ("*", gettext("Everything that I may do")),
        *((f"{noun}:*", gettext("Everything about %(noun)s") % {"noun": gettext(noun)}) for noun in nouns),
        *((name, name) for name in MATRIX),
    ]


class CreateApiKeyForm(forms.Form):
    """A key's name, what it may do and how long."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Which program uses it."))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=scope_choices, help_text=_("A key never may do more than you.")
    )
    days = forms.TypedChoiceField(
        label=_("Works for"),
        choices=[("30", _("30 days")), ("90", _("90 days")), ("365", _("a year")), ("", _("until revoked"))],
        coerce=int,
        empty_value=None,
        required=False,
    )

    tier = forms.ChoiceField(
        label=_("How often it may call"),
        choices=[(tier.value, f"{settings.TIERS[tier]:,} / min") for tier in ApiKey.Tier],
        initial=ApiKey.Tier.STANDARD,
        required=False,
    )

    def clean_tier(self) -> str:
        """Nothing said means the standard."""
        return self.cleaned_data["tier"] or ApiKey.Tier.STANDARD

    def clean(self) -> dict[str, object]:
        """Turn the number of days into the moment when the key stops working."""
        values = super().clean() or {}
        days = values.pop("days", None)
        values["expires_at"] = clock.now() + timedelta(days=days) if days else None
        return values
