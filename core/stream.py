"""Live pages: server-sent events that say only that something changed; fragments fetch themselves under their rules."""

import asyncio
from collections.abc import AsyncIterator, Callable

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from core.models import Event

LOOK_SECONDS = 1.0
ASK_AGAIN_EVERY = 5  # looks; a stream ends at most 5 s after its reader lost the right to it
PING_EVERY = 20
LONGEST = 900  # looks; the browser connects again by itself
OVERLAP = 50  # ids become visible out of order on PostgreSQL


def stream(request: HttpRequest, where: Q, *, allowed: Callable[[], bool]) -> HttpResponseBase:
    """Answer with a stream of "change" messages, one per event row that `where` matches from now on.

    `allowed` is asked every few seconds and ends the stream when it says no. A server that holds a thread for
    each stream (WSGI) answers 204, which tells the browser not to ask again.
    """
    if not isinstance(request, ASGIRequest):
        return HttpResponse(status=204)
    response = StreamingHttpResponse(_messages(where, allowed), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _messages(where: Q, allowed: Callable[[], bool]) -> AsyncIterator[str]:
    look = sync_to_async(_changes)
    ask = sync_to_async(allowed)
    last = await sync_to_async(_newest)()
    seen = {pk for pk, _name in await look(where, last - OVERLAP)}
    yield "retry: 3000\n\n"
    for number in range(1, LONGEST):
        await asyncio.sleep(LOOK_SECONDS)
        if number % ASK_AGAIN_EVERY == 0 and not await ask():
            yield "event: end\ndata: signed-out\n\n"
            return
        fresh = [(pk, name) for pk, name in await look(where, last - OVERLAP) if pk not in seen]
        for pk, name in fresh:
            seen.add(pk)
            last = max(last, pk)
            yield f"id: {pk}\nevent: change\ndata: {name}\n\n"
        if number % PING_EVERY == 0:
            yield ": still here\n\n"


def _newest() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _changes(where: Q, after: int) -> list[tuple[int, str]]:
    return list(
        Event.objects.filter(where, pk__gt=after).order_by("pk").values_list("pk", "name")[:100]
    )
