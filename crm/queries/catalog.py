"""Reading the catalog: everybody who signs in may know what is sold and for how much."""

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import Deal, Item, PriceList, PriceListEntry
from crm.queries.filters import one


def items_for(actor: Actor) -> QuerySet[Item]:
    """The items on sale, newest first; retired ones too for those who keep the catalog."""
    items = Item.objects.all() if actor.can("contact:read") else Item.objects.none()
    if not actor.can("item:manage"):
        items = items.active()
    return items.order_by("-created_at", "-pk")


def item_for(actor: Actor, pk: int) -> Item:
    """One item that the actor may see; raises NotFound."""
    return one(items_for(actor), pk, _("There is no such item. It may have been taken off sale."))


def price_lists_for(actor: Actor) -> QuerySet[PriceList]:
    """All price lists, by name; those who sign in may know them."""
    rows = PriceList.objects.all() if actor.can("contact:read") else PriceList.objects.none()
    return rows.annotate(size=Count("entries")).order_by("name", "pk")


def price_list_for(actor: Actor, pk: int) -> PriceList:
    """One price list; raises NotFound."""
    return one(price_lists_for(actor), pk, _("There is no such price list."))


def entries_of(price_list: PriceList, text: str = "") -> QuerySet[PriceListEntry]:
    """The prices on a list, by the items' names."""
    rows = price_list.entries.select_related("item")
    if text:
        rows = rows.filter(Q(item__name__icontains=text) | Q(item__sku__icontains=text))
    return rows.order_by("item__name", "pk")


def list_of(deal: Deal) -> PriceList | None:
    """The price list that a deal uses: its own, else its customer's, when that is in use and in its currency."""
    if deal.price_list is not None:
        return deal.price_list
    theirs = deal.contact.price_list
    return theirs if theirs and theirs.is_active and theirs.currency == deal.currency else None


def prices_for(deal: Deal, items: Iterable[Item]) -> dict[int, int]:
    """What each of these items costs in a deal, in minor units: by its list, else the catalog in its currency."""
    known = {item.pk: item for item in items}
    found = {pk: item.unit_price_minor for pk, item in known.items() if item.currency == deal.currency}
    if known and (price_list := list_of(deal)):
        listed = price_list.entries.filter(item__in=known)
        found |= dict(listed.values_list("item_id", "unit_price_minor"))
    return found
