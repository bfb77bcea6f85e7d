"""Free times, pure: within working hours, apart from what is planned, not too soon and not too late."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.hours import DAY, Hours, Span

STEP = 30  # minutes between two offered times, unless meetings are shorter


def free_times(
    hours: Hours, busy: Sequence[Span], *, minutes: int, buffer: int, earliest: datetime, latest: datetime
) -> Iterator[datetime]:
    """Yield, in order, every start of a meeting of so many minutes that keeps `buffer` minutes from all others."""
    length, apart = timedelta(minutes=minutes), timedelta(minutes=buffer)
    step = timedelta(minutes=min(minutes, STEP))
    zone = ZoneInfo(hours.zone)
    day, last = earliest.astimezone(zone).date(), latest.astimezone(zone).date()
    while day <= last:
        for opens, closes in hours.open_spans(day):
            start = opens
            while start + length <= closes:
                fits = earliest <= start <= latest
                if fits and not _meets(busy, start - apart, start + length + apart):
                    yield start
                start += step
        day += DAY


def by_day(times: Iterator[datetime], zone: str, days: int) -> tuple[list[tuple[date, list[datetime]]], date | None]:
    """Return the first days, on the clock of `zone`, that have free times, and the next one after them."""
    found: dict[date, list[datetime]] = {}
    for at in times:
        local = at.astimezone(ZoneInfo(zone))
        if local.date() not in found and len(found) == days:
            return list(found.items()), local.date()
        found.setdefault(local.date(), []).append(local)
    return list(found.items()), None


def _meets(busy: Sequence[Span], start: datetime, end: datetime) -> bool:
    return any(one < end and other > start for one, other in busy)
