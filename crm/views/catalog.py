"""The pages of the catalog."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.listing import export_page, list_page
from core.doors import door
from core.pages import page, paginate
from crm.forms.catalog import SetPriceForm
from crm.lists import ITEMS
from crm.models import Item
from crm.queries.catalog import entries_of, item_for, price_list_for, price_lists_for
from crm.sheets import BOTH, ask, sheet

list_ = list_page(ITEMS, bar="crm/catalog/_switch.html")
export = export_page(ITEMS)
new = sheet(
    "item.create", None, title=_("New item"), submit=_("Add item"), message=_("Item added."), goes="crm:item-list"
)
edit = sheet(
    "item.update",
    item_for,
    title="{.name}",
    submit=_("Save item"),
    message=_("Item saved."),
    goes="crm:item-list",
    back="crm:item-list",
)


@door("contact:read")
def price_lists(request: HttpRequest) -> HttpResponse:
    """The price lists: what some customers pay."""
    return page(request, "crm/catalog/price_lists.html", {"rows": price_lists_for(request.actor)})


@door("contact:read")
def price_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The prices on one list, and a form to set one."""
    row = price_list_for(request.actor, pk)
    entries = entries_of(row, request.GET.get("q", "").strip())
    context = {
        "price_list": row,
        "rows": paginate(entries, request.GET.get("cursor", ""), order=("item__name", "pk")),
        "form": SetPriceForm(),
        "items": Item.objects.active().order_by("name")[:500],
    }
    return page(request, "crm/catalog/price_list.html", context)


price_list_new = sheet(
    "price_list.create",
    None,
    title=_("New price list"),
    submit=_("Add price list"),
    message=_("Price list added. Put prices on it."),
)
price_list_edit = sheet("price_list.update", price_list_for, title="{.name}", submit=_("Save"), message=_("Saved."))


@door("item:manage", BOTH)
def price(request: HttpRequest, pk: int) -> HttpResponse:
    """What an item costs on a list; an empty price takes it off."""
    row = price_list_for(request.actor, pk)
    return ask(
        request,
        "price_list.set_price",
        row,
        title=gettext("A price on %(row)s") % {"row": row},
        submit=gettext("Save price"),
        intro=f"In {row.currency}.",
        initial={"item": request.GET.get("item", ""), "unit_price": request.GET.get("price", "")},
        to=row,
        message=gettext("Saved."),
        items=Item.objects.active().order_by("name")[:500],
    )
