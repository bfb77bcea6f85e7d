"""Live pages: one poller for each process reads new event rows and hands them to the open lines.

A message says only that something happened and names ids; fragments fetch themselves under their own rules.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse

from core.errors import Invalid
from core.models import Event
from core.numbers import is_number

LOOK_SECONDS = 0.25
RECHECK_SECONDS = 3.0  # a line ends at most 5 s after its reader lost the right to it
PING_SECONDS = 20.0
GAP_SECONDS = 2.0  # how long a missing id is looked for: PostgreSQL shows ids out of order
SLACK = timedelta(milliseconds=300)  # between the time that an event carries and its commit
REPLAYED = 500  # events; who missed more is told to fetch everything anew
WAITING = 200  # messages that a slow reader may leave lying
COLUMNS = ("name", "subject_type", "subject_id", "contact_id", "data", "at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_3000 = 32_503_680_000_000_000
log = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Line:
    """One open line: what it says is queued here, from any thread. Subclasses know who listens to what."""

    def __init__(self) -> None:
        self.after: int | None = None
        self.said: list[tuple[int, str, Mapping[str, Any]]] = []
        self._queue: asyncio.Queue[str | None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def hear(cls, lines: Sequence["Line"], events: Sequence[Event]) -> None:
        """Tell each line what it may know of these events; called every few seconds without events, too.

        End the lines whose readers lost their right. Works on all lines at once, in a fixed number of queries.
        """
        raise NotImplementedError

    def say(self, kind: str, number: int = 0, **data: Any) -> None:
        """Send one message; `number` is where the reader goes on after a break."""
        if self._loop is None or self._queue is None:
            self.said.append((number, kind, data))
            return
        mark = f"id: {number}\n" if number else ""
        self._put(f"{mark}event: {kind}\ndata: {json.dumps(data)}\n\n")

    def end(self, reason: str) -> None:
        """Say why, then close the line."""
        self.say("end", reason=reason)
        if self._loop is not None:
            self._put(None)

    def _put(self, text: str | None) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._keep, text)

    def _keep(self, text: str | None) -> None:
        queue = self._queue
        if queue is None:
            return
        if queue.qsize() >= WAITING and text is not None:
            while not queue.empty():
                queue.get_nowait()
            text = "event: refresh\ndata: {}\n\n"
        queue.put_nowait(text)

    async def stream(self, send: Send) -> None:
        """Send what is said, with a sign of life in between, until the line ends."""
        self._loop, self._queue = asyncio.get_running_loop(), asyncio.Queue()
        POLLER.join(self)
        text: str | None = "retry: 3000\n\n"
        try:
            while text is not None:
                body = {"type": "http.response.body", "body": text.encode(), "more_body": True}
                await send(body)
                try:
                    text = await asyncio.wait_for(self._queue.get(), PING_SECONDS)
                except TimeoutError:
                    text = ": still here\n\n"
            await send({"type": "http.response.body", "body": b""})
        finally:
            POLLER.leave(self)


async def serve(pages: Any, scope: Any, receive: Receive, send: Send) -> None:
    """Let a page's view decide as for any page; then stream the line that it left in the scope, without a thread."""
    scope["line"] = None

    async def answer_first(message: dict[str, Any]) -> None:
        if scope["line"] is None:
            await send(message)  # a refusal, or what there is to say now
        elif message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            await send({**message, "headers": headers})

    await pages(scope, receive, answer_first)
    if scope["line"] is not None:
        streaming = asyncio.ensure_future(scope["line"].stream(send))
        leaving = asyncio.ensure_future(_gone(receive))
        await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (streaming, leaving):
            task.cancel()
        await asyncio.gather(streaming, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


class Poller:
    """The one reader of new event rows in this process; it rests while no line is open."""

    def __init__(self) -> None:
        self.lines: set[Line] = set()
        self.last = 0
        self.gaps: dict[int, float] = {}
        self._newcomers: list[Line] = []
        self._checked = 0.0
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def join(self, line: Line) -> None:
        """Take a line on from now, or from the event after `line.after`."""
        with self._wake:
            self._newcomers.append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
            self._wake.notify()

    def leave(self, line: Line) -> None:
        """Forget a line."""
        with self._wake:
            self.lines.discard(line)
            if line in self._newcomers:
                self._newcomers.remove(line)

    def close(self) -> None:
        """End every line: the process is about to stop."""
        for line in list(self.lines):
            line.end("restart")

    def look(self) -> None:
        """Read what is new once, and hand it on; newcomers hear first what they missed."""
        with self._wake:
            newcomers, idle = list(self._newcomers), not self.lines
        if idle:
            self.last, self.gaps = newest(), {}
        for line in newcomers:
            catch_up(line, self.last)
        with self._wake:  # who left meanwhile is no newcomer any more
            self.lines.update(line for line in newcomers if line in self._newcomers)
            self._newcomers = [line for line in self._newcomers if line not in self.lines]
            lines = list(self.lines)
        events = self.fresh()
        now = time.monotonic()
        if events or now - self._checked >= RECHECK_SECONDS:
            self._checked = now
            for kind in {type(line) for line in lines}:
                kind.hear([line for line in lines if type(line) is kind], events)

    def fresh(self) -> list[Event]:
        """Return the rows that came since, and those whose ids were skipped a moment ago."""
        now = time.monotonic()
        self.gaps = {pk: until for pk, until in self.gaps.items() if until > now}
        where = Q(pk__gt=self.last) | Q(pk__in=list(self.gaps))
        rows = list(Event.objects.filter(where).only(*COLUMNS).order_by("pk")[:REPLAYED])
        for row in rows:
            self.gaps.pop(row.pk, None)
            if row.pk > self.last:
                missing = range(max(self.last + 1, row.pk - REPLAYED), row.pk)
                self.gaps.update(dict.fromkeys(missing, now + GAP_SECONDS))
                self.last = row.pk
        return rows

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self.lines or self._newcomers)
            try:
                self.look()
            except Exception:  # the database went away: the next look finds it again
                log.warning("live lines: could not look", exc_info=True)
                connection.close()
                for line in list(self.lines):
                    line.say("refresh")
            time.sleep(LOOK_SECONDS)


