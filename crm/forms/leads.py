"""What people, keys, imports and agents may say about leads."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.forms.custom import CustomForm
from crm.forms.fields import EditForm, MoneyForm, OwnerField, PhoneField, ReassignForm, amount_field, currency_field
from crm.models import Contact

SOURCES = [("", _("Typed in")), *Contact.Source.choices]


class CreateLeadForm(CustomForm, MoneyForm):
    """A lead typed in or sent: an existing contact, or at least an email address or a phone."""

    money_name = "estimated_value"
    noun = "lead"

    contact = forms.ModelChoiceField(Contact.objects.all(), required=False, widget=forms.HiddenInput)
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    email = forms.EmailField(label=_("Email"), max_length=254, required=False)
    phone = PhoneField(label=_("Phone"))
    business_name = forms.CharField(label=_("Business name"), max_length=200, required=False)
    industry = forms.CharField(label=_("Industry"), max_length=120, required=False)
    city = forms.CharField(label=_("City"), max_length=120, required=False)
    country = forms.CharField(label=_("Country"), max_length=2, required=False, help_text=_("Two letters, such as IN."))
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    source = forms.ChoiceField(label=_("Source"), choices=SOURCES, required=False)
    estimated_value = amount_field(label=_("Estimated value"))
    currency = currency_field()
    owner = OwnerField(label=_("Owner"), help_text=_("Empty: the routing rules choose."))
    note = forms.CharField(label=_("Note"), max_length=5000, required=False, widget=forms.Textarea)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        tried = {"email", "phone"} & self.errors.keys()
        if not (cleaned.get("contact") or cleaned.get("email") or cleaned.get("phone") or tried):
            raise forms.ValidationError(gettext("Give an email address or a phone number."))
        cleaned["source"] = cleaned.get("source") or Contact.Source.MANUAL.value
        return cleaned


class IntakeLeadForm(forms.Form):
    """The short body of `POST /api/v1/leads`."""

    business_name = forms.CharField(label=_("Business name"), max_length=200)
    email = forms.EmailField(label=_("Email"), max_length=254)
    industry = forms.CharField(label=_("Industry"), max_length=120)
    city = forms.CharField(label=_("City"), max_length=120)
    phone = PhoneField(label=_("Phone"))
    note = forms.CharField(label=_("Note"), max_length=5000, required=False)


class UpdateLeadForm(EditForm, CustomForm, MoneyForm):
    """What may be corrected on a lead; its states, score and owner have verbs of their own."""

    money_name = "estimated_value"
    noun = "lead"

    title = forms.CharField(label=_("Title"), max_length=200)
    business_name = forms.CharField(label=_("Business name"), max_length=200, required=False)
    industry = forms.CharField(label=_("Industry"), max_length=120, required=False)
    city = forms.CharField(label=_("City"), max_length=120, required=False)
    region = forms.CharField(label=_("Region"), max_length=120, required=False)
    estimated_value = amount_field(label=_("Estimated value"))
    currency = currency_field()
    next_step = forms.CharField(label=_("Next step"), max_length=200, required=False)


class ConvertLeadForm(MoneyForm):
    """The deal that a lead becomes; what is left empty comes from the lead."""

    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    value = amount_field(label=_("Value"))
    currency = currency_field()
    expected_close_on = forms.DateField(
        label=_("Expected close on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: in 30 days."),
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data.get("value")
        cleaned = super().clean()
        if given is None:
            cleaned["currency"] = ""
        return cleaned


class DisqualifyLeadForm(forms.Form):
    """Why a lead leads nowhere."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReassignLeadForm(ReassignForm):
    """Who takes a lead, and why."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class NothingForm(forms.Form):
    """A verb that needs no more than being asked."""
