"""The catalog: items are made, priced and taken off sale; none is deleted, since deals name them."""

from typing import Any

from accounts.actor import Actor
from core.actions import action
from core.errors import Invalid
from core.events import publish
from crm.events import ItemChanged
from crm.forms.catalog import CreateItemForm, UpdateItemForm
from crm.matching import squeeze
from crm.models import Item


@action("item.create", permission="item:manage", form=CreateItemForm)
def create_item(
    *, actor: Actor, sku: str, name: str, unit_price_minor: int, currency: str, **facts: Any
) -> Item:
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


@action("item.update", permission="item:manage", form=UpdateItemForm)
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


def _check_number(sku: str, item: Item | None = None) -> None:
    same = Item.objects.filter(sku__iexact=sku)
    if (same.exclude(pk=item.pk) if item else same).exists():
        raise Invalid({"sku": ["Another item has this article number."]})