POLLER = Poller()


def answer(request: HttpRequest, line: Line) -> HttpResponse:
    """Answer with the line as a stream of server-sent events, or with what there is to say now (`?poll=1`).

    A server that would hold a thread for each stream answers 204: the page asks every 20 s instead.
    """
    line.after = position(request)
    if request.GET.get("poll"):
        last = newest()
        catch_up(line, last)
        line.hear([line], [])
        said = [{"event": kind, "id": pk, "data": data} for pk, kind, data in line.said]
        return JsonResponse({"last": last, "messages": said})
    scope = getattr(request, "environ", {}).get("asgi.scope", {})
    if "line" not in scope:
        return HttpResponse(status=204)
    scope["line"] = line
    response = HttpResponse(content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def position(request: HttpRequest) -> int | None:
    """Return the event after which the reader goes on: by its id, or by the microsecond when the page was made."""
    given = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    since = request.GET.get("since", "")
    if (given and not is_number(given)) or (since and not is_number(since)):
        raise Invalid({"after": ["Send the number of the last message."]})
    if given:
        return int(given)
    if not since:
        return None
    made = _EPOCH + timedelta(microseconds=min(int(since), _YEAR_3000)) - SLACK
    late = Event.objects.order_by("-pk").values_list("pk", "at")[: REPLAYED + 1]
    earlier = next((pk for pk, at in late if at < made), None)
    return earlier if earlier is not None else max(newest() - REPLAYED - 1, 0)


def catch_up(line: Line, last: int) -> None:
    """Tell a line what it missed up to `last`; "refresh" when that is too much."""
    line.say("open", last)
    if line.after is None or line.after >= last:
        return
    missed = Event.objects.filter(pk__gt=line.after, pk__lte=last).only(*COLUMNS).order_by("pk")
    events = list(missed[: REPLAYED + 1])
    if len(events) > REPLAYED:
        line.say("refresh", last)
    else:
        line.hear([line], events)


def newest() -> int:
    """Return the number of the newest event."""
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
