"""What may be said about contacts."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.forms.custom import CustomForm
from crm.forms.fields import EditForm, OwnerField, PhoneField, TagsField
from crm.models import Contact


class ContactForm(CustomForm):
    """A person or a company."""

    noun = "contact"

    kind = forms.ChoiceField(label=_("Kind"), choices=Contact.Kind.choices, required=False)
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    company_name = forms.CharField(label=_("Company name"), max_length=200, required=False)
    job_title = forms.CharField(label=_("Job title"), max_length=120, required=False)
    email = forms.EmailField(label=_("Email"), max_length=254, required=False)
    phone = PhoneField(label=_("Phone"))
    industry = forms.CharField(label=_("Industry"), max_length=120, required=False)
    city = forms.CharField(label=_("City"), max_length=120, required=False)
    country = forms.CharField(label=_("Country"), max_length=2, required=False, help_text=_("Two letters, such as IN."))
    language = forms.CharField(label=_("Language"), max_length=10, required=False)
    timezone = forms.CharField(label=_("Timezone"), max_length=64, required=False)
    tags = TagsField(label=_("Tags"))
    do_not_contact = forms.BooleanField(label=_("Do not contact"), required=False)
    do_not_ai = forms.BooleanField(required=False, label=_("No machine writes to this contact"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["kind"] = cleaned.get("kind") or Contact.Kind.PERSON.value
        zone = cleaned.get("timezone")
        if zone and zone not in available_timezones():
            self.add_error("timezone", gettext("Enter a time zone such as Asia/Kolkata."))
        return cleaned


class CreateContactForm(ContactForm):
    """A new contact."""

    source = forms.ChoiceField(
        label=_("Source"), choices=[("", _("Typed in")), *Contact.Source.choices], required=False
    )
    owner = OwnerField(label=_("Owner"), help_text=_("Empty: you, if you sell."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["source"] = cleaned.get("source") or Contact.Source.MANUAL.value
        return cleaned


class UpdateContactForm(EditForm, ContactForm):
    """What may be corrected on a contact; its owner has a verb of its own."""

    stage = forms.ChoiceField(label=_("Stage"), choices=Contact.Stage.choices)

    @classmethod
    def values(cls, row: Any) -> dict[str, Any]:
        """Return what the form starts with, tags by their names."""
        return super().values(row) | {"tags": [tag.name for tag in row.tags.all()]}
