"""When a deal counts as stuck: working days of silence, without the days on which it may rest; pure.

The rule, in one place:

- Silence starts with the last meaningful touch: a call, meeting, demo, mail or note that a person logged, a task that
  a person did, a message that came in or that a person wrote, and every move to another stage. What a machine sends
  or notes is none.
- Only working days count: the workspace's week without its holidays.
- Days between planning something and its due day do not count, nor do snoozed days; and a deal with work ahead, or
  snoozed, is never stuck, however long it was silent before.
- A deal is stuck on the first working day beyond its stage's limit. Who owns it is told once for each silence.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)
FOREVER = date(2200, 1, 1)


@dataclass(frozen=True)
class Calendar:
    """The days of the week on which people work ("12345", 1 is Monday), and the holidays."""

    workdays: str = "12345"
    holidays: Collection[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether people work on this day; a week without working days counts as one of seven."""
        week = self.workdays or "1234567"
        return str(day.isoweekday()) in week and day not in self.holidays

    def after(self, day: date, number: int) -> date:
        """Return the day that is `number` working days later."""
        return self.rots_on(day, number)

    def rots_on(self, since: date, number: int, pauses: Iterable[tuple[date, date]] = ()) -> date:
        """Return the `number`th working day after `since` that no pause holds, and that is after every pause.

        A pause is its first and its last day, both included.
        """
        rests = sorted(pauses)
        day = since
        while number > 0 and day < FOREVER:
            day += DAY
            ends = [last for first, last in rests if first <= day <= last]
            if ends:
                day = max(ends)
            elif self.works(day):
                number -= 1
        return max([day, *(last + DAY for _, last in rests)])
