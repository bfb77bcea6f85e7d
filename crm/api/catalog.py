"""REST for what is sold, what it costs on which list, and the second pair of eyes on large deals."""

from typing import Any

from django.db.models import QuerySet
from ninja import Router

from core.verbs import browse, by, offer
from crm.api import shapes
from crm.models import PriceListEntry
from crm.queries.approvals import approval_for, approvals_for
from crm.queries.catalog import item_for, items_for, price_list_for, price_lists_for

router = Router(tags=["Catalog"])


def prices(actor: Any) -> QuerySet[PriceListEntry]:
    """The prices on the lists that the actor may see."""
    return PriceListEntry.objects.filter(price_list__in=price_lists_for(actor)).select_related("price_list", "item")


browse(
    router,
    "/items",
    "contact:read",
    shapes.item,
    items_for,
    find=item_for,
    filters={"currency": "currency", "series": "series"},
    search=("name__icontains", "sku__icontains"),
    orderings=by("-created_at", "name"),
)
browse(router, "/price-lists", "contact:read", shapes.price_list, price_lists_for, find=price_list_for)
browse(
    router,
    "/prices",
    "contact:read",
    shapes.price,
    prices,
    filters={"price_list": "price_list_id", "item": "item_id"},
    orderings=by("pk"),
)
browse(
    router, "/approvals", "deal:approve", shapes.approval, approvals_for, filters={"state": "state", "deal": "deal_id"}
)
for route, action, shape, find in (
    ("POST /items", "item.create", shapes.item, None),
    ("PATCH /items/{int:pk}", "item.update", shapes.item, item_for),
    ("POST /price-lists", "price_list.create", shapes.price_list, None),
    ("PATCH /price-lists/{int:pk}", "price_list.update", shapes.price_list, price_list_for),
    ("PUT /price-lists/{int:pk}/prices", "price_list.set_price", shapes.price_list, price_list_for),
    ("POST /approvals/{int:pk}/approve", "deal.approve", shapes.approval, approval_for),
    ("POST /approvals/{int:pk}/reject", "deal.reject", shapes.approval, approval_for),
):
    offer(router, route, action, shape, find)
