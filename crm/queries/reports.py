"""The reports: what each is called, what it answers, its columns, and how it is made."""

from collections.abc import Callable
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core import clock
from core.templatetags.charts import Chart, Series
from core.templatetags.ui import day
from crm import chances
from crm.models import Contact
from crm.queries import analytics
from crm.queries.backtest import WAYS, backtest, together
from crm.queries.cohorts import split
from crm.queries.goals import goals_by_month
from crm.queries.periods import Asked
from crm.queries.report_parts import (
    NOT_YET,
    Build,
    Column,
    Made,
    Report,
    changed,
    deal_list,
    lead_list,
    money,
    names_of,
    needs,
    percent,
    points,
    waited,
)  # fmt: skip

LIMITS: Final = (60, 300, 3_600, 14_400, 86_400, 604_800)
STEP_LABELS: Final = {
    "leads": lazy("Leads"), "contacted": lazy("Contacted"), "interested": lazy("Interested"),
    "converted": lazy("Converted"), "won": lazy("Won"),
}  # fmt: skip


def funnel(actor: Any, asked: Asked) -> Made:
    """How the deals that came in passed from stage to stage."""
    steps = analytics.funnel(actor, asked)
    many, rows = len({one["stage"].pipeline_id for one in steps}) > 1, []
    for one in steps:
        stage = one["stage"]
        now, before = (one[on] / one[n] if one[n] else None for on, n in (("on", "n"), ("on_before", "before")))
        rows.append({
            **one, "id": stage.pk, "stage": f"{stage.pipeline.name}: {stage.name}" if many else stage.name,
            "rate": now, "rate_before": before, "change": changed(now, before, one["p"], points),
            "url": deal_list(actor, asked, status="open", stage=stage.pk),
        })  # fmt: skip
    labels, values = [row["stage"] for row in rows], [row["n"] for row in rows]
    first = {one["stage"].pipeline_id: one["n"] for one in reversed(steps)}
    won, every = sum(one["on"] for one in steps if one["is_last"]), sum(first.values())
    said = {"n": f"{every:,}", "won": f"{won:,}", "share": percent(won / every) if every else NOT_YET}
    finding = _("Of %(n)s deals that came in, %(won)s are won so far (%(share)s).") % said
    if not many:
        labels, values = [*labels, _("Won")], [*values, won]
    kind, title, series = "rows" if many else "funnel", _("Deals that got to each stage"), [Series(_("Deals"), values)]
    return Chart(kind, title, finding, labels, series, needs=needs(every, _("deals"))), rows, None


def forecast(actor: Any, asked: Asked) -> Made:
    """What was won and what is likely to be, month by month, beside the goals."""
    today, write = clock.today(asked.span.zone), money(asked)
    months, rest = analytics.forecast(actor, asked, today)
    goals = goals_by_month(asked, "won", [one["month"] for one in months])
    rows = [{**one, "month": day(one["month"], "M Y"), "goal": goals.get(one["month"])} for one in months]
    names = {"overdue": _("Overdue"), "later": _("Later, or no date")}
    rows += [{**one, "month": names[name]} for name, one in rest.items()]
    rows[-2]["url"] = deal_list(actor, asked, status="open", closes=today, **{"closes-op": "before"})
    finding = _(
        "Open deals dated up to %(month)s weigh %(own)s by their chances, %(history)s by the stages' own history."
    )
    own, history = (write["show"](sum(one[key] for one in months)) for key in ("weighted", "history"))
    finding %= {"month": rows[len(months) - 1]["month"], "own": own, "history": history}
    count = sum(one["n"] + one["won_n"] for one in [*months, *rest.values()])
    labels = ((_("Won"), "won"), (_("Weighted"), "weighted"))
    series = [Series(label, [one[key] for one in months]) for label, key in labels]
    chart = Chart(
        "columns", _("Revenue and forecast by month"), finding, [day(one["month"], "M") for one in months], series,
        goals=[goals.get(one["month"]) for one in months], goal=_("Goal"), needs=needs(count, _("deals")), **write,
    )  # fmt: skip
    return chart, rows, None


