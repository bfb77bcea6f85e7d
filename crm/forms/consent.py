"""What may be said about consent."""

from django import forms

from crm.models import Channel


class GiveConsentForm(forms.Form):
    """A yes of the contact, and where it is written."""

    channel = forms.ChoiceField(choices=Channel.choices)
    purpose = forms.CharField(max_length=40, required=False)
    source = forms.CharField(max_length=60)
    proof = forms.CharField(max_length=2000, required=False, widget=forms.Textarea)
    address = forms.CharField(max_length=254, required=False, help_text="Empty: the main one.")


class WithdrawConsentForm(forms.Form):
    """A no of the contact."""

    channel = forms.ChoiceField(choices=Channel.choices)
    reason = forms.CharField(max_length=200, required=False)


class SuppressAddressForm(forms.Form):
    """An address that no message may go to."""

    channel = forms.ChoiceField(choices=Channel.choices)
    address = forms.CharField(max_length=254)
    reason = forms.CharField(max_length=40)
