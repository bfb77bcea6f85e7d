"""What a catalog item may hold."""

from django import forms

from crm.forms.fields import EditForm, MoneyForm, amount_field, currency_field


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
