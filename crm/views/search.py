"""The search page and the palette: one address, one answer."""

from django.http import HttpRequest, HttpResponse

from accounts.queries.navigation import nav_for
from core.doors import signed_in
from core.pages import page
from crm.queries.palette import palette
from crm.search import MOST_TYPED


@signed_in()
def search(request: HttpRequest) -> HttpResponse:
    """What can be opened, grouped; without a text what was worked on last."""
    typed = request.GET.get("q", "")[:MOST_TYPED].strip().replace("\0", "")
    places = [entry for group in nav_for(request.user) for entry in group.entries]
    groups = palette(request.actor, typed, places)
    context = {"typed": typed, "groups": groups, "count": sum(len(one.options) for one in groups)}
    return page(request, "crm/search/list.html", context, parts=("pal-list", "search-results"))
