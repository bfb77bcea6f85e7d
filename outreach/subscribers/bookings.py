"""Meetings cross the wall: whoever booked or is invited, and the host of a booking, hear of it and of each change."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.actor import Actor
from accounts.models import User, Workspace
from core.events import Meta, on
from core.mail import deliver
from core.models import Effect
from crm.actions.bookings import guest_key, invite_guests, renew_invitation
from crm.events import ActivityCreated, ActivityUpdated, BookingChanged
from crm.events.upkeep import GuestsTold
from crm.ics import invitation
from crm.models import Activity, Booking
from crm.queries.bookings import invited_to, token_of

TOLD = {"due_at", "ends_at", "place"}
ALSO_TOLD = TOLD | {"subject", "guests", "invites", "completed_at"}


@on(ActivityCreated)
def invite(event: ActivityCreated, meta: Meta) -> None:
    """A meeting that a colleague made is told to whom it invites."""
    _tell_guests(event.activity_id, meta)


@on(ActivityUpdated)
def invite_again(event: ActivityUpdated, meta: Meta) -> None:
    """A meeting that moved, or was called off, is told anew, whoever did it."""
    changes = set(event.changes)
    if TOLD & changes:
        booking = Booking.objects.filter(activity=event.activity_id, cancelled_at=None).first()
        if booking is not None:
            renew_invitation(booking, actor=Actor.system("bookings"), key=meta.key)
    if ALSO_TOLD & changes:
        _tell_guests(event.activity_id, meta)


@on(GuestsTold)
def mail_guests(event: GuestsTold, meta: Meta) -> None:
    """Send the invitation, or that the meeting is off, to each guest once for each version of the meeting."""
    meeting = _invited(event.activity_id)
    if meeting is None or meeting.actor is None or (event.method != "CANCEL" and meeting.completed_at):
        return
    contact, host = meeting.contact, meeting.actor
    guests = invited_to(meeting)
    for address in guests:
        key = guest_key(meeting, event.sequence, address)
        is_contact = contact is not None and address == contact.email
        zone = (contact.timezone if contact and is_contact else "") or host.timezone
        if Effect.objects.filter(key=key).exists():
            with override(Workspace.current().default_language):
                how = {"to": address, "who": str(host), "zone": zone, "answers": [host.email], "guests": guests}
                deliver(key, _mail(meeting, host, event.method, event.sequence, **how))


@on(BookingChanged)
def mail_invitation(event: BookingChanged, meta: Meta) -> None:
    """Send the invitation, or that the meeting is off, to the host and to a guest with an address."""
    rows = Booking.objects.select_related("page__user", "activity")
    booking = rows.filter(pk=event.booking_id).first()
    if booking is None:
        return
    with override(Workspace.current().default_language):
        for whom in ("host", "guest") if booking.email else ("host",):
            deliver(f"booking:{booking.pk}:{event.sequence}:{whom}", _booked(booking, whom, event.method))


def _tell_guests(pk: int, meta: Meta) -> None:
    meeting = _invited(pk)
    if meeting is not None and meeting.invites:
        invite_guests(meeting, actor=Actor.system("meetings"), key=meta.key)


def _invited(pk: int) -> Activity | None:
    return Activity.objects.select_related("contact", "actor", "booking").filter(pk=pk).first()


def _booked(booking: Booking, whom: str, method: str) -> EmailMultiAlternatives:
    host, meeting, is_guest = booking.page.user, booking.activity, whom == "guest"
    lines: list[str] = []
    if is_guest and method != "CANCEL":
        link = reverse("crm:booking-detail", args=(booking.page.slug, token_of(booking)))
        lines = [_("Move or cancel it here: %(link)s") % {"link": settings.SITE_URL + link}]
    elif not is_guest:
        lines = [*filter(None, (booking.email, booking.phone, meeting.body))]
    return _mail(
        meeting,
        host,
        method,
        booking.sequence,
        to=booking.email if is_guest else host.email,
        who=str(host) if is_guest else booking.name,
        zone=booking.timezone if is_guest else host.timezone,
        more=lines,
        answers=[host.email if is_guest else booking.email] if booking.email else [],
        guests=meeting.guests,
    )


def _mail(
    meeting: Activity, host: User, method: str, sequence: int, *, to: str, who: str, zone: str,
    answers: list[str], guests: list[str], more: Sequence[str] = (),
) -> EmailMultiAlternatives:  # fmt: skip
    assert meeting.due_at is not None
    when = date_format(meeting.due_at.astimezone(ZoneInfo(zone)), "l, j F Y, H:i")
    said = {"who": who, "when": f"{when} ({zone.replace('_', ' ')})", "place": meeting.place}
    if method == "CANCEL":
        subject = _("Cancelled: your meeting with %(who)s") % said
        lines = [_("The meeting with %(who)s on %(when)s will not take place.") % said]
    else:
        subject = _("Your meeting with %(who)s") % said
        lines = [_("You meet %(who)s on %(when)s.") % said]
        lines += [_("Place: %(place)s") % said] if meeting.place else []
    code = Workspace.current().code
    file = invitation(meeting, code, method=method, sequence=sequence, host=host, guests=guests).decode()
    message = EmailMultiAlternatives(
        " ".join(subject.split())[:200], "\n\n".join([*lines, *more]) + "\n", to=[to], reply_to=answers or None
    )
    message.attach_alternative(file, f"text/calendar; method={method}")
    message.attach("invite.ics", file, "application/ics")
    return message
