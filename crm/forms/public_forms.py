"""The builder of public forms, and the form that strangers fill in."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import OwnerField, PhoneField, version_field
from crm.models import PublicForm

LABELS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("Email"),
    "phone": _("Phone"),
    "business_name": _("Business"),
    "industry": _("Industry"),
    "city": _("City"),
    "country": _("Country (two letters)"),
    "note": _("How can we help?"),
}


class PublicFormForm(forms.Form):
    """What a public form asks and what happens with its leads."""

    slug = forms.SlugField(label=_("Slug"), max_length=60)
    title = forms.CharField(label=_("Title"), max_length=120)
    intro = forms.CharField(label=_("Intro"), max_length=2000, required=False, widget=forms.Textarea)
    fields_asked = forms.MultipleChoiceField(
        choices=list(LABELS.items()), widget=forms.CheckboxSelectMultiple, label=_("Fields")
    )
    consent_text = forms.CharField(label=_("Consent text"), max_length=2000, required=False, widget=forms.Textarea)
    thank_you = forms.CharField(label=_("Thank you"), max_length=2000, required=False, widget=forms.Textarea)
    is_active = forms.BooleanField(label=_("Is active"), required=False, initial=True)
    owner = OwnerField(label=_("Owner"), empty_label=_("By the routing rules"))
    version = version_field()

    def clean_fields_asked(self) -> list[str]:
        asked: list[str] = self.cleaned_data["fields_asked"]
        if not {"email", "phone"} & set(asked):
            raise forms.ValidationError(gettext("Ask for the email address or the phone."))
        return [name for name in LABELS if name in asked]

    @classmethod
    def values(cls, row: PublicForm) -> dict[str, Any]:
        """Return what the form starts with."""
        names = cls.base_fields.keys() - {"fields_asked"}
        return {name: getattr(row, name) for name in names} | {"fields_asked": row.fields}


def public_form_class(public_form: PublicForm) -> type[forms.Form]:
    """Return the form that strangers fill in; `website` is the trap that people never see."""
    asked: dict[str, Any] = {}
    for name in public_form.fields or ("first_name", "email", "note"):
        label = LABELS[name]
        if name == "email":
            alone = "phone" not in public_form.fields
            asked[name] = forms.EmailField(max_length=254, label=label, required=alone)
        elif name == "phone":
            asked[name] = PhoneField(label=label, required="email" not in public_form.fields)
        elif name == "note":
            asked[name] = forms.CharField(max_length=5000, label=label, required=False, widget=forms.Textarea)
        elif name == "country":
            asked[name] = forms.CharField(max_length=2, label=label, required=False)
        else:
            asked[name] = forms.CharField(max_length=100, label=label, required=False)
    if public_form.consent_text:
        asked["consent"] = forms.BooleanField(required=False, label=public_form.consent_text)
    asked["website"] = forms.CharField(
        required=False, label=gettext("Leave this empty"), widget=forms.TextInput(attrs={"tabindex": "-1"})
    )
    return type("StrangerForm", (_StrangerForm,), asked)


class _StrangerForm(forms.Form):
    """At least one way to answer."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        tried = {"email", "phone"} & self.errors.keys()
        if not (cleaned.get("email") or cleaned.get("phone") or tried):
            raise forms.ValidationError(gettext("Give an email address or a phone number."))
        return cleaned
