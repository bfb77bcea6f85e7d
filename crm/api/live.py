"""REST for live channels: the same lines as our pages hold, for programs with a key."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from core.api import SIGNED_IN, rest
from core.openapi import OBJECT, TEXT, rows_of
from core.stream import answer
from crm.live import channels_of, open_line

router = Router(tags=["Live"])
ASKED = {
    "poll": {**TEXT, "description": "1: answer at once, as JSON, with what happened since `after`."},
    "after": {**TEXT, "description": "The id of the last message that you have."},
}


@rest(router, "GET", "/live", permission=SIGNED_IN, answers={200: rows_of(OBJECT)})
def channels(request: HttpRequest) -> dict[str, Any]:
    """List the channels that you may follow; each record has one of its own, such as `lead:5`."""
    names = channels_of(request.actor)
    return {"results": [{"channel": name, "url": f"{request.path}/{name}"} for name in names], "next": None}


@rest(router, "GET", "/live/{channel}", permission=SIGNED_IN, query=ASKED, answers={200: {}, 204: None})
def follow(request: HttpRequest, channel: str) -> HttpResponse:
    """Follow a channel by server-sent events: `change` with a name and ids; `refresh`: fetch anew; `end` and why.

    Go on after a break with `Last-Event-ID` (or `?after=`). `?poll=1` answers at once, as JSON.
    """
    return answer(request, open_line(request, channel))