def reps(actor: Any, asked: Asked) -> Made:
    """What each rep won, lost and has open, and how soon they write to their leads."""
    closed, empty = analytics.closings(actor, asked, "owner"), analytics.Tally()
    over = split(actor, asked)
    leads, as_of = analytics.lead_steps(actor, asked, "owner", over)
    took, _as_of = analytics.replies(actor, asked, over)
    standing = {row["owner"]: row for row in analytics.open_deals(actor, asked, "owner")}
    people, write, rows = {*closed, *leads, *standing}, money(asked), []
    names = names_of(people)
    for pk in people:
        one, mine = closed.get(pk, empty), standing.get(pk, {"n": 0, "worth": 0})
        rate, before = one.share("won", "closed"), one.share("won", "closed", now=False)
        worth, worth_before = one.now["worth"], one.before["worth"]
        rows.append({
            "id": pk, "rep": names.get(pk, ""), "won": one.now["won"], "worth": worth, "worth_before": worth_before,
            "change": changed(worth, worth_before, one.larger(), write["show"]), "lost": one.now["lost"], "rate": rate,
            "rate_change": changed(rate, before, one.change("won", "closed"), points), "open": mine["n"],
            "open_worth": mine["worth"], "leads": leads.get(pk, empty).now["leads"],
            "reply": chances.percentile(sorted(took[pk][0].items()), 0.5) if pk in took else None,
            "url": deal_list(actor, asked, status="open", owner=pk or "none"),
        })  # fmt: skip
    rows.sort(key=lambda row: (-row["worth"], row["rep"]))
    best = rows[0] if rows else {"rep": "", "won": 0, "worth": 0}
    said = {"rep": best["rep"], "worth": write["show"](best["worth"]), "n": best["won"]}
    finding = _("%(rep)s won the most: %(worth)s from %(n)s deals.") % said
    needed = needs(sum(row["won"] + row["lost"] for row in rows), _("closed deals"))
    labels, series = [row["rep"] for row in rows], [Series(_("Won"), [row["worth"] for row in rows])]
    return Chart("rows", _("Won by rep"), finding, labels, series, needs=needed, **write), rows, as_of


def accuracy(actor: Any, asked: Asked) -> Made:
    """What was forecast as each month began, three ways, beside what was won."""
    months, stages = backtest(actor, asked)
    names = {one.pk: one.name for one in analytics.stages_of(asked)}
    rows, whole = [{**row, "of": day(row["month"], "M Y")} for row in months], together(months)
    if whole["n"]:
        rows.append({**whole, "of": _("All that can be compared")})
    rows += [{**row, "of": names.get(row["stage"], _("A stage that is gone"))} for row in stages]
    said = {way: f"{whole[f'{way}_score']:.3f}" if whole["n"] else NOT_YET for way in WAYS}
    finding = _(
        "Brier score, lower is better: %(own)s by the deals' chances, %(history)s by history, %(naive)s naively."
    )
    series = [Series(_("Forecast"), [row["own"] for row in months]), Series(_("Won"), [row["won"] for row in months])]
    title, needed = _("Forecast as the month began, and what of it was won"), _("months with a forecast")
    labels, needed = [day(row["month"], "M Y") for row in months], needs(len(months), needed, 2)
    return Chart("line", title, finding % said, labels, series, needs=needed, **money(asked)), rows, None


def conversion(actor: Any, asked: Asked) -> Made:
    """How far the leads came that came in."""
    found, as_of = analytics.lead_steps(actor, asked)
    chart, rows = steps_of(found.get("", analytics.Tally()))
    rows[0]["url"] = lead_list(actor, asked)
    return chart, rows, as_of


def steps_of(one: analytics.Tally) -> tuple[Chart, list[dict[str, Any]]]:
    """Return the steps of a group of leads, as a chart and as rows."""
    rows: list[dict[str, Any]] = []
    for last, step in zip(("", *analytics.STEPS), analytics.STEPS, strict=False):
        rate, before = (one.share(step, last, now=is_now) if last else None for is_now in (True, False))
        rows.append({
            "step": str(STEP_LABELS[step]), "n": one.now[step], "before": one.before[step], "rate": rate,
            "rate_before": before, "of_all": one.share(step, "leads"),
            "change": changed(rate, before, one.change(step, last), points) if last else "",
        })  # fmt: skip
    finding = _("Of %(leads)s leads, %(converted)s became a deal and %(won)s are won so far.")
    finding %= {step: f"{one.now[step]:,}" for step in ("leads", "converted", "won")}
    labels, series = [row["step"] for row in rows], [Series(_("Leads"), [row["n"] for row in rows])]
    needed = needs(one.now["leads"], _("leads"))
    return Chart("funnel", _("How far leads came"), finding, labels, series, needs=needed), rows


