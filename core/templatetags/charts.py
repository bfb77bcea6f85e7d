"""Charts as SVG: no script, no inline style; percentages wide and pixels high, so text keeps its size on any width.

Every chart says what it shows and finds (`<title>`, `<desc>`), and hands over the same numbers as a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import template

register = template.Library()
HIGH: Final = 224  # of the drawing area; below it stand the names
ROW: Final = 46
MOST: Final = 24
CSS: Final = ("b1", "b2")


@dataclass(frozen=True)
class Series:
    """One row of numbers under a name."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """What is drawn: as `rows` (a bar under each name), `funnel`, `columns` (stacked), or `line`.

    `show` writes a value shortly, `exact` fully; `goals` has one value a label, or None where there is none. With
    `needs` only the axis is drawn, and that sentence.
    """

    kind: str
    title: str
    finding: str
    labels: Sequence[str]
    series: Sequence[Series]
    show: Callable[[float], str] = "{:,.0f}".format
    exact: Callable[[float], str] = "{:,.0f}".format
    goals: Sequence[float | None] = ()
    goal: str = ""
    needs: str = ""

    def legend(self) -> list[tuple[str, str]]:
        """The names of more than one series, each with its look."""
        looks = ("b1", "b3") if self.kind == "line" else CSS
        names = [(css, one.name) for css, one in zip(looks, self.series, strict=False)]
        names += [("b3", self.goal)] if any(self.goals) else []
        return names if len(names) > 1 else []

    def table(self) -> tuple[list[str], list[tuple[str, list[str]]]]:
        """The same numbers as headings and rows."""
        columns = [(one.name, one.values) for one in self.series]
        columns += [(self.goal, self.goals)] if any(self.goals) else []  # type: ignore[list-item]
        written = [["" if one is None else self.exact(one) for one in many] for _, many in columns]
        rows = [(label, [one[at] for one in written]) for at, label in enumerate(self.labels)]
        return [name for name, _ in columns], rows

    def drawn(self) -> "Drawing":
        """The chart as shapes."""
        if self.needs:
            return Drawing(ROW, inset="0px", grid=[("zero", ROW - 2, "")])
        return {"line": _line, "columns": _columns}.get(self.kind, _rows)(self)


@dataclass
class Drawing:
    """Shapes, each as a tuple of its attributes; x and widths are texts in percent."""

    height: int
    inset: str = "3.4rem"
    grid: list[tuple[str, int, str]] = field(default_factory=list)
    boxes: list[tuple[str, str, str, str, str, str]] = field(default_factory=list)
    texts: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    goals: list[tuple[str, str, str]] = field(default_factory=list)
    paths: list[tuple[str, str]] = field(default_factory=list)

    def box(self, css: str, place: tuple[float, float, float, float], said: str = "") -> None:
        """Add a bar at (x, width, y, height)."""
        if place[1] > 0 and place[3] > 0:
            x, wide, y, high = (f"{one:.2f}" for one in place)
            self.boxes.append((css, x, wide, y, high, said))


@register.inclusion_tag("ui/chart.html")
def chart(of: Chart, name: str = "chart") -> dict[str, Any]:
    """A chart with its legend and its table."""
    heads, rows = of.table()
    return {"of": of, "name": name, "drawn": of.drawn(), "heads": heads, "rows": rows}


@register.inclusion_tag("ui/spark.html")
def spark(values: Sequence[float], title: str) -> dict[str, Any]:
    """A line without axes, the size of a word."""
    return {"title": title, "path": _path(values, max(values), 18) if any(values) else ""}


def _rows(of: Chart) -> Drawing:
    """Name and value over each bar; of a funnel, over the track of the step before."""
    tops = [sum(one.values[at] for one in of.series) for at in range(len(of.labels))][:MOST]
    drawn = Drawing(max(len(tops), 1) * ROW, inset="0px")
    most = max(tops, default=0) or 1
    before = most
    for at, (label, top) in enumerate(zip(of.labels, tops, strict=False)):
        y, x, is_funnel = at * ROW, 0.0, of.kind == "funnel"
        share = f" ({100 * top / before:.0f}%)" if is_funnel and at and before else ""
        drawn.texts.append(("", "0", y + 13, "start", label))
        drawn.texts.append(("lbl", "100%", y + 13, "end", f"{of.show(top)}{share}"))
        drawn.box("trk", (0, 100 * before / most if is_funnel else 100, y + 19, 14))
        for css, one in zip(CSS, of.series, strict=False):
            wide = 100 * one.values[at] / most
            said = f"{label}, {one.name}: {of.exact(one.values[at])}"
            drawn.box(css, (x, wide, y + 19, 14), said)
            x += wide
        before = top
    return drawn


def _columns(of: Chart) -> Drawing:
    """Stacked columns on a base of zero, and the goal as a dashed line over each."""
    tops = [sum(one.values[at] for one in of.series) for at in range(len(of.labels))]
    most = _round_up(max([*tops, *(goal or 0 for goal in of.goals)], default=0))
    drawn = Drawing(HIGH + 26, grid=_grid(of, most))
    wide, every = 100 / max(len(tops), 1), max(1, round(len(tops) / 6))
    for at, label in enumerate(of.labels):
        x, y = at * wide, float(HIGH)
        for css, one in zip(CSS, of.series, strict=False):
            high = HIGH * one.values[at] / most
            y -= high
            said = f"{label}, {one.name}: {of.exact(one.values[at])}"
            drawn.box(css, (x + wide / 5, wide * 3 / 5, y, high), said)
        quiet = "" if at % every == 0 else "ds"
        drawn.texts.append((quiet, f"{x + wide / 2:.2f}%", HIGH + 18, "middle", label))
        if at < len(of.goals) and (goal := of.goals[at]):
            drawn.goals.append((f"{x:.2f}", f"{x + wide:.2f}", f"{HIGH - HIGH * goal / most:.1f}"))
    return drawn


def _line(of: Chart) -> Drawing:
    """One or two lines; the first has its area, the second is dashed."""
    most = _round_up(max((max(one.values, default=0) for one in of.series), default=0))
    drawn = Drawing(HIGH + 26, grid=_grid(of, most))
    for css, one in zip(("", "dash"), of.series, strict=False):
        drawn.paths.append((css, _path(one.values, most, HIGH)))
    for x, end, label in (("0", "start", of.labels[0]), ("100%", "end", of.labels[-1])):
        drawn.texts.append(("", x, HIGH + 18, end, label))
    return drawn


def _grid(of: Chart, most: float) -> list[tuple[str, int, str]]:
    """The base line and four over it, with their values."""
    steps = enumerate(("grid", "grid", "grid", "grid", "zero"))
    return [(css, HIGH * at // 4 + 1, of.show(most * (4 - at) / 4)) for at, css in steps]


def _path(values: Sequence[float], most: float, high: float) -> str:
    step = 100 / max(len(values) - 1, 1)
    points = [f"{at * step:.2f} {high * (1 - one / most):.2f}" for at, one in enumerate(values)]
    return f"M{'L'.join(points)}"


def _round_up(value: float) -> float:
    """Return the next round number above: 1, 2, 4, 6, 8 or 10 with zeros."""
    size = 10.0 ** (len(str(int(max(value, 1)))) - 1)
    return next((step * size for step in (1, 2, 4, 6, 8) if step * size >= value), 10 * size)
