"""The start pages, one's own profile, and the one-time link of an invitation."""

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.actions import people
from accounts.actor import Actor
from accounts.forms.hours import UpdateHoursForm
from accounts.forms.people import ChoosePasswordForm, FirstAdminForm, UpdateProfileForm
from accounts.models import User
from accounts.queries.navigation import landing_of
from accounts.queries.people import user_of_link
from accounts.views.asking import ask
from core import registry
from core.doors import Request, door, public, signed_in
from core.errors import NotFound
from core.pages import done, page

BOTH = ("GET", "HEAD", "POST")
YEAR = 365 * 24 * 3600


@signed_in()
def home(request: Request) -> HttpResponse:
    """Send everybody to the page where their day starts."""
    return HttpResponseRedirect(landing_of(_me(request)))


@signed_in()
def today(request: Request) -> HttpResponse:
    """What waits for this person now."""
    return _cards(request, _("Today"), "dashboard")


@door("analytics:read")
def dashboard(request: Request) -> HttpResponse:
    """How the business stands."""
    return _cards(request, _("Dashboard"), "today", request.GET.get("period", ""))


@signed_in(BOTH)
def profile(request: Request) -> HttpResponse:
    """One's own name, language and notifications; sign-in and security are linked."""
    me = _me(request)
    response = ask(
        request,
        people.update_profile,
        UpdateProfileForm,
        me,
        title=_("My profile"),
        back=reverse("accounts:home"),
        to=reverse("accounts:profile"),
        message=_("Profile saved."),
        template="accounts/profile/detail.html",
        person=me,
    )
    if response.status_code in {204, 303}:
        me.refresh_from_db()
        _remember(response, "theme", me.theme)
        if me.language:
            _remember(response, settings.LANGUAGE_COOKIE_NAME, me.language)
    return response


@signed_in(BOTH)
def hours(request: Request) -> HttpResponse:
    """One's own working hours, days off and reminders."""
    me = _me(request)
    return ask(
        request,
        people.update_hours,
        UpdateHoursForm,
        me,
        title=_("My working hours"),
        back=reverse("accounts:profile"),
        to=reverse("accounts:hours"),
        message=_("Working hours saved."),
    )


@public(("POST",))
def theme(request: Request) -> HttpResponse:
    """Keep the chosen theme on this device."""
    return _choose(request, "theme", "theme", set(User.Theme.values))


@public(("POST",))
def language(request: Request) -> HttpResponse:
    """Keep the chosen language on this device; what a person chose in their profile comes first."""
    return _choose(request, "language", settings.LANGUAGE_COOKIE_NAME, set(dict(settings.LANGUAGES)))


@public(BOTH)
def join(request: Request, purpose: str, token: str) -> HttpResponse:
    """The page behind a one-time link: choose a name and the first password."""
    if purpose not in {"invite", "first-admin"}:
        raise NotFound
    user = user_of_link(token, purpose)
    return ask(
        request,
        people.join,
        FirstAdminForm if purpose == "first-admin" else ChoosePasswordForm,
        user,
        initial={"name": user.name},
        actor=Actor.for_user(user, ip=request.actor.ip),
        title=_("Welcome"),
        submit=_("Save and sign in"),
        back="/",
        to=reverse(settings.LOGIN_URL),
        message=_("Password saved. Sign in with it."),
        template="accounts/join.html",
        person=user,
    )


def _cards(request: Request, title: str, not_of: str, *asked: str) -> HttpResponse:
    shown = (draw for key, draw in registry.CARDS.items() if not key.startswith(not_of))
    drawn = (card for draw in shown if (card := draw(request.actor, *asked)))
    cards = [render_to_string(name, values, request) for name, values in drawn]
    template = f"accounts/home/{'dashboard' if asked else 'cards'}.html"
    return page(request, template, {"title": title, "cards": cards, "period": (*asked, "")[0]})


def _me(request: Request) -> User:
    user: User | None = request.actor.user
    if user is None:
        raise NotFound
    return user


def _choose(request: Request, field: str, cookie: str, known: set[str]) -> HttpResponse:
    wanted, back = request.POST.get(field, ""), request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = done(request, back)
    if wanted in known:
        _remember(response, cookie, wanted)
    return response


def _remember(response: HttpResponse, cookie: str, wanted: str) -> None:
    response.set_cookie(cookie, wanted, max_age=YEAR, samesite="Lax", secure=settings.PRODUCTION)
