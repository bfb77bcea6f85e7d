"""Trying out whether mail leaves: a fragment of the set-up, a page of its own without script."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.actions import run
from core.doors import door
from core.pages import done, page
from outreach.queries.channels import last_test


@door("settings:manage", methods=("GET", "HEAD", "POST"))
def test(request: HttpRequest) -> HttpResponse:
    """Send a mail to oneself, and see whether it was handed over or why not."""
    if request.method == "POST":
        run("channel.test", actor=request.actor, data={})
        if not request.htmx:
            return done(request, reverse("outreach:channel-test"))
    context = {"test": last_test(request.actor), "address": request.user.email}
    return page(request, "outreach/channels/test.html", context, parts=("channel-test",))
