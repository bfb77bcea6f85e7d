"""Which figures are unusual.

A count of yesterday is, when its rate differs from that of the same weekday in the eight weeks before with p < ALARM
(the conditional test of two Poisson means); the win rate of the last seven days, when it differs from that of the 56
days before (two shares).
"""

from datetime import timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from core import clock
from crm import chances
from crm.queries import analytics
from crm.queries.periods import DAY, Asked, Span
from crm.queries.report_parts import percent

WEEKS: Final = 8


def alarms(actor: Any, asked: Asked) -> list[tuple[str, str]]:
    """Return (figure, what is unusual) of what the actor may read."""
    zone = asked.span.zone
    yesterday = clock.today(zone) - DAY
    leads, deals = analytics.leads_of(actor, asked), analytics.deals_of(actor, asked)
    won, lost = deals.filter(status="won"), deals.filter(status__in=("lost", "abandoned"))
    found = []
    for key, label, rows, name in (
        ("leads", _("New leads"), leads, "created_at"), ("deals", _("New deals"), deals, "created_at"),
        ("won", _("Won deals"), won, "closed_on"), ("lost", _("Lost deals"), lost, "closed_on"),
    ):  # fmt: skip
        days = [yesterday - timedelta(weeks=number) for number in range(WEEKS + 1)]
        now, *before = [rows.filter(Span(one, one, zone).of(name)).count() for one in days]
        p, usual = chances.two_counts(now, sum(before), WEEKS), sum(before) / WEEKS
        if p < chances.ALARM:
            said = _("%(figure)s yesterday: %(n)s; usually %(usual).1f on that weekday (8 weeks, p = %(p).3f).")
            found.append((key, said % {"figure": label, "n": now, "usual": usual, "p": p}))
    spans = (Span(yesterday - 6 * DAY, yesterday, zone), Span(yesterday - 62 * DAY, yesterday - 7 * DAY, zone))
    counts = [rows.filter(span.of("closed_on")).count() for span in spans for rows in (won, won | lost)]
    share = chances.two_shares(*counts)
    if share is not None and share < chances.ALARM:
        said = _("Win rate of 7 days: %(now)s of %(n)s; of the 56 before: %(before)s of %(m)s (p = %(p).3f).")
        rates = {"now": percent(counts[0] / counts[1]), "before": percent(counts[2] / counts[3])}
        found.append(("rate", said % {**rates, "n": counts[1], "m": counts[3], "p": share}))
    return found
