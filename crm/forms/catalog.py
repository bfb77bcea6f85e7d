"""What a catalog item may hold."""

from django import forms

from core.money import CURRENCIES
from crm.forms.fields import EditForm, ItemField, MoneyForm, amount_field, currency_field


class CreateItemForm(MoneyForm):
    """A new product or service."""

    money_name = "unit_price"

    sku = forms.CharField(label="Article number", max_length=60)
    name = forms.CharField(max_length=200)
    unit_price = amount_field(label="Price", required=True)
    currency = currency_field()
    series = forms.CharField(max_length=80, required=False)
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea)


class UpdateItemForm(EditForm, CreateItemForm):
    """A changed product or service; proposals and deals that name it keep their prices."""

    is_active = forms.BooleanField(label="On sale", required=False)


class CreatePriceListForm(forms.Form):
    """A new price list; its currency stays."""

    name = forms.CharField(max_length=80)
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES])


class UpdatePriceListForm(EditForm):
    """A price list's name, and whether deals may use it."""

    name = forms.CharField(max_length=80)
    is_active = forms.BooleanField(label="In use", required=False)


class SetPriceForm(forms.Form):
    """What an item costs on a list."""

    item = ItemField(widget=forms.TextInput({"list": "items", "autocomplete": "off"}))
    unit_price = amount_field(label="Price", help_text="Empty: off the list.")
