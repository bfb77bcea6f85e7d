"""REST for activities."""

from ninja import Router

from core.verbs import browse, offer
from crm.api import shapes
from crm.lists import TASKS
from crm.queries.activities import activities_for, activity_for

router = Router(tags=["Activities"])
browse(router, "/activities", "activity:read", shapes.activity, activities_for, find=activity_for, **TASKS.rest())
offer(router, "POST /activities", "activity.create", shapes.activity)
offer(router, "POST /activities/log-call", "activity.log_call", shapes.activity)
for route, action in (
    ("PATCH /activities/{int:pk}", "activity.update"),
    ("POST /activities/{int:pk}/complete", "activity.complete"),
    ("POST /activities/{int:pk}/reopen", "activity.reopen"),
    ("POST /activities/{int:pk}/reassign", "activity.reassign"),
    ("DELETE /activities/{int:pk}", "activity.delete"),
    ("POST /activities/{int:pk}/cancel", "activity.cancel"),
):
    offer(router, route, action, shapes.activity, activity_for)
