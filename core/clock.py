"""The only reader of the clock, so that tests can move it and dates know their zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return timezone.now()


def today(zone: str) -> date:
    """Return the calendar day in the IANA time zone `zone`."""
    return now().astimezone(ZoneInfo(zone)).date()
