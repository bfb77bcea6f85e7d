"""REST for live channels: the same lines as our pages hold, for programs with a key."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from core.stream import answer
from crm.live import channels_of, open_line

router = Router(tags=["Live"])
DECLARED: dict[str, Any] = {"x-permission": "signed-in"}
ASKED = {
    "poll": "1: answer at once, as JSON, with what happened since `after`.",
    "after": "The id of the last message that you have.",
}
FOLLOWED = DECLARED | {
    "parameters": [
        {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in ASKED.items()
    ]
}  # fmt: skip


@router.get(
    "/live", summary="List the channels that you may follow.", openapi_extra=DECLARED, url_name=None
)
def channels(request: HttpRequest) -> dict[str, Any]:
    """Return the channels; each record has one of its own, such as `lead:5`."""
    names = channels_of(request.actor)
    return {
        "results": [{"channel": name, "url": f"{request.path}/{name}"} for name in names],
        "next": None,
    }


@router.get("/live/{channel}", summary="Follow a channel.", openapi_extra=FOLLOWED, url_name=None)
def follow(request: HttpRequest, channel: str) -> HttpResponse:
    """Server-sent events: `change` with a name and ids; `refresh`: fetch anew; `end` with the reason.

    Go on after a break with `Last-Event-ID` (or `?after=`). `?poll=1` answers at once, as JSON.
    """
    return answer(request, open_line(request, channel))
