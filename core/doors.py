"""Who may come in by a page's door: every view carries exactly one of these decorators."""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

View = Callable[..., HttpResponse]
READ = ("GET", "HEAD")
WRITE = ("POST",)


class Request(HttpRequest):
    """Django's request as it comes in at a door: with who acts, and what htmx tells of itself."""

    actor: Any  # accounts.actor.Actor, which stands above core
    htmx: HtmxDetails


def door(permission: str, methods: tuple[str, ...] = READ) -> Callable[[View], View]:
    """Let in whoever is signed in and holds `permission` for some row; rows are judged further in."""

    def stop(request: Request) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        if permission:
            request.actor.require(permission)
        return None

    return _guarded(permission or "signed-in", methods, stop)


def signed_in(methods: tuple[str, ...] = READ) -> Callable[[View], View]:
    """Let in everybody who is signed in; the page shows only what is their own."""
    return door("", methods)


def public(methods: tuple[str, ...] = READ) -> Callable[[View], View]:
    """Let everybody in; the view itself reads a token, a signature or nothing private at all."""
    return _guarded("public", methods, lambda request: None)


def _guarded(
    permission: str, methods: tuple[str, ...], stop: Callable[[Request], HttpResponse | None]
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @functools.wraps(view)
        def enter(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return stop(request) or view(request, *args, **kwargs)

        enter.permission = permission  # type: ignore[attr-defined]
        enter.methods = methods  # type: ignore[attr-defined]
        return enter

    return decorate


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Answer a stranger: a redirect to the sign-in page, and 401 with HX-Redirect for a fragment."""
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = reverse(settings.LOGIN_URL)
        return response
    return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
