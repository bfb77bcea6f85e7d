"""One port: pages through a fixed pool of threads (connections persist), live streams natively."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

native = get_asgi_application()

from a2wsgi import WSGIMiddleware  # noqa: E402  (Django must be set up first)

from config.wsgi import application as wsgi  # noqa: E402

LIVE = ("/live/", "/api/v1/crm/live/")
pages = WSGIMiddleware(wsgi, workers=8)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve live lines natively, everything else by the thread pool; answer the server's start and stop."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "http" and scope["path"].startswith(LIVE):
        await native(scope, receive, send)
    elif scope["type"] == "http":
        await pages(scope, receive, send)
