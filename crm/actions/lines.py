"""What is sold in a deal: lines with prices, all in the deal's one currency."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid
from core.money import Money
from crm.forms.fields import NOT_ON_SALE
from crm.models import Deal, DealLine, Item, PriceList
from crm.queries.catalog import prices_for


def make_lines(deal: Deal, given: Sequence[Mapping[str, Any]], *, reprice: bool) -> list[DealLine]:
    """Return lines, not stored yet; a price that is not given, or with `reprice`, is the list's or the catalog's.

    What is off sale may stay, but not come in. Raises Invalid.
    """
    items = [line["item"] for line in given if line.get("item")]
    if retired := {item.pk for item in items if not item.is_active}:
        held = deal.lines.filter(item__in=retired).values_list("item_id", flat=True)
        if retired.difference(held):
            raise Invalid({"lines": [NOT_ON_SALE]})
    book = prices_for(deal, items)
    return [_line(deal, order, line, book, reprice) for order, line in enumerate(given, 1)]


def check_money(deal: Deal, facts: Mapping[str, Any]) -> None:
    """Keep one currency in a deal: that of its lines and of its price list."""
    currency = facts.get("currency") or deal.currency
    if currency != deal.currency and deal.lines.exists():
        words = _("What is sold is priced in %(currency)s. Take the lines out, then change the currency.") % {
            "currency": deal.currency
        }
        raise Invalid({"currency": [words]})
    check_list(deal, facts.get("price_list", deal.price_list), currency, held=deal.price_list_id)


def check_list(deal: Deal, price_list: PriceList | None, currency: str = "", *, held: int | None = None) -> None:
    """Raise Invalid for a price list of another currency than the deal's, or out of use and not `held` already."""
    currency = currency or deal.currency
    if price_list is not None and price_list.pk != held and not price_list.is_active:
        raise Invalid({"price_list": [_("Choose a price list that is in use.")]})
    if price_list is not None and price_list.currency != currency:
        words = _("%(price_list)s is in %(its)s, the deal in %(currency)s. Choose a list in %(currency)s.") % {
            "price_list": price_list,
            "its": price_list.currency,
            "currency": currency,
        }
        raise Invalid({"price_list": [words]})


def _line(deal: Deal, order: int, given: Mapping[str, Any], book: Mapping[int, int], reprice: bool) -> DealLine:
    item: Item | None = given.get("item")
    price = None if reprice and item else given.get("unit_price_minor")
    if price is None and given.get("unit_price") is not None and not (reprice and item):
        price = Money.of(given["unit_price"], deal.currency).minor
    if price is None and item is not None:
        price = book.get(item.pk)
        if price is None:
            words = _("Give a price for %(item)s in %(currency)s: the catalog has it in %(its)s only.") % {
                "item": item,
                "currency": deal.currency,
                "its": item.currency,
            }
            raise Invalid({"lines": [words]})
    if price is None or price < 0:
        raise Invalid({"lines": [_("Give every line a price.")]})
    return DealLine(
        deal=deal,
        item=item,
        description=(given.get("description") or (item.name if item else ""))[:300],
        quantity=Decimal(given.get("quantity") or 1).quantize(Decimal("0.001")),
        unit_price_minor=price,
        order=order,
    )
