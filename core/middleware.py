"""Two thin layers around every request: an id that logs and events carry, and the content policy."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.logs import request_id

Answer = Callable[[HttpRequest], HttpResponse]
_ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,40}")


class RequestIdMiddleware:
    """Takes a well-formed X-Request-ID from the proxy or makes one; answers with it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        identifier = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        request.request_id = identifier  # type: ignore[attr-defined]
        token = request_id.set(identifier)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = identifier
        return response


class ContentPolicyMiddleware:
    """Sends the Content-Security-Policy of settings.SECURE_CSP, unless the view set its own."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.policy = "; ".join(
            f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items()
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", self.policy)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if getattr(request, "user", None) is not None and "Cache-Control" not in response:
            response["Cache-Control"] = (
                "private, no-store" if request.user.is_authenticated else "no-cache"
            )
        return response
