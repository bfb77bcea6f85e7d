"""How a field of a form is drawn and called, and what its complaint says."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _


def prepared(bound: BoundField) -> tuple[str, dict[str, Any]]:
    """The kind of a field (field, check, picks) and the attributes that its input gets."""
    field, widget = bound.field, bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check", {}
    if isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
        return "picks", {}
    attrs: dict[str, Any] = {"class": f"in {widget.attrs.get('class', '')}".strip()}
    if isinstance(field, forms.DateTimeField) and isinstance(widget, forms.DateTimeInput):
        widget.format = "%Y-%m-%dT%H:%M"
        widget.input_type = "datetime-local"
    elif isinstance(field, forms.DateField) and isinstance(widget, forms.DateInput):
        widget.format = "%Y-%m-%d"
        widget.input_type = "date"
    elif isinstance(field, forms.EmailField):
        attrs |= {"inputmode": "email", "autocapitalize": "none"}
    elif "phone" in bound.name:
        widget.input_type = "tel"
        attrs |= {"inputmode": "tel"}
    elif isinstance(field, (forms.DecimalField, forms.IntegerField)):
        attrs |= {"inputmode": "decimal"}
    if isinstance(widget, forms.Textarea):
        attrs["rows"] = str(widget.attrs.get("rows") if widget.attrs.get("rows") != "10" else "3")
    if not isinstance(widget, (forms.FileInput, forms.Select)):
        attrs["autocomplete"] = str(widget.attrs.get("autocomplete", "off"))
    return "field", attrs


def named(bound: BoundField) -> str:
    """The label of a field; one that Django made of its name is translated here."""
    return _(str(bound.label)) if bound.label else ""


def said(bound: BoundField, text: Any) -> str:
    """A field's complaint in words that name what to do; Django's own says only that it is required."""
    if str(text) != str(forms.Field.default_error_messages["required"]):
        return str(text)
    asks = _("Choose the %(field)s.") if isinstance(bound.field, forms.ChoiceField) else _("Enter the %(field)s.")
    return asks % {"field": named(bound).lower()}
