"""Calendars as files (RFC 5545) and invitations (RFC 5546); the importer of icalendar. All times are in UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from crm.models import Activity

if TYPE_CHECKING:
    from icalendar import Calendar, Event


def feed(rows: Iterable[Activity], name: str, code: str) -> bytes:
    """Return what has a time as one calendar to subscribe to."""
    calendar = _calendar(name)
    for row in rows:
        event = _event(row, code)
        if row.body:  # what colleagues noted is in no invitation
            event.add("description", row.body)
        event.add("url", settings.SITE_URL + row.get_absolute_url())
        calendar.add_component(event)
    return calendar.to_ical()


def invitation(row: Activity, code: str, *, method: str, sequence: int, host: Any, guests: Iterable[str]) -> bytes:
    """Return the invitation to a meeting (REQUEST), or its end (CANCEL); a later one has a higher sequence."""
    from icalendar import vCalAddress, vText

    calendar, event = _calendar(""), _event(row, code)
    calendar.add("method", method)
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    organizer = vCalAddress(f"mailto:{host.email}")
    organizer.params["CN"] = vText(str(host))
    event.add("organizer", organizer)
    for guest in (host.email, *guests):
        attendee = vCalAddress(f"mailto:{guest}")
        attendee.params["PARTSTAT"] = vText("ACCEPTED" if guest == host.email else "NEEDS-ACTION")
        event.add("attendee", attendee)
    calendar.add_component(event)
    return calendar.to_ical()


def _calendar(name: str) -> "Calendar":
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//CRM AutoPilot//EN")
    calendar.add("version", "2.0")
    if name:
        calendar.add("x-wr-calname", name)
    return calendar


def _event(row: Activity, code: str) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", f"activity-{row.pk}@{code}.crm")
    event.add("dtstamp", _utc(row.updated_at))
    assert row.due_at is not None
    event.add("dtstart", _utc(row.due_at))
    if row.ends_at:
        event.add("dtend", _utc(row.ends_at))
    event.add("summary", row.subject)
    if row.place:
        event.add("location", row.place)
    return event


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
