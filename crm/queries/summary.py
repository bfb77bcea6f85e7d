"""The dashboard: five figures with their change and goal, and what they say in plain words.

A sentence speaks of a change only where a test finds less than one chance in twenty that it is luck (crm.chances), and
names how many it looked at and when.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from core.templatetags.ui import day
from crm import chances
from crm.models import Contact, Snapshot
from crm.queries import analytics
from crm.queries.cohorts import split
from crm.queries.goals import goals_of
from crm.queries.periods import Asked, Span
from crm.queries.report_parts import NOT_YET, changed, money, names_of, percent, points, waited
from crm.queries.reports import REPORTS

Write = Callable[[Any], str]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Figure:
    """One figure of five: `tone` is up where the change is welcome, dn where it is not; `share` of the goal."""

    label: str
    value: str
    change: str
    tone: str = ""
    note: str = ""
    share: int | None = None


def summary(actor: Any, asked: Asked) -> dict[str, Any]:
    """Return figures, sentences and the groups of which the dashboard's tables are made."""
    over = split(actor, asked)
    sources, as_of = analytics.lead_steps(actor, asked, "source", over)
    reps, (took, _as_of) = analytics.closings(actor, asked, "owner"), analytics.replies(actor, asked, over)
    leads, closed = _whole(sources.values()), _whole(reps.values())
    counted = [sorted(analytics.together(one[at] for one in took.values()).items()) for at in (0, 1)]
    forecast, was = REPORTS["forecast"].of(actor, asked), pipeline_on(actor, asked, asked.span.first - DAY)
    figures = _figures(asked, leads, closed, counted, (forecast.rows, was))
    return {
        "forecast": forecast.chart, "sources": sources, "reps": reps, "took": took, "leads": leads, "closed": closed,
        "as_of": as_of, "figures": figures, "said": _said(figures, leads, closed, counted, asked),
    }  # fmt: skip


def _whole(tallies: Collection[analytics.Tally]) -> analytics.Tally:
    return analytics.Tally(*(analytics.together(one.of(is_now) for one in tallies) for is_now in (True, False)))


def _figures(asked: Asked, leads: Any, closed: Any, counted: Any, pipeline: Any) -> list[Figure]:
    goals, write = goals_of(asked), money(asked)["show"]
    within = _note(_("Goal: within %(goal)s"), waited(goals["reply"] * 60) if "reply" in goals else None)
    reply = [chances.percentile(one, 0.5) for one in counted]
    came, won = ([one.now[key], one.before[key]] for one, key in ((leads, "leads"), (closed, "worth")))
    rate = [leads.share("converted", "leads", now=one) for one in (True, False)]
    faster = chances.two_medians(*counted) if all(counted) else None
    more = chances.two_counts(*came, asked.before.days / asked.span.days)
    ahead, was = pipeline
    worth, weighted = (sum(row[key] for row in ahead) for key in ("open", "weighted"))
    likely = {"note": _("Weighted %(worth)s") % {"worth": write(weighted)}}
    return [
        _figure(_("First message, median"), reply, faster, waited, within, less=True),
        _figure(_("New leads"), came, more, "{:,.0f}".format, _goal(came[0], goals.get("leads"), "{:,}".format)),
        _figure(_("Lead to deal"), rate, leads.change("converted", "leads"), percent,
                _note(_("Goal: %(goal)s%%"), goals.get("conversion"))),
        Figure(_("Open pipeline"), write(worth), _("was %(worth)s") % {"worth": write(was)} if was else "",
               **(likely | _goal(worth, goals.get("pipeline"), write))),
        _figure(_("Won"), won, closed.larger(), write, _goal(won[0], goals.get("won"), write)),
    ]  # fmt: skip


def _figure(label: str, both: Any, p: float | None, write: Write, more: Any, *, less: bool = False) -> Figure:
    now, before = both
    is_clear, value = None not in (p, now, before) and (p or 0) < chances.CLEAR, NOT_YET if now is None else write(now)
    tone = ("up" if (now >= before) != less else "dn") if is_clear else ""
    return Figure(label, value, changed(now, before, p, points if write is percent else write), tone, **more)


