"""The pages of the catalog."""

from django.http import HttpRequest, HttpResponse

from core.doors import door
from core.pages import page
from crm.queries.catalog import item_for, items_for
from crm.sheets import listed, sheet

VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "": ("On sale", {"state": "active"}),
    "retired": ("Off sale", {"state": "retired"}),
}


@door("contact:read")
def list_(request: HttpRequest) -> HttpResponse:
    """What is sold, and for how much."""
    context = listed(request, items_for, VIEWS)
    if not request.actor.can("item:manage"):
        context["views"] = context["views"][:1]
    return page(request, "crm/catalog/list.html", context, parts=("item-rows",))


new = sheet(
    "item.create",
    None,
    title="New item",
    submit="Add item",
    message="Item added.",
    goes="crm:item-list",
)
edit = sheet(
    "item.update",
    item_for,
    title="{.name}",
    submit="Save item",
    message="Item saved.",
    goes="crm:item-list",
    back="crm:item-list",
)
