"""The way out that stands in every first message and follow-up; nobody signs in for it."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts.actor import Actor
from core.doors import public
from core.pages import page
from crm.queries.consent import is_suppressed
from outreach.actions.inbound import stop_writing
from outreach.queries.outgoing import message_of_way_out


@never_cache
@csrf_exempt
@public(methods=("GET", "HEAD", "POST"))
def way_out(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing, for scanners follow links; the button does, and the mail program's own (RFC 8058)."""
    message = message_of_way_out(token)
    if request.method == "POST":
        stop_writing(message, actor=replace(Actor.system("way out", via="link"), ip=request.actor.ip))
    return page(request, "outreach/public/way_out.html", {"is_over": is_suppressed("email", message.to_address)})
