"""Booking pages are kept, strangers book, move and cancel; feeds of calendars are made and revoked."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User
from core import clock, tokens
from core.actions import action, lock
from core.crypto import fingerprint, sha256
from core.effects import plan
from core.errors import Invalid, NotFound, Refused
from core.events import publish
from crm.actions.activities import create_activity, update_activity
from crm.actions.intake import Newcomer, find_contact, record_consents
from crm.actions.leads import create_lead
from crm.actions.notes import about
from crm.actions.owners import seller
from crm.events import ActivityUpdated, BookingChanged
from crm.events.upkeep import GuestsTold
from crm.forms.bookings import BookingPageForm
from crm.forms.leads import NothingForm
from crm.models import Activity, Booking, BookingPage, CalendarFeed, Contact, Lead
from crm.queries.bookings import invited_to, times_of
from crm.queries.leads import open_lead_of

CANCELLED = "Cancelled"
COLUMNS = tuple(BookingPageForm.base_fields.keys() - {"version"})


@action("booking_page.create", permission="activity:create", form=BookingPageForm)
def create_booking_page(*, actor: Actor, version: int | None = None, **values: Any) -> BookingPage:
    """Open one's own booking page; everybody has one at most."""
    if actor.user is None:
        raise Refused(_("A booking page belongs to a person."))
    if BookingPage.objects.filter(user=actor.user).exists():
        raise Refused(_("You have a booking page already. Change that one."), code="duplicate")
    return _save(BookingPage(user=actor.user), values)


@action("booking_page.update", permission="activity:update", form=BookingPageForm)
def update_booking_page(
    booking_page: BookingPage, *, actor: Actor, version: int | None = None, **values: Any
) -> BookingPage:
    """Change what a booking page says and offers. Refused ("stale") when somebody was first."""
    booking_page.check_version(version)
    return _save(booking_page, values)


def _save(row: BookingPage, values: dict[str, Any]) -> BookingPage:
    for name in COLUMNS:
        setattr(row, name, values[name])
    try:
        with transaction.atomic():
            if row.pk is None:
                row.save()
            else:
                row.store(*COLUMNS)
    except IntegrityError:
        raise Invalid({"slug": [_("There is a booking page at this address.")]}) from None
    return row


@action("booking.create", permission=None)
def book(
    booking_page: BookingPage,
    *,
    actor: Actor,
    at: datetime,
    zone: str,
    length: int,
    name: str,
    email: str = "",
    phone: str = "",
    note: str = "",
    consent: bool = False,
) -> Booking:
    """Give a stranger a free time; whoever holds the page's lock is first. Publishes BookingChanged.

    A known contact is joined, with their open lead; somebody new becomes a lead of the page's person, if they sell.
    """
    if not booking_page.is_active:
        raise NotFound(_("Nobody can be booked at this address any more. Ask for a new link."))
    if length not in booking_page.lengths:
        raise Invalid({"length": [_("Choose one of the lengths that are offered.")]})
    _check_free(booking_page, at, length)
    host, mark = booking_page.user, f"booking {booking_page.slug}"
    system = Actor.system(mark, via="page", request_id=actor.request_id)
    agreed = _agreed(booking_page, mark, actor.ip, email) if consent else None
    contact, lead = _guest(Newcomer(email, phone, *_names(name)), host, system, agreed)
    activity = create_activity(
        actor=system,
        type=Activity.Type.MEETING.value,
        subject=f"{booking_page.title}: {name}"[:200],
        body=note,
        contact=contact,
        lead=lead,
        assignee=host,
        due_at=at,
        ends_at=at + timedelta(minutes=length),
        place=booking_page.place,
        guests=[email] if email else [],
    )
    booking = Booking.objects.create(
        page=booking_page, activity=activity, name=name, email=email, phone=phone, timezone=zone
    )
    return _tell(booking, actor, "REQUEST")


