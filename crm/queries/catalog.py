"""Reading the catalog: everybody who signs in may know what is sold and for how much."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from accounts.actor import Actor
from crm.models import Item
from crm.queries.filters import one


def items_for(actor: Actor, filters: Mapping[str, Any] | None = None) -> QuerySet[Item]:
    """The items on sale, newest first; retired ones too for those who keep the catalog.

    Filters: q, series, state ("active", "retired").
    """
    wanted = filters or {}
    items = Item.objects.all() if actor.can("contact:read") else Item.objects.none()
    if not actor.can("item:manage"):
        items = items.active()
    if state := wanted.get("state"):
        items = items.filter(is_active=state == "active")
    if series := wanted.get("series"):
        items = items.filter(series__iexact=series)
    if text := wanted.get("q"):
        items = items.filter(Q(name__icontains=text) | Q(sku__icontains=text))
    return items.order_by("-created_at", "-pk")


def item_for(actor: Actor, pk: int) -> Item:
    """One item that the actor may see; raises NotFound."""
    return one(items_for(actor), pk, "There is no such item. It may have been taken off sale.")
