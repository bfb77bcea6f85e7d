"""Reading saved views: a person's own, and what others share."""

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import SavedView, User
from accounts.permissions import can
from core.errors import NotFound
from core.lists import SPECS, View

PINNED = 8


def views_of(user: User) -> list[SavedView]:
    """Answer the person's own views and the shared ones, of every list; asked once per request."""
    held: list[SavedView] | None = user.__dict__.get("_views")
    if held is None:
        if "no views" in user.frame:
            return []
        rows = _readable(user.pk).order_by("position", "name", "pk")
        held = user.__dict__["_views"] = list(rows[:500])
    return held


def views_for(actor: Actor) -> QuerySet[SavedView]:
    """Answer the views that the actor may look through: its person's own and the shared ones."""
    return _readable(actor.user_id or 0)


def tabs_of(actor: Actor, page: str) -> list[View]:
    """Answer the saved views of one list as its tabs."""
    rows = [row for row in views_of(actor.user) if row.page == page] if actor.user else []
    return [View(str(row.pk), row.name, row.query, row.user_id == actor.user_id, row.is_shared) for row in rows]


def pinned_of(user: User) -> list[tuple[SavedView, str]]:
    """Answer the views that the person pinned, with their addresses; at most eight."""
    own = [row for row in views_of(user) if row.is_pinned and row.user_id == user.pk]
    found = [one for one in own if one.page in SPECS and can(user, SPECS[one.page].permission)]
    return [(row, f"{reverse(SPECS[row.page].url_name)}?view={row.pk}") for row in found[:PINNED]]


def view_for(actor: Actor, pk: int) -> SavedView:
    """Answer one view of the actor's own; raises NotFound."""
    row = SavedView.objects.filter(pk=pk, user=actor.user_id or 0).first()
    if row is None:
        raise NotFound(_("This view is not there any more, or it is somebody else's."))
    return row


def _readable(user_id: int) -> QuerySet[SavedView]:
    return SavedView.objects.filter(Q(user=user_id) | Q(is_shared=True))
