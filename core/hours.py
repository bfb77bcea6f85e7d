"""Working hours, pure: a week of open spans in a zone, less holidays; the clock on the wall decides.

A week is `{"mon": [["09:00", "13:00"], ["14:00", "18:00"]], …}`; a day without spans is free; 24:00 ends a day.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY: Final = timedelta(days=1)
FAR: Final = 3_700  # days; nobody rests for ten years

Week = Mapping[str, Sequence[Sequence[str]]]
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Hours:
    """When somebody works: the week, the IANA zone of its clock, and the days off."""

    week: Week
    zone: str = "UTC"
    holidays: Collection[date] = frozenset()

    def open_spans(self, day: date) -> list[Span]:
        """Return the day's spans in order as moments in UTC, as long as they really last; none on a day off."""
        spans: list[Span] = []
        for opens, closes in self.week.get(DAYS[day.weekday()], ()) if self.works(day) else ():
            start, end = moment(day, opens, self.zone), moment(day, closes, self.zone)
            if spans:
                start = max(start, spans[-1][1])
            if start < end and start.astimezone(ZoneInfo(self.zone)).date() == day:
                spans.append((start, end))
        return spans

    def works(self, day: date) -> bool:
        """Whether this is a day of work at all."""
        return day not in self.holidays and bool(self.week.get(DAYS[day.weekday()]))

    def is_open(self, at: datetime) -> bool:
        """Whether somebody works at this moment."""
        return any(start <= at < end for start, end in self._around(at, at))

    def add_working(self, at: datetime, minutes: float) -> datetime:
        """Return the moment when so many working minutes have passed; raises ValueError when nobody ever works."""
        left = timedelta(minutes=minutes)
        for start, end in self._around(at, at + FAR * DAY):
            begin = max(start, at)
            if end > begin:
                if end - begin >= left:
                    return begin + left
                left -= end - begin
        raise ValueError("Nobody works in these hours.")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from one moment to a later one; none when it is not later."""
        overlaps = (min(last, end) - max(first, start) for first, last in self._around(start, end))
        return sum((overlap for overlap in overlaps if overlap > timedelta()), timedelta())

    def _around(self, start: datetime, end: datetime) -> Iterator[Span]:
        day = start.astimezone(ZoneInfo(self.zone)).date() - DAY
        last = end.astimezone(ZoneInfo(self.zone)).date()
        while day <= last:
            yield from self.open_spans(day)
            day += DAY


def moment(day: date, clock: str, zone: str) -> datetime:
    """Return the moment in UTC when the zone's clock shows this on that day; an hour that is skipped is the next."""
    hour, minute = map(int, clock.split(":"))
    wall = time(hour % 24, minute)
    return datetime.combine(day + DAY * (hour // 24), wall, ZoneInfo(zone)).astimezone(UTC)


def clean_week(value: object) -> dict[str, list[list[str]]]:
    """Return a week whose spans are whole, in order and apart; raises ValueError with the day's short name."""
    if not isinstance(value, Mapping) or not set(value) <= set(DAYS):
        raise ValueError(", ".join(DAYS))
    week = {}
    for name in DAYS:
        try:
            spans = sorted([clean_clock(one), clean_clock(two)] for one, two in value.get(name) or [])
        except (TypeError, ValueError) as error:
            raise ValueError(name) from error
        ends = [clock for span in spans for clock in span]
        if ends != sorted(ends) or any(one == two for one, two in spans):
            raise ValueError(name)
        if spans:
            week[name] = spans
    return week


def clean_clock(text: str) -> str:
    """Return a time of the day as HH:MM, 24:00 among them; raises ValueError."""
    hour, _, minute = text.strip().partition(":")
    if hour == "24" and not int(minute or 0):
        return "24:00"
    return time(int(hour), int(minute or 0)).strftime("%H:%M")
