"""What a catalog item may hold."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.money import CURRENCIES
from crm.forms.fields import EditForm, ItemField, MoneyForm, amount_field, currency_field


class CreateItemForm(MoneyForm):
    """A new product or service."""

    money_name = "unit_price"

    sku = forms.CharField(label=_("Article number"), max_length=60)
    name = forms.CharField(label=_("Name"), max_length=200)
    unit_price = amount_field(label=_("Price"), required=True)
    currency = currency_field()
    series = forms.CharField(label=_("Series"), max_length=80, required=False)
    description = forms.CharField(label=_("Description"), required=False, max_length=10_000, widget=forms.Textarea)


class UpdateItemForm(EditForm, CreateItemForm):
    """A changed product or service; proposals and deals that name it keep their prices."""

    is_active = forms.BooleanField(label=_("On sale"), required=False)


class CreatePriceListForm(forms.Form):
    """A new price list; its currency stays."""

    name = forms.CharField(label=_("Name"), max_length=80)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])


class UpdatePriceListForm(EditForm):
    """A price list's name, and whether deals may use it."""

    name = forms.CharField(label=_("Name"), max_length=80)
    is_active = forms.BooleanField(label=_("In use"), required=False)


class SetPriceForm(forms.Form):
    """What an item costs on a list."""

    item = ItemField(label=_("Item"), widget=forms.TextInput({"list": "items", "autocomplete": "off"}))
    unit_price = amount_field(label=_("Price"), help_text=_("Empty: off the list."))
