"""One search over contacts, leads and deals, by name, email and phone."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from core.doors import signed_in
from core.pages import page
from crm.queries.contacts import contacts_for
from crm.queries.deals import deals_for
from crm.queries.leads import leads_for

SOURCES = (
    ("Contacts", "contact:read", contacts_for),
    ("Leads", "lead:read", leads_for),
    ("Deals", "deal:read", deals_for),
)
MOST = 8


@signed_in()
def search(request: HttpRequest) -> HttpResponse:
    """What matches, grouped; the palette asks the same address."""
    typed = request.GET.get("q", "").strip()[:100]
    context = {"typed": typed, "groups": _groups(typed, request.actor) if len(typed) > 1 else []}
    return page(request, "crm/search/list.html", context, parts=("pal-list", "search-results"))


def _groups(typed: str, actor: Any) -> list[dict[str, Any]]:
    """The first matches of each kind that the person may see."""
    groups = []
    for label, permission, find in SOURCES:
        if not actor.can(permission):
            continue
        found = find(actor, {"q": typed})[:MOST]
        if found:
            groups.append({"label": label, "rows": found})
    return groups
