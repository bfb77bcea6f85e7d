"""REST for activities."""

from ninja import Router

from core.verbs import browse, offer
from crm.api import shapes
from crm.lists import TASKS
from crm.queries.activities import activities_for, activity_for

router = Router(tags=["Activities"])
browse(
    router,
    "/activities",
    "activity:read",
    shapes.activity,
    activities_for,
    **TASKS.rest(),
)
offer(router, "POST /activities", "activity.create", shapes.activity)
for route, action in (
    ("PATCH /activities/{int:pk}", "activity.update"),
    ("POST /activities/{int:pk}/complete", "activity.complete"),
):
    offer(router, route, action, shapes.activity, activity_for)
