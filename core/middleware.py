"""Two thin layers around every request: an id that logs and events carry, and the content policy."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from core.logs import request_id
from core.metrics import REQUESTS

log = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponse]
_TEXT = re.compile(r"text/|image/svg|application/(json|javascript|manifest|problem)")
_ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,40}")


class RequestIdMiddleware:
    """Takes a well-formed X-Request-ID from the proxy or makes one; answers with it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        identifier = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        request.request_id = identifier  # type: ignore[attr-defined]
        token, started = request_id.set(identifier), time.monotonic()
        try:
            response = self.get_response(request)
            self.note(request, response, time.monotonic() - started)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = identifier
        return response

    def note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        """Count a request and log it by its route: an address may hold a secret."""
        if request.resolver_match is None:
            return
        route, method = request.resolver_match.route, request.method or ""
        REQUESTS.labels(route, method, response.status_code // 100).observe(seconds)
        said = {"route": f"{method} /{route}", "answer": response.status_code}
        log.info("request", extra={**said, "ms": round(seconds * 1000)})


class CompressMiddleware(GZipMiddleware):
    """Compresses text on the wire, padded at random against guessing; downloads and live lines go as they are."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress what is text, and neither a download nor a line that stays open."""
        kind = response.get("Content-Type", "")
        if (
            not _TEXT.match(kind)
            or kind.startswith("text/event-stream")
            or "attachment" in response.get("Content-Disposition", "")
        ):
            return response
        return super().process_response(request, response)


class ContentPolicyMiddleware:
    """Sends the Content-Security-Policy of settings.SECURE_CSP, unless the view set its own."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", self.policy)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if getattr(request, "user", None) is not None and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store" if request.user.is_authenticated else "no-cache"
        return response
