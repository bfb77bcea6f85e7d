"""Reading calendars: a person's days, what comes soon, and whose tasks are told now."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Case, F, Q, QuerySet, When
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User
from core import clock
from core.crypto import fingerprint
from core.errors import Invalid, NotFound
from core.hours import DAY, moment
from crm.models import MEETINGS, Activity, CalendarFeed
from crm.queries.activities import activities_for

TELLS_FROM = time(8)
LONGEST_NOTICE = timedelta(hours=1)
MOST = 1_000  # of one person in one week
MOST_DAYS = 62
PAST, AHEAD = timedelta(days=90), timedelta(days=400)  # what a feed holds


@dataclass
class Day:
    """One day of a calendar: what is for the day, and what has a time, by the hour it starts in."""

    on: date
    is_today: bool = False
    is_off: bool = False
    whole: list[Activity] = field(default_factory=list)
    hours: dict[int, list[Activity]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is planned."""
        return not (self.whole or self.hours)


def planned_between(actor: Actor, person: User, first: date, last: date, zone: str) -> QuerySet[Activity]:
    """Return what a person did or has to do on these days, as far as the actor may see it, in order."""
    start, end = moment(first, "00:00", zone), moment(last, "24:00", zone)
    timed = Q(due_on=None, due_at__gte=start, due_at__lt=end)
    found = activities_for(actor).filter(timed | Q(due_on__range=(first, last)), actor=person)
    # A day has its end in the person's own zone: two days around hold all, and are one range of the index.
    around = found.filter(due_at__gte=start - 2 * DAY, due_at__lt=end + 2 * DAY)
    return around.order_by("due_at", "pk")


def days_of(rows: Iterable[Activity], first: date, zone: str, number: int = 7) -> list[Day]:
    """Return so many days with these rows on them."""
    today = clock.today(zone)
    days = [Day(first + DAY * n, first + DAY * n == today) for n in range(number)]
    for row in rows:
        assert row.due_at is not None
        local = row.due_at.astimezone(ZoneInfo(zone))
        day = days[((row.due_on or local.date()) - first).days]
        (day.whole if row.due_on else day.hours.setdefault(local.hour, [])).append(row)
    return days


def day_asked(text: str, default: date, name: str = "date") -> date:
    """Return the day that an address names; raises Invalid."""
    try:
        day = date.fromisoformat(text) if text else default
    except ValueError:
        day = date.min
    if not 1970 <= day.year <= 2200:
        raise Invalid({name: [_("Give a day between 1970 and 2200, such as 2026-11-21.")]})
    return day


def people_seen(actor: Actor) -> QuerySet[User]:
    """Return the people whose calendar the actor may see: those whose activities they may."""
    return actor.visible("activity:read", User.objects.active()).order_by("name", "email")


def person_asked(people: Iterable[User], asked: str, actor: Actor) -> User:
    """Return the person whose calendar an address asks for, the actor when it names none; raises NotFound."""
    for person in people:
        if str(person.pk) == (asked or str(actor.user_id)):
            return person
    raise NotFound(_("There is no such calendar, or it is not yours to see."))


def to_remind(at: datetime) -> list[tuple[User, date]]:
    """Return who has not been told yet what their day holds, with that day; from 8:00 on their own clock."""
    waiting = []
    before = (at + timedelta(days=1)).date()  # nobody's day is later
    never = Q(reminded_on=None) | Q(reminded_on__lt=before)
    for user in User.objects.active().filter(never).order_by("pk"):
        local = at.astimezone(ZoneInfo(user.timezone))
        is_new = user.reminded_on is None or user.reminded_on < local.date()
        if is_new and local.time() >= TELLS_FROM:
            waiting.append((user, local.date()))
    return waiting


def starting_soon(at: datetime) -> list[tuple[Activity, User, datetime]]:
    """Return the meetings whose person wants to be told of now, with them and the start."""
    soon = Activity.objects.filter(
        type__in=MEETINGS, completed_at=None, due_on=None, actor__is_active=True,
        due_at__gt=at, due_at__lte=at + LONGEST_NOTICE,
    )  # fmt: skip
    return [
        (row, row.actor, row.due_at)
        for row in soon.select_related("actor").order_by("due_at", "pk")
        if row.actor and row.due_at and row.due_at - at <= timedelta(minutes=row.actor.remind_before)
    ]


def feed_of(token: str) -> tuple[CalendarFeed, QuerySet[Activity]]:
    """Return the feed of a secret address and what has a time in it, what is to come first; raises NotFound."""
    feeds = CalendarFeed.objects.select_related("user").filter(user__is_active=True)
    feed = feeds.filter(digest=fingerprint("calendar feed", token)).first()
    if feed is None:
        raise NotFound(_("There is no calendar at this address any more. Make a new one in your profile."))
    at = clock.now()
    rows = activities_for(Actor.for_user(feed.user)).filter(
        actor=feed.user, due_on=None, due_at__gte=at - PAST, due_at__lt=at + AHEAD
    )
    rows = rows.alias(ahead=Case(When(due_at__gte=at, then="due_at")))
    return feed, rows.order_by(F("ahead").asc(nulls_last=True), "-due_at", "-pk")
