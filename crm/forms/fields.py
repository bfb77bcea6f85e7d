"""Form fields that several forms of the app share: phones, money, tags, lists of rows, owners."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from core.money import CURRENCIES, EXPONENTS, Money
from core.numbers import is_number
from crm.models import Item

NOT_ON_SALE = _("Choose an item on sale, or type its article number.")


class DateInput(forms.DateInput):
    """The browser's own date picker."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class PhoneField(forms.CharField):
    """A phone number; whoever knows the country it is dialled in, the action, says whether it is one."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        super().__init__(**kwargs)


class OwnerField(forms.ModelChoiceField):
    """One of the people who may sign in."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("empty_label", _("Nobody"))
        people = User.objects.filter(is_active=True).order_by("name", "email")
        super().__init__(people, **kwargs)


class ItemField(forms.ModelChoiceField):
    """An item of the catalog: its key as a number, or its article number, alone or as "A-1 · Name".

    Whether one that is off sale may stay is the action's to say.
    """

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Item.objects.all(), **kwargs)

    def to_python(self, value: Any) -> Item | None:
        if value in self.empty_values:
            return None
        text = str(getattr(value, "pk", value)).partition(" · ")[0].strip()
        found = None
        if isinstance(value, str):
            found = self.queryset.filter(sku__iexact=text.replace("\0", "")).first()
        if found is None and is_number(text):
            found = self.queryset.filter(pk=int(text)).first()
        if found is None:
            raise forms.ValidationError(NOT_ON_SALE)
        return found


class TagsField(forms.Field):
    """Tags as a list, or as text with commas between them."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("help_text", _("Separate tags with commas."))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        words = value if isinstance(value, list) else str(value or "").split(",")
        tags = {str(word).strip()[:40].casefold(): str(word).strip()[:40] for word in words}
        tags.pop("", None)
        return list(tags.values())


class RowsField(forms.Field):
    """A list of objects, or the JSON text of one; each row is cleaned by `form_class`."""

    widget = forms.Textarea

    def __init__(self, form_class: type[forms.Form], *, most: int = 200, **kwargs: Any) -> None:
        self.form_class, self.most = form_class, most
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, indent=1, ensure_ascii=False) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[dict[str, Any]]:
        rows = value
        if isinstance(value, str):
            try:
                rows = json.loads(value or "[]")
            except ValueError:
                raise forms.ValidationError(gettext("Send a list of objects.")) from None
        rows = rows or []
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise forms.ValidationError(gettext("Send a list of objects."))
        if len(rows) > self.most:
            raise forms.ValidationError(gettext("At most %(most)s rows fit here.") % {"most": self.most})
        cleaned, problems = [], []
        for number, row in enumerate(rows, 1):
            form = self.form_class(row)
            if form.is_valid():
                cleaned.append(form.cleaned_data)
            problems += [
                gettext("Row %(number)s, %(field)s: %(text)s") % {"number": number, "field": field, "text": text}
                for field, texts in form.errors.items()
                for text in texts
            ]
        if problems:
            raise forms.ValidationError(problems)
        return cleaned


def version_field() -> forms.IntegerField:
    """The version that the person saw; another one in the database refuses the edit."""
    return forms.IntegerField(required=False, widget=forms.HiddenInput)


class EditForm(forms.Form):
    """A correction of a row: it starts with what the row holds, and another version refuses it."""

    version = version_field()

    @classmethod
    def values(cls, row: Any) -> dict[str, Any]:
        """Return what the form starts with."""
        money = getattr(cls, "money_name", "")
        plain = cls.base_fields.keys() - {money, "custom"}
        held = {name: getattr(row, name) for name in plain} | {"held": getattr(row, "custom", {})}
        if money:
            held[money] = major(getattr(row, f"{money}_minor"), row.currency)
        return held


class ReassignForm(forms.Form):
    """Who looks after it from now on."""

    owner = OwnerField(label=_("Owner"), required=True, empty_label=_("Choose a person"))


class MoneyForm(forms.Form):
    """A form with an amount and its currency; JSON may send {"amount", "currency"} as the amount.

    The cleaned data carry `<money_name>_minor` and `currency` instead of the amount.
    """

    money_name = "value"

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        sent = data.get(self.money_name) if isinstance(data, Mapping) else None
        if isinstance(sent, Mapping):
            data = {
                **data,
                self.money_name: sent.get("amount"),
                "currency": sent.get("currency") or data.get("currency"),
            }
        super().__init__(data, *args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        currency = cleaned.get("currency") or Workspace.current().currency
        amount = cleaned.pop(self.money_name, None)
        cleaned[f"{self.money_name}_minor"] = None if amount is None else minor(amount, currency)
        cleaned["currency"] = currency
        return cleaned


def amount_field(**kwargs: Any) -> forms.DecimalField:
    """An amount in major units that fits the database; fractions of a minor unit are rounded."""
    kwargs.setdefault("required", False)
    return forms.DecimalField(min_value=Decimal(0), max_value=Decimal(10) ** 13, **kwargs)


def currency_field() -> forms.ChoiceField:
    """One of the currencies that the product offers; none means the workspace's."""
    return forms.ChoiceField(
        label=_("Currency"),
        choices=[("", _("As the workspace")), *((code, code) for code in CURRENCIES)],
        required=False,
    )


def minor(amount: Decimal, currency: str) -> int:
    """Return an amount of major units in minor units."""
    return Money.of(amount, currency).minor


def major(amount_minor: int | None, currency: str) -> Decimal | None:
    """Return an amount of minor units in major units, for a form to start with."""
    if amount_minor is None:
        return None
    return Decimal(amount_minor).scaleb(-EXPONENTS.get(currency, 2))
