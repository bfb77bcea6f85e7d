"""One port: pages through a fixed pool of threads (connections persist), live streams without any."""

import contextlib
import os
import signal
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from a2wsgi import WSGIMiddleware

from config.wsgi import application as wsgi

LIVE = ("/live/", "/api/v1/crm/live/")
pages = WSGIMiddleware(wsgi, workers=8)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve pages by the thread pool, live lines without it; answer the server's start and stop."""
    from core.stream import serve

    if scope["type"] == "lifespan":
        end_lines_first()
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "http" and scope["path"].startswith(LIVE):
        await serve(pages, scope, receive, send)
    elif scope["type"] == "http":
        await pages(scope, receive, send)


def end_lines_first() -> None:
    """End the open lines when the server is told to stop; it would wait for them until its grace is over."""
    from core.stream import POLLER

    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(signum: int, frame: Any, before: Any = before) -> None:
            POLLER.close()
            if callable(before):
                before(signum, frame)

        with contextlib.suppress(ValueError):  # a server in a thread hears no signals
            signal.signal(number, stop)
