"""REST for calendars: what somebody has planned on some days, and the pages where they can be booked."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from core import clock
from core.api import check_query, rest
from core.errors import Invalid
from core.hours import DAY
from core.openapi import rows_of, schema_of
from core.pages import paginate
from core.verbs import browse, offer
from crm.api import shapes
from crm.queries.bookings import booking_page_for, booking_pages_for
from crm.queries.calendar import MOST, MOST_DAYS, day_asked, people_seen, person_asked, planned_between  # fmt: skip

router = Router(tags=["Calendar"])
DATE = {"type": "string", "format": "date"}
ASKED = {
    "from": DATE | {"description": "The first day, on the caller's clock; today when not given."},
    "to": DATE | {"description": f"The last day; at most {MOST_DAYS} days."},
    "cursor": {"type": "string", "description": "Where the last answer ended."},
    "person": {"type": "integer", "description": "Whose calendar; one's own when not given."},
}


@rest(
    router, "GET", "/calendar", permission="activity:read", query=ASKED,
    answers={200: rows_of(schema_of(shapes.activity))},
)  # fmt: skip
def calendar(request: HttpRequest) -> dict[str, Any]:
    """Return what a person did and has to do on some days, in order."""
    check_query(request, ASKED)
    actor = request.actor
    first = day_asked(request.GET.get("from", ""), clock.today(actor.user.timezone), "from")
    last = day_asked(request.GET.get("to", ""), first + 6 * DAY, "to")
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Invalid({"to": [f"Ask for 1 to {MOST_DAYS} days, the last one not before the first."]})
    person = person_asked(people_seen(actor), request.GET.get("person", ""), actor)
    found = planned_between(actor, person, first, last, actor.user.timezone)
    order, cursor = ("due_at", "pk"), request.GET.get("cursor", "")
    rows = paginate(found, cursor, per_page=MOST, order=order, strict=True)
    return {"results": [shapes.activity(row) for row in rows.rows], "next": rows.next or None}


shape, one = shapes.booking_page, booking_page_for
browse(router, "/booking-pages", "activity:read", shape, booking_pages_for, find=one)
offer(router, "POST /booking-pages", "booking_page.create", shape)
offer(router, "PATCH /booking-pages/{int:pk}", "booking_page.update", shape, one)
