"""Service clocks, pure: how long a ticket was worked on, and by when it must be answered and solved.

Units: `worked` in whole seconds of working time, targets in working minutes, moments aware. What counts as working time
says `core.hours.Hours`. A clock rests while the customer is asked, and goes on where it stopped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.hours import Hours

WARN_AT: Final = 0.8  # of the target


@dataclass(frozen=True, slots=True)
class Clock:
    """The working time up to `since`, when it began to run (None: it rests)."""

    worked: int = 0
    since: datetime | None = None

    def seconds(self, hours: Hours, at: datetime) -> int:
        """Return the working seconds up to a moment."""
        running = hours.between(self.since, at) if self.since else timedelta()
        return self.worked + int(running.total_seconds())

    def stopped(self, hours: Hours, at: datetime) -> "Clock":
        """Return the clock at rest from this moment on."""
        return Clock(self.seconds(hours, at))

    def started(self, at: datetime) -> "Clock":
        """Return the clock running from this moment on; one that runs goes on."""
        return self if self.since else Clock(self.worked, at)

    def due(self, hours: Hours, minutes: float) -> datetime | None:
        """Return when so many working minutes will have passed; None while it rests, or where nobody ever works.

        A target that had passed when the clock went on is due at that moment.
        """
        if self.since is None:
            return None
        try:
            return hours.add_working(self.since, max(0.0, minutes - self.worked / 60))
        except ValueError:
            return None
