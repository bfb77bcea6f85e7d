"""The catalog: items and price lists are made, priced and taken off sale; none is deleted, since deals name them."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.actions import action
from core.errors import Invalid
from core.events import publish
from core.money import Money
from crm.events import ItemChanged, PriceListChanged
from crm.forms import catalog as forms
from crm.forms.fields import NOT_ON_SALE
from crm.matching import squeeze
from crm.models import Item, PriceList


@action("item.create", permission="item:manage", form=forms.CreateItemForm)
def create_item(*, actor: Actor, sku: str, name: str, unit_price_minor: int, currency: str, **facts: Any) -> Item:
    """Put a product or service on sale. Publishes ItemChanged. Invalid when the article number is taken."""
    _check_number(sku)
    item = Item.objects.create(
        sku=sku,
        name=name,
        name_folded=squeeze(name)[:200],
        unit_price_minor=unit_price_minor,
        currency=currency,
        **facts,
    )
    publish(ItemChanged(item.pk, item.name, item.is_active), actor=actor)
    return item


@action("item.update", permission="item:manage", form=forms.UpdateItemForm)
def update_item(item: Item, *, actor: Actor, version: int | None = None, **values: Any) -> Item:
    """Change an item or take it off sale; what was sold keeps its price. Publishes ItemChanged."""
    item.check_version(version)
    if "sku" in values:
        _check_number(values["sku"], item)
    if "name" in values:
        values["name_folded"] = squeeze(values["name"])[:200]
    item.store(**values)
    publish(ItemChanged(item.pk, item.name, item.is_active), actor=actor)
    return item


@action("price_list.create", permission="item:manage", form=forms.CreatePriceListForm)
def create_price_list(*, actor: Actor, name: str, currency: str) -> PriceList:
    """Make an empty price list in one currency. Publishes PriceListChanged."""
    _check_name(name)
    price_list = PriceList.objects.create(name=name, currency=currency)
    publish(PriceListChanged(price_list.pk, name), actor=actor)
    return price_list


@action("price_list.update", permission="item:manage", form=forms.UpdatePriceListForm)
def update_price_list(price_list: PriceList, *, actor: Actor, version: int | None = None, **values: Any) -> PriceList:
    """Rename a price list, or put it in or out of use; deals keep their prices. Publishes PriceListChanged."""
    price_list.check_version(version)
    if "name" in values:
        _check_name(values["name"], price_list)
    price_list.store(**values)
    publish(PriceListChanged(price_list.pk, price_list.name), actor=actor)
    return price_list


@action("price_list.set_price", permission="item:manage", form=forms.SetPriceForm)
def set_price(price_list: PriceList, *, actor: Actor, item: Item, unit_price: Decimal | None = None) -> PriceList:
    """Say what an item costs on a list, in major units; None takes it off the list. Publishes PriceListChanged."""
    if unit_price is None:
        price_list.entries.filter(item=item).delete()
    elif not (item.is_active or price_list.entries.filter(item=item).exists()):
        raise Invalid({"item": [NOT_ON_SALE]})
    else:
        price = Money.of(unit_price, price_list.currency).minor
        price_list.entries.update_or_create(item=item, defaults={"unit_price_minor": price})
    price_list.store()
    publish(PriceListChanged(price_list.pk, price_list.name), actor=actor)
    return price_list


def _check_name(name: str, price_list: PriceList | None = None) -> None:
    same = PriceList.objects.filter(name__iexact=name)
    if (same.exclude(pk=price_list.pk) if price_list else same).exists():
        raise Invalid({"name": [_("There is a price list of this name.")]})


def _check_number(sku: str, item: Item | None = None) -> None:
    same = Item.objects.filter(sku__iexact=sku)
    if (same.exclude(pk=item.pk) if item else same).exists():
        raise Invalid({"sku": [_("Another item has this article number.")]})
