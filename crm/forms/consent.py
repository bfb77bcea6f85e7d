"""What may be said about consent."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import Channel


class GiveConsentForm(forms.Form):
    """A yes of the contact, and where it is written."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    purpose = forms.CharField(label=_("Purpose"), max_length=40, required=False)
    source = forms.CharField(label=_("Source"), max_length=60)
    proof = forms.CharField(label=_("Proof"), max_length=2000, required=False, widget=forms.Textarea)
    address = forms.CharField(label=_("Address"), max_length=254, required=False, help_text=_("Empty: the main one."))


class WithdrawConsentForm(forms.Form):
    """A no of the contact."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class SuppressAddressForm(forms.Form):
    """An address that no message may go to."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    address = forms.CharField(label=_("Address"), max_length=254)
    reason = forms.CharField(label=_("Reason"), max_length=40)