def by(column: str, name: Callable[[Any], str]) -> Build:
    """Make a report of the leads by source or city: how many came, how far they got, and what they brought."""

    def build(actor: Any, asked: Asked) -> Made:
        found, as_of = analytics.lead_steps(actor, asked, column)
        rows = []
        for key, one in found.items():
            rate, before = one.share("won", "leads"), one.share("won", "leads", now=False)
            rows.append({
                "id": key, "of": name(key), "n": one.now["leads"], "before": one.before["leads"],
                **{step: one.share(step, "leads") for step in analytics.STEPS[1:]}, "won_n": one.now["won"],
                "worth": one.now["worth"], "change": changed(rate, before, one.change("won", "leads"), points),
                "url": lead_list(actor, asked, **({column: key} if key else {f"{column}-op": "unset"})),
            })  # fmt: skip
        rows.sort(key=lambda row: (-row["n"], row["of"]))
        every, first = sum(row["n"] for row in rows), rows[0] if rows else {"of": "", "n": 0}
        finding = _("%(of)s brought the most leads: %(n)s of %(every)s.")
        finding %= {"of": first["of"], "n": f"{first['n']:,}", "every": f"{every:,}"}
        series = [
            Series(_("Won"), [row["won_n"] for row in rows]),
            Series(_("Others"), [row["n"] - row["won_n"] for row in rows]),
        ]
        labels, needed = [row["of"] for row in rows], needs(every, _("leads"))
        return Chart("rows", _("Where leads come from"), finding, labels, series, needs=needed), rows[:500], as_of

    return build


def response(actor: Any, asked: Asked) -> Made:
    """How long leads waited for a first message, together and by rep."""
    took, as_of = analytics.replies(actor, asked)
    names = names_of(took)
    rows = [_replied(pk, names.get(pk, ""), *one) for pk, one in took.items()]
    rows.sort(key=lambda row: (-row["leads"], row["rep"]))
    every = [analytics.together(one[at] for one in took.values()) for at in range(3)]
    whole = _replied(None, _("Everybody"), *every)
    counts = [sum(n for seconds, n in every[0].items() if low < seconds <= high)
              for low, high in zip((-1, *LIMITS), LIMITS, strict=False)]  # fmt: skip
    said = {key: waited(whole[key]) if whole[key] is not None else NOT_YET for key in ("median", "p90")}
    said |= {"n": f"{whole['answered']:,}", "interval": whole["interval"] or NOT_YET}
    finding = _(
        "Half of %(n)s leads were written to within %(median)s (95%% sure: %(interval)s), nine in ten in %(p90)s."
    )
    labels = [_("within %(time)s") % {"time": waited(limit)} for limit in LIMITS] + [_("later or not yet")]
    series = [Series(_("Leads"), [*counts, whole["leads"] - sum(counts)])]
    needed = needs(whole["answered"], _("answered leads"))
    chart = Chart("rows", _("Time until the first message"), finding % said, labels, series, needs=needed)
    return chart, [whole, *rows] if took else [], as_of


def _replied(pk: Any, name: str, now: Any, before: Any, leads: Any) -> dict[str, Any]:
    counted, counted_before = sorted(now.items()), sorted(before.items())
    median, was = (chances.percentile(one, 0.5) for one in (counted, counted_before))
    around, answered = chances.median_interval(counted), sum(now.values())
    p = chances.two_medians(counted, counted_before) if now and before else None
    said = _("%(low)s to %(high)s")
    return {
        "id": pk, "rep": name, "leads": leads["now"], "answered": answered, "median": median, "before": was,
        "share": answered / leads["now"] if leads["now"] else None, "p90": chances.percentile(counted, 0.9),
        "interval": said % {"low": waited(around[0]), "high": waited(around[1])} if around else None,
        "change": changed(median, was, p, waited),
    }  # fmt: skip


