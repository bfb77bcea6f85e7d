"""What the frame around every page shows."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User, Workspace
from accounts.queries.navigation import commands_for, dock_for, nav_for, topic_of
from accounts.queries.saved_views import pinned_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """Answer the workspace's name and the theme and, to those signed in, menu, bottom bar and unread count."""
    user = getattr(request, "user", None)
    chosen = request.COOKIES.get("theme", "")
    theme = chosen if chosen in User.Theme.values else getattr(user, "theme", User.Theme.SYSTEM)
    frame: dict[str, Any] = {"workspace": SimpleLazyObject(Workspace.current), "theme": str(theme)}
    if isinstance(user, User):
        shown = user.frame
        at = shown.get("restored", "")[:19]  # as the database writes a time, in UTC
        restored = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
        nav: Any = SimpleLazyObject(lambda: nav_for(user, request.path))
        frame |= {
            "nav": nav,
            "topic": SimpleLazyObject(lambda: topic_of(nav)),
            "dock": SimpleLazyObject(lambda: dock_for(user, nav)),
            "commands": SimpleLazyObject(lambda: commands_for(user)),
            "pins": SimpleLazyObject(lambda: pinned_of(user)),
            "unread": int(shown.get("unread", 0)),
            "workspace": {"name": shown.get("workspace", ""), "restored_at": restored},
        }
    return frame
