"""REST for what belongs to people: their names, and the views of lists that they saved."""

from typing import Any

from django.db.models import QuerySet
from ninja import Router

from accounts.actor import Actor
from accounts.models import SavedView, User
from accounts.queries.saved_views import view_for, views_for
from core.api import SIGNED_IN
from core.openapi import TEXT, shows
from core.verbs import browse, by, offer

router = Router(tags=["People"])


@shows(User, "id is_active", name=TEXT)
def person(row: User) -> dict[str, Any]:
    """Return a colleague by id and name."""
    return {"name": str(row)}


@shows(SavedView, "id user_id page name query is_shared is_pinned position")
def view(row: SavedView) -> dict[str, Any]:
    """Return a view of a list."""
    return {}


def colleagues(actor: Actor) -> QuerySet[User]:
    """Everybody who works here or once did: records name them."""
    return User.objects.all()


browse(router, "/people", SIGNED_IN, person, colleagues, search=("name__icontains",), orderings=by("name"))
browse(router, "/views", "profile:update", view, views_for, filters={"page": "page"}, orderings=by("position"))
offer(router, "POST /views", "view.save", view)
offer(router, "PATCH /views/{int:pk}", "view.update", view, view_for)
offer(router, "DELETE /views/{int:pk}", "view.delete", view, view_for)
