"""REST for the search: what the palette finds among the records that the reader may see."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from core.api import SIGNED_IN, check_query, rest
from core.errors import Invalid
from core.openapi import NUMBER, TEXT, rows_of
from crm.queries.palette import records
from crm.search import MOST_TYPED

router = Router(tags=["Search"])
FOUND = dict.fromkeys(("noun", "name", "detail", "url"), TEXT) | {"id": NUMBER}
ASKED = {"q": {"type": "string", "maxLength": MOST_TYPED, "description": "Words, numbers or parts of an address."}}
HITS = {"type": "object", "properties": FOUND, "required": list(FOUND)}


@rest(router, "GET", "/search", permission=SIGNED_IN, query=ASKED, answers={200: rows_of(HITS)})
def search(request: HttpRequest) -> dict[str, Any]:
    """Find records of every kind by what people type; the nearest of each kind first."""
    check_query(request, ASKED)
    typed = request.GET.get("q", "")
    if len(typed) > MOST_TYPED or "\0" in typed:
        raise Invalid({"q": [f"Type at most {MOST_TYPED} characters."]})
    groups = records(request.actor, typed)
    hits = [
        {"noun": one.key.rpartition("-")[0], "id": one.row.pk, "name": one.text, "detail": one.detail, "url": one.url}
        for group in groups
        for one in group.options
    ]
    return {"results": hits, "next": None}
