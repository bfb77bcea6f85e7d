"""What may be said about the workspace."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts.forms.hours import HoursField
from accounts.forms.people import ZoneSelect, zone_choices
from accounts.models import Workspace
from core.money import CURRENCIES, Money

ISO_COUNTRY = RegexValidator(r"^[A-Z]{2}$", _("Give the two letters of the country, like IN."))
PREFIX = RegexValidator(r"^[A-Za-z0-9-]{1,12}$", _("Use letters, digits and hyphens, like INV."))


class UpdateWorkspaceForm(forms.Form):
    """The business, its sender, its money and how far automation goes."""

    name = forms.CharField(label=_("Business name"), max_length=120)
    legal_name = forms.CharField(label=_("Legal name"), max_length=160, required=False)
    postal_address = forms.CharField(label=_("Postal address"), required=False, widget=forms.Textarea({"rows": 3}))
    tax_id = forms.CharField(label=_("Tax number"), max_length=40, required=False)
    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https")
    about = forms.CharField(
        label=_("What you sell, in your own words"),
        required=False,
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Drafts are written from this."),
    )
    tone = forms.CharField(label=_("Tone of messages"), max_length=40)
    country = forms.CharField(label=_("Country"), max_length=2, validators=[ISO_COUNTRY])
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, widget=ZoneSelect)
    working_hours = HoursField(label=_("Working hours"))
    default_language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    from_email = forms.EmailField(label=_("Send from"), required=False)
    sender_name = forms.CharField(label=_("Sender name"), max_length=120, required=False)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    high_value_threshold = forms.DecimalField(
        label=_("Deals of this value or more need an approval"), min_value=Decimal(0), max_digits=14, decimal_places=2
    )
    tax_rate = forms.DecimalField(
        label=_("Tax on proposals, in percent"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
    )
    invoice_prefix = forms.CharField(label=_("Invoice prefix"), max_length=12, validators=[PREFIX])
    proposal_valid_days = forms.IntegerField(label=_("A proposal is valid for days"), min_value=1, max_value=365)
    support_email = forms.EmailField(
        label=_("Support address"),
        required=False,
        help_text=_("Mail to this address becomes a ticket. The mailbox that we read must get it."),
    )
    ticket_close_days = forms.IntegerField(
        label=_("Close solved tickets after days"), min_value=1, max_value=365, initial=7
    )
    manager_scope = forms.ChoiceField(label=_("Sales managers see"), choices=Workspace.ManagerScope)
    interest_threshold = forms.FloatField(
        label=_("Act on a reply when this sure (0.5 to 1)"), min_value=0.5, max_value=1.0
    )
    onboarding_enabled = forms.BooleanField(label=_("Create onboarding tasks after a payment"), required=False)
    automation_paused = forms.BooleanField(label=_("Pause everything that sends or decides by itself"), required=False)

    def clean(self) -> dict[str, Any]:
        """Turn amounts into the workspace's smallest units and per cent into basis points."""
        values = super().clean() or {}
        if "high_value_threshold" in values:
            threshold = Money.of(values.pop("high_value_threshold"), values.get("currency", "INR"))
            values["high_value_threshold_minor"] = threshold.minor
        if "tax_rate" in values:
            values["tax_rate_bp"] = int(values.pop("tax_rate") * 100)
        return values


def initial_values(workspace: Workspace) -> dict[str, Any]:
    """Answer what the form shows before anybody changed it."""
    threshold = Money(workspace.high_value_threshold_minor, workspace.currency)
    plain = {name: getattr(workspace, name, None) for name in UpdateWorkspaceForm.base_fields}
    hours = UpdateWorkspaceForm.base_fields["working_hours"]
    return plain | {
        "working_hours": hours.prepare_value(workspace.working_hours),
        "high_value_threshold": threshold.decimal,
        "tax_rate": Decimal(workspace.tax_rate_bp) / 100,
    }
