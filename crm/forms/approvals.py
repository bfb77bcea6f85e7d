"""What may be said about approvals."""

from django import forms


class RequestApprovalForm(forms.Form):
    """What the manager should know."""

    note = forms.CharField(max_length=300, required=False)


class RejectDealForm(forms.Form):
    """Why a manager says no."""

    reason = forms.CharField(max_length=300)
