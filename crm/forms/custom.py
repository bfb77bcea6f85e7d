"""Custom fields in forms: an input of the right type each, and `custom` as an object for programs."""

import re
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import JSONField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import EditForm
from crm.models import CustomField
from crm.queries.custom_fields import fields_of

EMPTY: tuple[Any, ...] = (None, "")
JSON_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "text": ((str,), "text"),
    "number": ((int, float), "a number"),
    "date": ((str,), "a date as text, such as 2026-11-21"),
    "choice": ((str,), "text"),
    "yes-no": ((bool,), "true or false"),
    "url": ((str,), "text"),
}
RESERVED = {*JSONField.get_lookups(), "pk"}


class ChosenField(forms.ChoiceField):
    """One of a list, written in any case; a file's and a program's words for yes and no count too."""

    WORDS: ClassVar = {"true": "yes", "1": "yes", "y": "yes", "false": "no", "0": "no", "n": "no"}

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value)).strip()
        known = {str(choice).casefold(): str(choice) for choice, _label in self.choices}
        folded = text.casefold()
        return known.get(folded) or known.get(self.WORDS.get(folded, folded), text)


def input_of(one: CustomField) -> forms.Field:
    """Return the form field that a custom field is asked with."""
    common: dict[str, Any] = {"required": False, "label": one.label}
    if one.type == CustomField.Type.NUMBER:
        return forms.DecimalField(max_digits=15, decimal_places=4, **common)
    if one.type == CustomField.Type.DATE:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(widget=widget, **common)
    if one.type == CustomField.Type.URL:
        return forms.URLField(max_length=500, assume_scheme="https", **common)
    if one.type in (CustomField.Type.CHOICE, CustomField.Type.YES_NO):
        listed = [(str(word), str(word)) for word in one.choices]
        offered = listed if one.type == CustomField.Type.CHOICE else [("yes", _("Yes")), ("no", _("No"))]
        return ChosenField(choices=[("", "–"), *offered], **common)
    return forms.CharField(max_length=500, **common)


def stored(one: CustomField, value: Any) -> Any:
    """Return a cleaned value as JSON holds it, None for none."""
    if value in EMPTY:
        return None
    if one.type == CustomField.Type.YES_NO:
        return value == "yes"
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if one.type == CustomField.Type.DATE else value


def read_custom(one: CustomField, text: Any) -> Any:
    """Return the value that a text means, None for none; raises ValidationError saying what would be right."""
    return stored(one, input_of(one).clean(text))


class CustomForm(forms.Form):
    """A form with the custom fields of its noun; `custom` in the cleaned data holds only what was said.

    People get one input for each field, programs send an object. A required field must be said when a row is
    made, and may not be emptied later.
    """

    noun: ClassVar[str]
    custom = forms.JSONField(
        required=False, widget=forms.HiddenInput, help_text=_("Values of custom fields by their key.")
    )

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        self.defined = fields_of(self.noun)
        held = self.initial.get("held") or {}
        for one in self.defined:
            value = held.get(one.key)
            self.fields[one.input_name] = input_of(one)
            self.fields[one.input_name].required = one.is_required and not self.is_bound
            words = {True: "yes", False: "no"} if isinstance(value, bool) else {}
            self.initial.setdefault(one.input_name, words.get(value, value))
        if "custom" not in self.data:
            del self.fields["custom"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        sent = cleaned.get("custom") or {}
        if not isinstance(sent, dict):
            self.add_error("custom", gettext("Send an object of custom fields and their values."))
            sent = {}
        known = {one.key: one for one in self.defined}
        if unknown := [str(key)[:80] for key in sent.keys() - known.keys()]:
            names = ", ".join(sorted(known)) or "none"
            self.add_error(
                "custom",
                gettext("Unknown: %(unknown)s. Known ones: %(names)s.")
                % {"unknown": ", ".join(sorted(unknown)), "names": names},
            )
        said: dict[str, Any] = {}
        for one in self.defined:
            typed = cleaned.pop(one.input_name, None)
            self.fields[one.input_name].required = one.is_required
            if one.key in sent:
                said[one.key] = self._from_json(one, sent[one.key])
            elif one.input_name in self.data:
                said[one.key] = stored(one, typed)
            missing = said.get(one.key) is None and one.input_name not in self.errors
            if one.is_required and missing and (one.key in said or not isinstance(self, EditForm)):
                place = "custom" if "custom" in self.fields else one.input_name
                self.add_error(place, gettext("%(label)s: this is required.") % {"label": one.label})
        cleaned["custom"] = said
        return cleaned

    def _from_json(self, one: CustomField, value: Any) -> Any:
        kinds, words = JSON_TYPES[one.type]
        if value is None:
            return None
        if not isinstance(value, kinds) or (isinstance(value, bool) and one.type != "yes-no"):
            self.add_error("custom", gettext("%(label)s: send %(words)s.") % {"label": one.label, "words": words})
            return None
        try:
            return read_custom(one, value)
        except forms.ValidationError as error:
            self.add_error("custom", [f"{one.label}: {text}" for text in error.messages])
            return None


class ChoicesField(forms.Field):
    """A list of words: one a line, or a JSON list."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        words = list(dict.fromkeys(str(line).strip() for line in lines if str(line).strip()))
        if len(words) > 200 or any(len(word) > 80 for word in words):
            raise forms.ValidationError(gettext("At most 200 choices of 80 letters fit here."))
        return words


class UpdateCustomFieldForm(forms.Form):
    """What may change on a field that rows already answer."""

    label = forms.CharField(label=_("Label"), max_length=80)
    choices = ChoicesField(label=_("Choices"), required=False, help_text=_("For a list: one choice a line."))
    is_required = forms.BooleanField(required=False, label=_("Required"))
    order = forms.IntegerField(
        label=_("Order"), min_value=0, max_value=999, required=False, help_text=_("Small numbers come first.")
    )


class CreateCustomFieldForm(UpdateCustomFieldForm):
    """A new question."""

    noun = forms.ChoiceField(label=_("About"), choices=CustomField.Noun.choices)
    type = forms.ChoiceField(label=_("Type"), choices=CustomField.Type.choices)
    key = forms.CharField(
        label=_("Key"),
        max_length=40,
        required=False,
        help_text=_("Its name for programs and files. Empty: from the label."),
    )
    field_order = ("noun", "label", "type", "choices", "is_required", "order", "key")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        named = cleaned.get("key") or cleaned.get("label") or ""
        key = re.sub(r"[^a-z0-9]+", "_", named.casefold()).strip("_")[:40]
        if named and not re.match(r"[a-z]", key):
            self.add_error("key", gettext("Start the name with a letter from a to z, such as budget."))
        elif key in RESERVED:
            self.add_error("key", gettext("“%(key)s” is taken by the product. Choose another name.") % {"key": key})
        cleaned.pop("key", None)
        return cleaned | {"slug": key}
