"""Reading booking pages: whose, what was booked, and which times are free."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock, tokens
from core.errors import NotFound
from core.hours import Span, moment
from crm.matching import fold_email
from crm.models import MEETINGS, Activity, Booking, BookingPage
from crm.queries.consent import is_suppressed, may_contact
from crm.queries.filters import one
from crm.queries.hours import hours_of
from crm.slots import by_day, free_times

LONGEST = timedelta(days=14)  # of a meeting that still blocks a time
DAYS = 5


def booking_pages_for(actor: Actor) -> QuerySet[BookingPage]:
    """Return the booking pages that the actor may see."""
    rows = BookingPage.objects.select_related("user").order_by("-created_at", "-pk")
    return actor.visible("activity:read", rows)


def booking_page_for(actor: Actor, pk: int) -> BookingPage:
    """Return one booking page that the actor may see; raises NotFound."""
    return one(booking_pages_for(actor), pk, _("There is no such booking page."))


def own_booking_page(actor: Actor) -> BookingPage | None:
    """Return the actor's own booking page."""
    return BookingPage.objects.filter(user=actor.user_id).first()


def page_at(slug: str) -> BookingPage:
    """Return the open booking page of this address; raises NotFound."""
    open_pages = BookingPage.objects.filter(is_active=True, user__is_active=True)
    page = open_pages.select_related("user").filter(slug=slug).first()
    if page is None:
        raise NotFound(_("Nobody can be booked at this address any more. Ask for a new link."))
    return page


def token_of(booking: Booking) -> str:
    """Return the signed end of the links by which a visitor moves or cancels this booking."""
    return tokens.sign("booking", str(booking.pk))


def booking_of(slug: str, token: str) -> Booking:
    """Return the booking of a signed link on this page; raises NotFound for any other's."""
    rows = Booking.objects.select_related("page__user", "activity__contact", "activity__lead")
    booking = rows.filter(pk=tokens.read("booking", token), page__slug=slug).first()
    if booking is None:
        raise NotFound(_("There is no booking behind this link any more."))
    return booking


def busy_spans(user_id: int, start: datetime, end: datetime, but: int = 0) -> list[Span]:
    """Return when a person has something planned that lasts, except for one activity."""
    rows = Activity.objects.filter(
        Q(ends_at__gt=start) | Q(ends_at=None, type__in=MEETINGS),
        actor=user_id, completed_at=None, due_on=None, due_at__gt=start - LONGEST, due_at__lt=end,
    )  # fmt: skip
    ends = Coalesce("ends_at", F("due_at") + timedelta(minutes=30))
    return list(rows.exclude(pk=but).order_by("due_at").values_list("due_at", ends))


def times_of(page: BookingPage, minutes: int, *, first: datetime | None = None, but: int = 0) -> Iterator[datetime]:
    """Return the free times of a page, from `first` on; `but` is an activity that may give up its own."""
    now = clock.now()
    soonest = now + timedelta(hours=page.notice_hours)
    earliest = max(soonest, first) if first else soonest
    latest = now + timedelta(days=page.horizon_days)
    apart = timedelta(minutes=page.buffer_minutes + minutes)
    busy = busy_spans(page.user_id, earliest - apart, latest + apart, but)
    hours = hours_of(page.user)
    return free_times(hours, busy, minutes=minutes, buffer=page.buffer_minutes, earliest=earliest, latest=latest)


def free_days(
    page: BookingPage, minutes: int, zone: str, *, since: date | None = None, but: int = 0
) -> tuple[list[tuple[date, list[datetime]]], date | None]:
    """Return the next days that have free times on the visitor's clock, and the day after them that has some."""
    first = moment(since, "00:00", zone) if since else None
    return by_day(times_of(page, minutes, first=first, but=but), zone, DAYS)


def invited_to(meeting: Activity) -> list[str]:
    """Return the addresses that a meeting of a colleague invites and that may be written to; none for a booked one."""
    host, contact = meeting.actor, meeting.contact
    is_told = meeting.invites and meeting.is_meeting and meeting.due_on is None and not hasattr(meeting, "booking")
    if not is_told or host is None:
        return []
    main = [contact.email] if contact and may_contact(contact, "email").allowed else []
    others = [one for one in meeting.guests if not is_suppressed("email", one)]
    known = {fold_email(one): one for one in reversed([*main, *others]) if fold_email(one) != fold_email(host.email)}
    return sorted(known.values())