@action("booking.move", permission=None)
def move_booking(booking: Booking, *, actor: Actor, at: datetime) -> Booking:
    """Move a booking to another free time; the meeting tells both sides (`renew_invitation`)."""
    _check_open(booking)
    page = lock(booking.page)
    assert isinstance(page, BookingPage)
    meeting = booking.activity
    assert meeting.due_at is not None
    assert meeting.ends_at is not None
    length = int((meeting.ends_at - meeting.due_at).total_seconds() // 60)
    _check_free(page, at, length, but=meeting.pk)
    system = Actor.system(f"booking {page.slug}", via="page", request_id=actor.request_id)
    update_activity(meeting, actor=system, due_at=at)
    return booking


@action("booking.renew", permission=None)
def renew_invitation(booking: Booking, *, actor: Actor) -> Booking:
    """Invite again after the meeting changed, with the next number. Publishes BookingChanged."""
    if booking.cancelled_at is not None or booking.activity.completed_at is not None:
        return booking
    booking.store(sequence=booking.sequence + 1)
    return _tell(booking, actor, "REQUEST")


@action("booking.cancel", permission=None)
def cancel_booking(booking: Booking, *, actor: Actor) -> Booking:
    """Call a booking off: its time is free again and nothing follows it. Publishes BookingChanged."""
    _check_open(booking)
    _call_off(booking.activity, actor)
    booking.store(cancelled_at=clock.now(), sequence=booking.sequence + 1)
    return _tell(booking, actor, "CANCEL")


@action("activity.cancel", permission="activity:update", form=NothingForm)
def cancel_meeting(activity: Activity, *, actor: Actor) -> Activity:
    """Call a meeting off: its time is free again, and whoever was invited is told. Publishes ActivityUpdated."""
    if not activity.is_meeting:
        raise Refused(_("Only a meeting is called off. Mark this as done instead."))
    booking = Booking.objects.filter(activity=activity, cancelled_at=None).first()
    if booking is not None:
        return cancel_booking(booking, actor=actor).activity
    if activity.completed_at is not None:
        raise Refused(_("This is done already."))
    return _call_off(activity, actor)


@action("activity.invite", permission=None)
def invite_guests(activity: Activity, *, actor: Actor) -> Activity:
    """Tell whom a colleague's meeting invites of it, or that it is off, once for each version. Publishes GuestsTold."""
    is_off, at = activity.completed_at is not None, activity.due_at
    if not invited_to(activity) or at is None or at <= clock.now() or (is_off and activity.outcome != CANCELLED):
        return activity
    for address in invited_to(activity):
        plan(
            guest_key(activity, activity.version, address),
            kind="email",
            subject=("activity", activity.pk),
            repeatable=False,
        )
    method = "CANCEL" if is_off else "REQUEST"
    publish(GuestsTold(activity.pk, activity.contact_id, method, activity.version), actor=actor)
    return activity


@action("calendar_feed.create", permission="profile:update")
def create_feed(user: User, *, actor: Actor) -> CalendarFeed:
    """Make the secret address of a person's calendar, which stands on the answer this once; an earlier one ends."""
    plain = tokens.opaque()
    digest = fingerprint("calendar feed", plain)
    values = {"digest": digest, "created_at": clock.now()}
    feed, _is_new = CalendarFeed.objects.update_or_create(user=user, defaults=values)
    feed.plain = plain
    return feed


@action("calendar_feed.revoke", permission="profile:update")
def revoke_feed(user: User, *, actor: Actor) -> User:
    """Close the secret address of a person's calendar."""
    if not CalendarFeed.objects.filter(user=user).delete()[0]:
        raise Refused(_("There is no address to close."))
    return user


def guest_key(activity: Activity, sequence: int, address: str) -> str:
    """Name the mail to one guest about one version of a meeting."""
    return f"meeting:{activity.pk}:{sequence}:{fingerprint('guest', address)[:24]}"


def _call_off(meeting: Activity, actor: Actor) -> Activity:
    meeting.store(completed_at=clock.now(), outcome=CANCELLED)
    publish(ActivityUpdated(**about(meeting), changes=["completed_at", "outcome"]), actor=actor)
    return meeting


def _check_free(page: BookingPage, at: datetime, minutes: int, but: int = 0) -> None:
    if at <= clock.now():
        raise Refused(_("This time is past. Choose one of the next free times."), code="past")
    if next(times_of(page, minutes, first=at, but=but), None) != at:
        raise Refused(_("This time is not free any more. Choose one of the next free times."), code="taken")


def _check_open(booking: Booking) -> None:
    if booking.cancelled_at is not None:
        raise Refused(_("This booking was cancelled. You can book another time."))
    if booking.activity.completed_at or (booking.activity.due_at or clock.now()) <= clock.now():
        raise Refused(_("This meeting is over. You can book another time."))


def _guest(
    newcomer: Newcomer, host: User, system: Actor, consent: dict[str, Any] | None
) -> tuple[Contact, Lead | None]:
    known = find_contact(newcomer)
    lead = open_lead_of(known.pk) if known else None
    if known is not None and lead is None:
        record_consents(known, system, consent)
        return known, None
    lead = create_lead(
        actor=system, source=Contact.Source.WEB.value, owner=seller(host), consent=consent,
        email=newcomer.email, phone=newcomer.phone, first_name=newcomer.first_name,
        last_name=newcomer.last_name, on_duplicate="join",
    )  # fmt: skip
    return lead.contact, lead


def _agreed(page: BookingPage, source: str, ip: str, email: str) -> dict[str, Any]:
    return {
        "channel": "email" if email else "phone",
        "source": source,
        "text_version": sha256(page.consent_text)[:16],
        "proof": page.consent_text,
        "ip": ip,
    }


def _names(name: str) -> tuple[str, str]:
    first, _space, last = name.strip().partition(" ")
    return first[:100], last[:100]


def _tell(booking: Booking, actor: Actor, method: str) -> Booking:
    for whom in ("host", "guest") if booking.email else ("host",):
        key = f"booking:{booking.pk}:{booking.sequence}:{whom}"
        plan(key, kind="email", subject=("booking", booking.pk), repeatable=False)
    contact_id = booking.activity.contact_id
    assert contact_id is not None
    publish(BookingChanged(booking.pk, contact_id, method, booking.sequence), actor=actor)
    return booking
