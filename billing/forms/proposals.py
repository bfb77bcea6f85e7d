"""What may be said of a proposal, by us and by the customer."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.values import Line
from core.money import Money
from core.numbers import is_number
from crm.models import Item

MAX_LINES = 40
MAX_PRICE_MINOR = 100_000_000_000


class LinesField(forms.Field):
    """Lines as a list of dicts (agents); see `lines_from_post` for the page's columns."""

    default_error_messages = {"required": _("Add at least one line.")}

    def to_python(self, value: Any) -> list[Line]:
        """Return the lines; every wrong one is named by its number."""
        if not value:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise forms.ValidationError(gettext("Send lines as a list of name, quantity and unit_price."))
        if len(value) > MAX_LINES:
            raise forms.ValidationError(gettext("Use at most %(most)s lines.") % {"most": MAX_LINES})
        wrong: list[str] = []
        lines: list[Line] = []
        for number, entry in enumerate(value, start=1):
            try:
                lines.append(_line(entry))
            except ValueError as error:
                wrong.append(gettext("Line %(number)s: %(error)s") % {"number": number, "error": error})
        if wrong:
            raise forms.ValidationError(wrong)
        return lines


class ProposalForm(forms.Form):
    """A proposal's words, date and lines."""

    title = forms.CharField(label=_("Title"), max_length=160, error_messages={"required": _("Give it a title.")})
    summary = forms.CharField(label=_("Summary"), max_length=5000, required=False, widget=forms.Textarea)
    valid_until = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}), label=_("Valid until")
    )
    terms = forms.CharField(label=_("Terms"), max_length=5000, required=False, widget=forms.Textarea)
    lines = LinesField(label=_("Lines"))


class DraftProposalForm(ProposalForm):
    """A first draft: everything but the lines may be left to us."""

    title = forms.CharField(label=_("Title"), max_length=160, required=False)


class ReviseProposalForm(ProposalForm):
    """An edit; `version` refuses to overwrite somebody else's."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("Reason"), max_length=500, required=False, widget=forms.Textarea)


class AcceptForm(forms.Form):
    """The customer's signature."""

    name = forms.CharField(
        max_length=120,
        min_length=2,
        label=_("Type your full name to sign"),
        error_messages={"required": _("Type your full name to sign.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "in lg"}),
    )
    agree = forms.BooleanField(
        label=_("Agree"), error_messages={"required": _("Tick the box to agree to the terms, then accept.")}
    )
    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class DeclineForm(forms.Form):
    """The customer's no, with a reason if they like."""

    reason = forms.CharField(
        max_length=500, required=False, label=_("What is missing, or too much?"), widget=forms.Textarea
    )


class QuestionForm(forms.Form):
    """The customer's question."""

    question = forms.CharField(
        max_length=2000,
        label=_("Your question"),
        error_messages={"required": _("Write your question first.")},
        widget=forms.Textarea,
    )


def lines_from_post(data: Any, currency: str) -> list[dict[str, Any]]:
    """Return the page's line columns as a list of dicts; empty rows are dropped."""
    columns = [data.getlist(name) for name in ("line_item", "line_name", "line_quantity", "line_price")]
    about = data.getlist("line_description")
    rows = []
    for index, (item, name, quantity, price) in enumerate(zip(*columns, strict=False)):
        if name.strip() or item.strip():
            rows.append(
                {
                    "item": item.strip() or None,
                    "name": name,
                    "description": about[index] if index < len(about) else "",
                    "quantity": quantity.strip() or "1",
                    "unit_price": price,
                    "currency": currency,
                }
            )
    return rows


def _line(entry: dict[str, Any]) -> Line:
    item = _item(entry.get("item"))
    name = str(entry.get("name") or (item.name if item else "")).strip()
    if not name:
        raise ValueError("Say what it is.")
    quantity = _decimal(entry.get("quantity", 1), gettext("Enter a quantity, like 1 or 2.5."))
    if not 0 < quantity <= 1_000_000 or quantity != round(quantity, 2):
        raise ValueError("Enter a quantity above 0, with at most two decimals.")
    return Line(
        name=name[:160],
        quantity=quantity,
        unit_price_minor=_price(entry, item),
        description=str(entry.get("description") or "").strip()[:500],
        item_id=item.pk if item else None,
    )


def _item(given: Any) -> Item | None:
    if given is None or given == "":
        return None
    if not is_number(str(given)):
        raise ValueError("Choose an item from the list.")
    item = Item.objects.filter(pk=int(given), is_active=True).first()
    if item is None:
        raise ValueError("That item is not in the catalogue any more.")
    return item


def _price(entry: dict[str, Any], item: Item | None) -> int:
    given = entry.get("unit_price")
    if given is None or given == "":
        if item is None:
            raise ValueError("Enter a price.")
        return int(item.unit_price_minor)
    currency = str(entry.get("currency") or (item.currency if item else "INR"))
    amount = _decimal(str(given).replace(",", "").strip(), gettext("Enter a price, like 12000 or 99.50."))
    money = Money.of(amount, currency)
    if money.decimal != amount:
        raise ValueError("That price has too many decimals.")
    if not 0 <= money.minor <= MAX_PRICE_MINOR:
        raise ValueError("Enter a price of 0 or more.")
    return money.minor


def _decimal(value: Any, message: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(message) from error
    if not number.is_finite():
        raise ValueError(message)
    return number
