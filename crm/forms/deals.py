"""What may be said about deals."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from core.numbers import is_number
from crm.forms.custom import CustomForm
from crm.forms.fields import (
    DateInput,
    EditForm,
    ItemField,
    MoneyForm,
    OwnerField,
    RowsField,
    amount_field,
    currency_field,
    version_field,
)
from crm.models import Contact, Lead, Pipeline, Playbook, PriceList, Stage

OTHER = gettext_noop("Another reason")
LOST_REASONS = (  # stored as they stand here
    gettext_noop("Price"),
    gettext_noop("A competitor"),
    gettext_noop("No budget"),
    gettext_noop("No decision"),
    gettext_noop("Bad timing"),
    gettext_noop("Something is missing"),
    gettext_noop("No answer"),
    OTHER,
)
LINE_ASKS = ("item", "description", "unit_price")


def price_list_field() -> forms.ModelChoiceField:
    """A price list; none means the customer's, else the catalog's prices. One out of use stays where it is."""
    lists = PriceList.objects.order_by("-is_active", "name")
    return forms.ModelChoiceField(
        lists, label=_("Price list"), required=False, empty_label=_("As the customer, else the catalog")
    )


class StageField(forms.ModelChoiceField):
    """A stage, named with its pipeline."""

    def __init__(self, **kwargs: Any) -> None:
        stages = Stage.objects.select_related("pipeline")
        stages = stages.order_by("pipeline__order", "pipeline__name", "order")
        super().__init__(stages, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.pipeline}: {obj}"


class DealForm(CustomForm, MoneyForm):
    """What every deal says."""

    noun = "deal"

    title = forms.CharField(label=_("Title"), max_length=200)
    stage = StageField(label=_("Stage"), required=False, empty_label=_("The first stage"))
    value = amount_field(label=_("Value"))
    currency = currency_field()
    expected_close_on = forms.DateField(label=_("Expected close on"), required=False, widget=DateInput())
    probability = forms.IntegerField(
        label=_("Probability"), min_value=0, max_value=100, required=False, help_text=_("Empty: the stage's own.")
    )
    agreed_on = forms.DateField(
        label=_("Verbal agreement on"), required=False, widget=DateInput(),
        help_text=_("The day on which they said yes by word of mouth."),
    )  # fmt: skip
    price_list = price_list_field()


class CreateDealForm(DealForm):
    """A new deal with a contact."""

    contact = forms.ModelChoiceField(Contact.objects.all(), label=_("Contact"))
    pipeline = forms.ModelChoiceField(
        Pipeline.objects.filter(is_active=True).order_by("order", "name"),
        label=_("Pipeline"),
        required=False,
        empty_label=_("The default pipeline"),
    )
    lead = forms.ModelChoiceField(Lead.objects.all(), required=False, widget=forms.HiddenInput)
    owner = OwnerField(label=_("Owner"), help_text=_("Empty: you, if you sell."))


class UpdateDealForm(EditForm, DealForm):
    """What may be corrected on an open deal."""

    @classmethod
    def values(cls, row: Any) -> dict[str, Any]:
        """Return what the form starts with; a probability of the stage's own is left empty."""
        held = super().values(row)
        return held if row.probability_is_manual else held | {"probability": None}


class MoveDealForm(forms.Form):
    """Which stage a deal goes to."""

    stage = StageField(label=_("Stage"))


class WinDealForm(forms.Form):
    """On which day the customer said yes."""

    closed_on = forms.DateField(
        label=_("Closed on"),
        required=False,
        widget=DateInput(),
        help_text=_("Empty: today, if a close date was expected."),
    )


class LoseDealForm(forms.Form):
    """Why the customer said no: one of the usual reasons or any other, and in one's own words."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.RadioSelect(choices=[(word, _(word)) for word in LOST_REASONS])
    )
    detail = forms.CharField(label=_("In your words"), max_length=150, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        detail = cleaned.pop("detail", "")
        if cleaned.get("reason") == OTHER and not detail:
            self.add_error("detail", gettext("Say in a few words what the reason was."))
        elif cleaned.get("reason"):
            cleaned["reason"] = f"{cleaned['reason']}: {detail}" if detail else cleaned["reason"]
        return cleaned


class SnoozeDealForm(forms.Form):
    """Until when a deal rests, and why."""

    until = forms.DateField(label=_("Until"), widget=DateInput())
    reason = forms.CharField(label=_("Reason"), max_length=200)


class StartProcessForm(forms.Form):
    """Which playbook a deal follows."""

    playbook = forms.ModelChoiceField(Playbook.objects.order_by("pk"), label=_("Playbook"), to_field_name="key")


class DealLineForm(forms.Form):
    """One thing sold; the catalog fills what is left empty."""

    item = ItemField(label=_("Item"), required=False)
    description = forms.CharField(label=_("Description"), max_length=300, required=False)
    quantity = forms.DecimalField(
        label=_("Quantity"), min_value=Decimal("0.001"), max_digits=12, decimal_places=3, initial=1
    )
    unit_price = amount_field(label=_("Unit price"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("item") and not cleaned.get("description") and "item" not in self.errors:
            raise forms.ValidationError(gettext("Choose an item or describe what is sold."))
        return cleaned


class SetLinesForm(forms.Form):
    """All lines of a deal: JSON `lines`, or a page's `lines-0-item`, `lines-0-quantity`."""

    lines = RowsField(DealLineForm, label=_("Lines"), required=False)
    price_list = price_list_field()
    reprice = forms.BooleanField(label=_("Take the prices of all items from the list anew"), required=False)
    version = version_field()

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        if isinstance(data, Mapping) and "lines" not in data:
            data = {**{name: data.get(name) for name in data}, "lines": _rows_of(data)}
        super().__init__(data, *args, **kwargs)


def _rows_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for name in data:
        prefix, _, rest = name.partition("-")
        number, _, field = rest.partition("-")
        if prefix == "lines" and is_number(number) and field:
            rows.setdefault(int(number), {})[field] = data.get(name)
    return [row for _, row in sorted(rows.items()) if any(row.get(field) for field in LINE_ASKS)]
