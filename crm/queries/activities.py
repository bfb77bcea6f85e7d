"""Reading activities."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import Activity
from crm.queries.filters import one


def activities_for(actor: Actor, *, permission: str = "activity:read") -> QuerySet[Activity]:
    """Return the activities that the actor may see, newest first."""
    rows = Activity.objects.select_related("contact", "lead__contact", "deal__contact", "actor")
    return actor.visible(permission, rows).order_by("-created_at", "-id")


def activity_for(actor: Actor, pk: int, permission: str = "activity:read") -> Activity:
    """Return one activity that the actor may see; raises NotFound."""
    rows = activities_for(actor, permission=permission)
    return one(rows, pk, _("There is no such activity. It may have been deleted."))
