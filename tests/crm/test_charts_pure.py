"""Charts say what they show, to eyes and to screen readers, with numbers that can be read as a table."""

import re
from xml.etree import ElementTree as ET

import pytest
from django.template import Context, Template

from core.templatetags.charts import Chart, Series

KINDS = ("rows", "funnel", "columns", "line")


def made(kind: str = "columns", **more) -> Chart:
    values = {
        "title": "Won & lost",
        "finding": "May was <best>.",
        "labels": ["Apr", "May", "Jun"],
        "series": [Series("Won", [4, 10, 0]), Series("Open", [1, 2, 3])],
    }
    return Chart(kind, **values | more)


def drawn(chart: Chart) -> str:
    return Template("{% load charts %}{% chart chart 'one' %}").render(Context({"chart": chart}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_an_image_with_a_title_a_finding_and_a_table(kind):
    html = drawn(made(kind))
    picture = ET.fromstring(re.search(r"<svg class=\"plot\".*</svg>", html, re.DOTALL)[0])
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "one-t one-d"
    assert [picture.find("title").text, picture.find("desc").text] == ["Won & lost", "May was <best>."]
    assert "style=" not in html
    assert "<script" not in html
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", html)
    assert cells == ["", "Won", "Open", "Apr", "4", "1", "May", "10", "2", "Jun", "0", "3"]
    assert "Show as table" in html


def test_bars_begin_at_zero_and_are_as_long_as_their_numbers():
    boxes = made("rows", series=[Series("Won", [4, 10, 0])]).drawn().boxes
    wide = {said: float(wide) for css, _x, wide, _y, _high, said in boxes if css == "b1"}
    assert wide == {"Apr, Won: 4": 40.0, "May, Won: 10": 100.0}
    columns = made().drawn()
    assert columns.grid[0][2] == "20"
    assert columns.grid[-1] == ("zero", 225, "0")
    high = {said: (float(y), float(high)) for _, _, _, y, high, said in columns.boxes}
    assert high["May, Won: 10"] == (112.0, 112.0)
    assert high["May, Open: 2"] == pytest.approx((89.6, 22.4))


def test_a_funnel_says_what_went_on():
    texts = [said for *_rest, said in made("funnel", series=[Series("All", [40, 10, 5])]).drawn().texts]
    assert texts == ["Apr", "40", "May", "10 (25%)", "Jun", "5 (50%)"]


def test_a_goal_stands_where_there_is_one_and_in_the_table():
    chart = made(goals=[None, 16, 20], goal="Goal")
    assert [float(y) for _, _, y in chart.drawn().goals] == pytest.approx([44.8, 0])
    heads, rows = chart.table()
    assert heads == ["Won", "Open", "Goal"]
    assert rows[1] == ("May", ["10", "2", "16"])
    assert ("b3", "Goal") in chart.legend()


def test_without_data_there_is_an_axis_and_what_is_needed():
    html = drawn(made(needs="Needs 10 leads to say something. You have 3."))
    assert html.count("Needs 10 leads to say something. You have 3.") == 2
    assert "<rect" not in html
    assert 'class="zero"' in html
    assert "Show as table" not in html


def test_nothing_and_zeros_are_drawn_too():
    for kind in KINDS[:3]:
        assert drawn(made(kind, labels=[], series=[Series("Won", [])]))
    for kind in KINDS:
        assert "NaN" not in drawn(made(kind, series=[Series("Won", [0, 0, 0])]))
    spark = Template("{% load charts %}{% spark values 'Six months' %}")
    assert 'aria-label="Six months"' in spark.render(Context({"values": [1, 5, 3]}))
    assert "<svg" not in spark.render(Context({"values": [0, 0]}))
