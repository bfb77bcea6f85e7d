"""Who acts: found once per request, from the session or, for the API, from a key."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.actions.api_keys import touch
from accounts.actor import Actor
from accounts.models import User, Workspace
from accounts.queries.people import key_of_secret
from core import clock
from core.doors import Request

Answer = Callable[[HttpRequest], HttpResponse]
SESSION_NOTED_EVERY = 300
NEEDS_FACTOR = _("Administrators sign in with a second factor. Set one up to go on.")


class ActorMiddleware:
    """Sets `request.actor`, and the person's time zone and language while the request lasts."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        request.actor = find_actor(request)
        user = request.user
        with Workspace.read_once():
            translation.activate(language_of(request, user))
            if not isinstance(user, User):
                return self.get_response(request)
            with timezone.override(ZoneInfo(user.timezone)):
                return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Send administrators without a second factor to where they set one up, if required."""
        user = request.user
        if not settings.REQUIRE_STAFF_MFA or not user.is_authenticated or not user.is_staff:
            return None
        if view.__module__.startswith("allauth.") or is_mfa_enabled(user):
            return None
        if request.path.startswith("/api/"):
            body = {"status": 403, "code": "second_factor_required", "detail": NEEDS_FACTOR}
            return JsonResponse(body, status=403, content_type="application/problem+json")
        messages.warning(request, NEEDS_FACTOR)
        response: HttpResponse = HttpResponseRedirect(reverse("mfa_activate_totp"))
        if request.headers.get("HX-Request"):
            response = HttpResponse(status=403, headers={"HX-Redirect": response["Location"]})
        return response


class SessionActivityMiddleware:
    """Notes when and whence a session was used, at most every five minutes: a page is no write."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.session.session_key:
            at = int(clock.now().timestamp())
            if at - request.session.get("noted_at", 0) >= SESSION_NOTED_EVERY:
                request.session["noted_at"] = at
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


def language_of(request: HttpRequest, user: Any) -> str:
    """Answer the language for this request: the person's choice, the device's, else the workspace's.

    `LocaleMiddleware` found the device's already; a program that asks for none gets English.
    """
    chosen = getattr(user, "language", "")
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    asked = f"{cookie},{request.headers.get('Accept-Language', '')}".lower()
    ours = tuple(code[:2] for code, _ in settings.LANGUAGES)
    known = any(tag.strip().startswith(ours) for tag in asked.split(","))
    if not chosen and not known and "text/html" in request.headers.get("Accept", ""):
        chosen = Workspace.current().default_language
    return chosen or translation.get_language()


def find_actor(request: HttpRequest) -> Actor:
    """Answer who acts. With a Bearer key, even a wrong one, the session counts for nothing."""
    where: dict[str, Any] = {
        "via": _door(request.path),
        "request_id": getattr(request, "request_id", ""),
        "ip": client_ip(request),
    }
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if request.path.startswith("/api/") and scheme.lower() == "bearer":
        request.user = AnonymousUser()
        key = key_of_secret(secret.strip())
        if key is None:
            return Actor.anonymous(**where)
        touch(key)
        return Actor.for_key(key, **where)
    user = get_user(request)
    request.user = user  # the person, not the lazy object: actions lock and events name them
    return Actor.for_user(user, **where) if isinstance(user, User) else Actor.anonymous(**where)


def client_ip(request: HttpRequest) -> str:
    """Answer the address of the client: the one that the outermost trusted proxy saw."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return hops[-trusted][:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def _door(path: str) -> str:
    if path.startswith("/api/"):
        return "api"
    return "admin" if path.startswith("/admin/") else "page"