_SOURCES = dict(Contact.Source.choices)
_BEFORE, _CHANGE = ("before", lazy("Before")), ("change", lazy("Change"), "text")
_OF = (
    ("n", lazy("Leads")), _BEFORE, ("contacted", lazy("Contacted"), "percent"),
    ("interested", lazy("Interested"), "percent"), ("converted", lazy("Converted"), "percent"),
    ("won", lazy("Won"), "percent"), ("change", lazy("Won, change"), "text"), ("worth", lazy("Won value"), "money"),
)  # fmt: skip
_EVERY: tuple[tuple[str, Any, Any, Build, tuple[Any, ...]], ...] = (
    ("pipeline", lazy("Funnel"), lazy("How deals pass from stage to stage, and what is open there."), funnel, (
        ("stage", lazy("Stage"), "text"), ("n", lazy("Got here")), _BEFORE, ("rate", lazy("Went on"), "percent"),
        ("rate_before", lazy("Before"), "percent"), _CHANGE, ("open", lazy("Open now")),
        ("worth", lazy("Open value"), "money"), ("weighted", lazy("Weighted"), "money"))),
    ("forecast", lazy("Forecast"), lazy("What was won, and what is likely to be, month by month."), forecast, (
        ("month", lazy("Month"), "text"), ("won", lazy("Won"), "money"), ("n", lazy("Open deals")),
        ("open", lazy("Open value"), "money"), ("weighted", lazy("By their chances"), "money"),
        ("history", lazy("By the stages' history"), "money"), ("goal", lazy("Goal"), "money"))),
    ("rep-performance", lazy("Reps"), lazy("What each rep won, lost and has open."), reps, (
        ("rep", lazy("Rep"), "text"), ("won", lazy("Won deals")), ("worth", lazy("Won"), "money"),
        ("worth_before", lazy("Before"), "money"), _CHANGE, ("lost", lazy("Lost deals")),
        ("rate", lazy("Win rate"), "percent"), ("rate_change", lazy("Change of the rate"), "text"),
        ("open", lazy("Open deals")), ("open_worth", lazy("Open"), "money"), ("leads", lazy("Leads")),
        ("reply", lazy("First message, median"), "time"))),
    ("conversion-rates", lazy("Conversion"), lazy("How far the leads came that came in."), conversion, (
        ("step", lazy("Step"), "text"), ("n", lazy("Leads")), _BEFORE, ("rate", lazy("Of the step before"), "percent"),
        ("rate_before", lazy("Before"), "percent"), _CHANGE, ("of_all", lazy("Of all"), "percent"))),
    ("sources", lazy("Sources"), lazy("Where leads come from, and what they bring."),
     by("source", lambda key: str(_SOURCES.get(key, key))), (("of", lazy("Source"), "text"), *_OF)),
    ("cities", lazy("Cities"), lazy("Conversion by the lead's city."),
     by("city", lambda key: key or _("Not known")), (("of", lazy("City"), "text"), *_OF)),
    ("response-time", lazy("Response time"), lazy("From a lead coming in until the first message or call."), response, (
        ("rep", lazy("Rep"), "text"), ("leads", lazy("Leads")), ("answered", lazy("Answered")),
        ("share", lazy("Of all"), "percent"), ("median", lazy("Median"), "time"),
        ("interval", lazy("95% sure"), "text"), ("p90", lazy("Nine in ten within"), "time"),
        ("before", lazy("Median before"), "time"), _CHANGE)),
    ("forecast-accuracy", lazy("Forecast, looked back at"),
     lazy("What was forecast as each month began, and what became of it."), accuracy, (
        ("of", lazy("Month or stage"), "text"), ("n", lazy("Deals")), ("won_n", lazy("Won deals")),
        ("won", lazy("Won"), "money"), ("own", lazy("By their chances"), "money"),
        ("own_error", lazy("Error"), "money"), ("own_score", lazy("Brier"), "score"),
        ("history", lazy("By history"), "money"), ("history_error", lazy("Error"), "money"),
        ("history_score", lazy("Brier"), "score"), ("naive", lazy("Naive"), "money"),
        ("naive_error", lazy("Error"), "money"), ("naive_score", lazy("Brier"), "score"))),
)  # fmt: skip
REPORTS: Final = {
    key: Report(key, label, about, tuple(Column(*one) for one in columns), build)
    for key, label, about, build, columns in _EVERY
}
