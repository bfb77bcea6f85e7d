"""The calendar: a week of one person, its feed, and the page where strangers book them."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from core import clock
from core.actions import run
from core.crypto import sha256
from core.doors import door, public, signed_in
from core.hours import DAY
from core.pages import done, page
from crm import ics
from crm.models import CalendarFeed
from crm.queries.activities import activity_for
from crm.queries.bookings import own_booking_page
from crm.queries.calendar import (
    MOST,
    day_asked,
    days_of,
    feed_of,
    people_seen,
    person_asked,
    planned_between,
)  # fmt: skip
from crm.queries.hours import hours_of
from crm.sheets import BOTH, ask, press, sheet

WEEK = timedelta(days=7)


@door("activity:read")
def week(request: HttpRequest) -> HttpResponse:
    """One person's week: columns of days on a laptop, an agenda on a phone."""
    actor = request.actor
    people = list(people_seen(actor))
    person = person_asked(people, request.GET.get("person", ""), actor)
    zone = actor.user.timezone
    day = day_asked(request.GET.get("week", ""), clock.today(zone))
    monday = day - DAY * day.weekday()
    rows = planned_between(actor, person, monday, monday + 6 * DAY, zone)[:MOST]
    days, hours = days_of(rows, monday, zone), hours_of(person)
    for one in days:
        one.is_off = not hours.works(one.on)

    starts = {"before": monday - WEEK, "after": monday + WEEK, "now": clock.today(zone), "here": monday}
    links = {name: f"?week={start}&person={person.pk}" for name, start in starts.items()}
    context = links | {
        "person": person, "people": people, "is_own": person.pk == actor.user_id, "days": days,
        "monday": monday, "sunday": monday + 6 * DAY, "zone": zone,
    }  # fmt: skip
    return page(request, "crm/calendar/week.html", context, parts=("week",))


move = sheet(
    "activity.update", activity_for,
    title=_("Move: {.subject}"), submit=_("Save"), message=_("Saved."), event="activity-changed",
    goes="crm:calendar", back="crm:calendar",
    hide=("subject", "body", "outcome", "place", "guests", "invites"),
)  # fmt: skip


cancel = press("activity.cancel", activity_for, _("Called off. Whoever was invited is told."), "activity-changed")
reopen = press("activity.reopen", activity_for, _("To be done again."), "activity-changed")


@door("activity:create", BOTH)
def booking_page(request: HttpRequest) -> HttpResponse:
    """One's own booking page: opened once, changed ever after."""
    row = own_booking_page(request.actor)
    me = request.actor.user
    return ask(
        request,
        "booking_page.update" if row else "booking_page.create",
        row,
        to=reverse("crm:booking-page"),
        title=gettext("My booking page"),
        submit=gettext("Save"),
        message=gettext("Booking page saved."),
        initial={} if row else {
            "title": gettext("Meet %(name)s") % {"name": me},
            "slug": me.email.partition("@")[0].replace(".", "-")[:60],
            "lengths": ["30"],
            "consent_text": gettext("You may write to me about this."),
        },
        back=reverse("crm:calendar"),
        intro=settings.SITE_URL + row.get_absolute_url() if row else "",
    )  # fmt: skip


@signed_in(BOTH)
def feed(request: HttpRequest) -> HttpResponse:
    """Make, show once, or close the secret address at which other programs read one's calendar."""
    me, plain = request.actor.user, ""
    if request.method == "POST":
        if request.POST.get("do") == "revoke":
            run("calendar_feed.revoke", me, actor=request.actor, data={})
            return done(request, reverse("crm:feed"), gettext("The address is closed."))
        plain = run("calendar_feed.create", me, actor=request.actor, data={}).plain
    address = settings.SITE_URL + reverse("crm:feed-file", args=[plain]) if plain else ""
    context = {"address": address, "feed": CalendarFeed.objects.filter(user=me).first()}
    return page(request, "crm/calendar/feed.html", context)


@public()
def feed_file(request: HttpRequest, token: str) -> HttpResponse:
    """A person's calendar as a file, for whoever knows its secret address; not sent again while it is the same."""
    feed, rows = feed_of(token)
    found = sorted(rows[:MOST], key=lambda row: (row.due_at, row.pk))
    marks = [f"{row.pk}:{row.version}:{row.updated_at.timestamp()}" for row in found]
    etag = f'"{sha256(str(feed.user), *marks)[:32]}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    file = ics.feed(found, str(feed.user), Workspace.current().code)
    response = HttpResponse(file, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response
