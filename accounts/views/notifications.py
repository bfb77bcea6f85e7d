"""What one was told: list, open, mark read."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.notify import mark_all_read, mark_read
from accounts.queries.notifications import notification_for, notifications_for
from core.doors import Request, signed_in
from core.pages import done, page, paginate

LIST = "accounts:notifications"


@signed_in()
def list_(request: Request) -> HttpResponse:
    """What one was told, the newest first."""
    found = notifications_for(request.actor, unread=request.GET.get("show") == "unread")
    rows = paginate(found, request.GET.get("cursor", ""), order=("-created_at", "-pk"))
    parts = ("notification-rows",)
    return page(request, "accounts/notifications/list.html", {"rows": rows}, parts=parts)


@signed_in(("GET", "HEAD", "POST"))
def open_(request: Request, pk: int) -> HttpResponse:
    """Go to what a notification is about; by its button on the list it becomes read, too."""
    actor = request.actor
    row = notification_for(actor, pk)
    if request.method == "POST":
        mark_read(row, actor=actor)
    # Only addresses of our own are kept in a notification; anything else leads to the list.
    own = row.url.startswith("/") and not row.url.startswith("//")
    return HttpResponseRedirect(row.url if own else reverse(LIST))


@signed_in(("POST",))
def read_all(request: Request) -> HttpResponse:
    """Mark everything read."""
    actor = request.actor
    if actor.user is not None:
        mark_all_read(actor.user, actor=actor)
    return done(request, reverse(LIST), _("All read."))
