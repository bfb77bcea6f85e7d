"""Reading activities."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from accounts.actor import Actor
from crm.models import Activity
from crm.queries.filters import narrow, one

COLUMNS = ("type",)
IDS = ("contact", "lead", "deal")
SEARCHED = ("subject__icontains", "body__icontains")


def activities_for(
    actor: Actor, filters: Mapping[str, Any] | None = None, *, permission: str = "activity:read"
) -> QuerySet[Activity]:
    """Return the activities that the actor may see, newest first.

    Filters: type, contact, lead, deal, actor ("me", "none" or an id), state (open, done), q.
    """
    rows = Activity.objects.select_related("contact", "lead__contact", "deal__contact", "actor")
    given = {"owner" if name == "actor" else name: value for name, value in (filters or {}).items()}
    visible = actor.visible(permission, rows)
    rows = narrow(visible, given, actor, COLUMNS, SEARCHED, ids=IDS, owner="actor")
    if state := given.get("state"):
        rows = rows.filter(completed_at__isnull=state == "open")
    return rows.order_by("-created_at", "-id")


def activity_for(actor: Actor, pk: int, permission: str = "activity:read") -> Activity:
    """Return one activity that the actor may see; raises NotFound."""
    rows = activities_for(actor, permission=permission)
    return one(rows, pk, "There is no such activity. It may have been deleted.")
