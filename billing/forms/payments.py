"""What may be asked about payments and invoices."""

from django import forms
from django.utils.translation import gettext_lazy as _


class RefundForm(forms.Form):
    """How much goes back, and why; an empty amount means all of it."""

    amount = forms.DecimalField(
        label=_("Amount"),
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        error_messages={"invalid": _("Enter an amount, like 1500 or 99.50.")},
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=255, error_messages={"required": _("Say why the money goes back.")}
    )


class ReviewForm(forms.Form):
    """What was found out about a payment that fitted nothing."""

    note = forms.CharField(
        label=_("Note"), max_length=400, error_messages={"required": _("Say what you found, in a sentence.")}
    )


class MarkPaidForm(forms.Form):
    """An invoice paid outside the payment page."""

    paid_on = forms.DateField(required=False, label=_("Paid on"), widget=forms.DateInput(attrs={"type": "date"}))


class VoidForm(forms.Form):
    """Why an invoice no longer counts."""

    reason = forms.CharField(
        label=_("Reason"), max_length=255, error_messages={"required": _("Say why this invoice is void.")}
    )