def _note(said: str, goal: Any) -> dict[str, Any]:
    return {"note": said % {"goal": goal}} if goal else {}


def _goal(now: float, goal: int | None, write: Write) -> dict[str, Any]:
    if not goal:
        return {}
    share = round(100 * now / goal)
    said = _("%(share)s%% of the goal of %(goal)s") % {"share": share, "goal": write(goal)}
    return {"note": said, "share": min(share, 100)}


def pipeline_on(actor: Any, asked: Asked, on: Any) -> int | None:
    """Return what was open as a day ended; None where no snapshot tells it."""
    if asked.source or asked.team:
        return None
    rows = Snapshot.objects.filter(on=on, currency=asked.currency)
    which = {name: one for name in ("owner", "pipeline") if (one := getattr(asked, name))}
    rows = actor.visible("analytics:read", rows.filter(**which))
    return rows.aggregate(worth=Sum("value_minor"))["worth"]  # type: ignore[no-any-return]


def _said(figures: list[Figure], leads: Any, closed: Any, counted: Any, asked: Asked) -> list[str]:
    """The three lines."""
    reply, came, rate, _pipe, won = figures
    if leads.now["leads"] + closed.now["closed"] < 10:
        return [_("Too little happened yet to say something: %(leads)s leads, %(deals)s closed deals.") % {
            "leads": leads.now["leads"], "deals": closed.now["closed"]}]  # fmt: skip
    days = {"days": days_of(asked.span), "before": days_of(asked.before)}
    lines = [
        _("%(won)s won, %(days)s (deals: %(n)s); %(was)s in %(before)s (deals: %(m)s): %(change)s.") % {
            "won": won.value, "n": closed.now["won"], "was": money(asked)["show"](closed.before["worth"]),
            "m": closed.before["won"], "change": won.change, **days},
        _("%(n)s leads came in, %(m)s in %(before)s: %(change)s. %(rate)s of them became a deal: %(moved)s.") % {
            "n": came.value, "m": f"{leads.before['leads']:,}", "change": came.change, "rate": rate.value,
            "moved": rate.change, **days},
    ]  # fmt: skip
    if counted[0]:
        answered = sum(often for _value, often in counted[0])
        said = _("Half of %(n)s answered leads had a first message within %(reply)s: %(change)s.")
        lines.append(said % {"n": f"{answered:,}", "reply": reply.value, "change": reply.change})
    return lines


def days_of(span: Span) -> str:
    """Return 1 – 21 Nov 2026."""
    first = day(span.first, "j" if span.first.month == span.last.month else "j M")
    return f"{first} – {day(span.last)}" if span.days > 1 else day(span.last)


def best_reps(found: dict[str, Any], asked: Asked, most: int = 6) -> list[tuple[Any, ...]]:
    """Return who won the most: (name, won, win rate, median of the first message)."""
    ranked, write = sorted(found["reps"].items(), key=lambda one: -one[1].now["worth"])[:most], money(asked)["show"]
    names, rows = names_of(pk for pk, _one in ranked), []
    for pk, one in ranked:
        took, rate = _half(found["took"].get(pk, ({},))[0]), one.share("won", "closed")
        said = percent(rate) if rate is not None else NOT_YET, waited(took) if took is not None else NOT_YET
        rows.append((names.get(pk, ""), write(one.now["worth"]), *said))
    return rows


def best_sources(found: dict[str, Any], asked: Asked, most: int = 6) -> list[tuple[Any, ...]]:
    """Return where most leads came from: (name, leads, share won, won)."""
    labels, write = dict(Contact.Source.choices), money(asked)["show"]
    ranked = sorted(found["sources"].items(), key=lambda one: -one[1].now["leads"])[:most]
    return [(str(labels.get(key, key)), one.now["leads"], percent(one.share("won", "leads") or 0),
             write(one.now["worth"])) for key, one in ranked if one.now["leads"]]  # fmt: skip


def _half(counted: dict[int, int]) -> int | None:
    return chances.percentile(sorted(counted.items()), 0.5)
