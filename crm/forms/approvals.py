"""What may be said about approvals."""

from django import forms
from django.utils.translation import gettext_lazy as _


class RequestApprovalForm(forms.Form):
    """What the manager should know."""

    note = forms.CharField(label=_("Note"), max_length=300, required=False)


class RejectDealForm(forms.Form):
    """Why a manager says no."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
