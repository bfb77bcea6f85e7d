"""Any usual table is read; everything else is refused in words, without eating the machine."""

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime

import pytest
import xlsxwriter

from core.exports import to_bytes
from crm import columns, workbooks
from crm.tables import Row, Unreadable, open_table

TEXT = "Name,City\nAsha,Pune\nBjörn,Malmö\n"


@dataclass
class Whole:
    headers: list[str]
    rows: list[Row]


@pytest.fixture
def read_table(tmp_path):
    def read(content: bytes, after: int = 0) -> Whole:
        path = tmp_path / "table"
        path.write_bytes(content)
        with open_table(path, after=after) as table:
            return Whole(table.headers, list(table.rows))

    return read


def sheet(rows: list[list], **options) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, **options}) as book:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_usual_encodings(read_table, encoding):
    table = read_table(TEXT.encode(encoding))
    assert table.headers == ["Name", "City"]
    assert [row.cells for row in table.rows] == [["Asha", "Pune"], ["Björn", "Malmö"]]
    assert [row.number for row in table.rows] == [2, 3]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_usual_delimiters(read_table, delimiter):
    text = TEXT.replace(",", delimiter) + f'"a{delimiter}b"{delimiter}"two\nlines"\n'
    assert read_table(text.encode()).rows[2].cells == [f"a{delimiter}b", "two\nlines"]


def test_one_column_is_a_table_too(read_table):
    assert read_table(b"email\na@acme.in\n").rows[0].cells == ["a@acme.in"]


def test_spreadsheets_are_read_as_text(read_table):
    content = sheet([["Name", "Visits", "Share", "Note"], ["Asha", 5, 2.5, "=1+1"], ["", "", "", ""], ["Bo", 0, 0, ""]])
    table = read_table(content)
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ["Asha", "5", "2.5", "=1+1"]),
        (4, ["Bo", "0", "0", ""]),
    ]


def test_formulas_stay_text(read_table):
    assert read_table(b'name,x\n"=HYPERLINK(""http://x"")",@SUM(1)\n').rows[0].cells == [
        '=HYPERLINK("http://x")',
        "@SUM(1)",
    ]


def test_short_rows_are_filled_and_long_ones_are_named(read_table):
    table = read_table(b"a,b\n1\n1,2,3\n1,2,,\n")
    assert [row.cells for row in table.rows] == [["1", ""], ["1", "2"], ["1", "2"]]
    assert [bool(row.problem) for row in table.rows] == [False, True, False]
    assert "3 cells" in table.rows[1].problem


def test_nameless_and_doubled_headers_get_names(read_table):
    assert read_table(b"a,,a,A\n1,2,3,4\n").headers == ["a", "Column 2", "a (2)", "A (3)"]


def test_zero_bytes_are_named_by_row(read_table):
    table = read_table(b"a,b\n1,x\x00y\n" + b"2,fine\n" * 60)
    assert [row.number for row in table.rows if row.problem] == [2]


BROKEN = {
    "empty": (b"", "empty"),
    "blanks": (b" \n\n", "empty"),
    "bom alone": (b"\xef\xbb\xbf", "empty"),
    "header only": (b"a,b\n", "no rows below"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "a picture"),
    "pdf": (b"%PDF-1.7\n...", "a PDF"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old Excel"),
    "web page": (b"<!DOCTYPE html><html></html>", "a web page"),
    "noise": (bytes(range(256)) * 20, "not a text file"),
    "open quote": (b'a,b\n1,2\n"3,4\n5,6\n', "quotation mark"),
    "text after quote": (b'a,b\n"x"y,2\n', "Row 2 is broken"),
    "zip": (zipped(readme=b"hello"), "ZIP file"),
    "broken zip": (b"PK\x03\x04" + bytes(100), "damaged"),
    "not utf-16": (b"\xff\xfe" + "a,b\n1,2".encode("utf-16-le") + b"\x00", "cannot be read at byte"),
    "no cp1252": (b"a,b\n\x81\x8d,\xff\n", "cannot be read at byte"),
    "wide": (b",".join(b"c%d" % n for n in range(10_000)) + b"\n1\n", "10,000 columns"),
    "damaged sheet": (zipped(xl__workbook_xml=b"<nonsense", other=b"x"), "damaged"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_table_is_refused_in_words(read_table, name):
    content, words = BROKEN[name]
    with pytest.raises(Unreadable) as refusal:
        read_table(content)
    assert words in str(refusal.value)


def test_bombs_are_refused_before_they_unpack(read_table, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1_000_000)
    content = b"0" * (workbooks.MAX_UNPACKED + 1)
    with pytest.raises(Unreadable, match="unpacks to far more"):
        read_table(zipped(xl__workbook_xml=b"<x/>", xl__worksheets__sheet1_xml=content))


def test_a_cell_far_away_costs_nothing_and_is_named(read_table):
    with zipfile.ZipFile(io.BytesIO(sheet([["a"], ["b"]]))) as book:
        files = {name: book.read(name) for name in book.namelist()}
    name = "xl/worksheets/sheet1.xml"
    files[name] = files[name].replace(b'r="A2"', b'r="XFD1048576"')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for key, content in files.items():
            book.writestr(key, content)
    row = read_table(out.getvalue()).rows[0]
    assert (len(row.cells), row.problem[:24]) == (1, "The row has 16384 cells,")


def test_dates_and_rich_words_of_a_spreadsheet(read_table):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Day", "Moment", "Rate", "Words", "Yes", "Sum"])
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        moment = book.add_format({"num_format": 22})
        rate = book.add_format({"num_format": '0.00" days"'})
        page.write_datetime(1, 0, datetime(2026, 11, 21), day)  # noqa: DTZ001
        page.write_datetime(1, 1, datetime(2026, 11, 21, 9, 30, 15), moment)  # noqa: DTZ001
        page.write_number(1, 2, 2.5, rate)
        page.write_rich_string(1, 3, "As", book.add_format({"bold": True}), "ha", " Rao")
        page.write_boolean(1, 4, True)
        page.write_formula(1, 5, "=1+1", value=2)
    assert read_table(out.getvalue()).rows[0].cells == [
        "2026-11-21", "2026-11-21 09:30:15", "2.5", "Asha Rao", "Yes", "2",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_reading_goes_on_where_it_stopped(read_table, form):
    content = to_bytes(form, ["n", "word"], [[number, f"word {number}"] for number in range(20_000)])
    rest = read_table(content, after=15_001)
    assert rest.headers == ["n", "word"]
    assert (rest.rows[0].cells, rest.rows[0].number) == (["15000", "word 15000"], 15_002)
    assert len(rest.rows) == 5_000


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_an_export_made_safe_is_read_as_it_was(read_table, form):
    cells = ["=1+1", "+91 98", "-5", "@x", "'=1", "''-x", "'quoted'", "it's", "o'-x"]
    headers = [f"h{number}" for number in range(len(cells))]
    assert read_table(to_bytes(form, headers, [cells])).rows[0].cells == cells


def test_the_real_lead_file_maps_itself():
    headers = [
        "Prospect ID", "Lead Number", "Lead Origin", "Lead Source", "Do Not Email", "Converted", "TotalVisits",
        "Total Time Spent on Website", "City", "Tags", "Lead Quality", "Lead Profile", "Last Activity",
        "Asymmetrique Activity Index", "Last Notable Activity", "Magazine",
    ]  # fmt: skip
    assert columns.guess_kind(headers) == "leads"
    assert columns.guess_mapping("leads", headers) == {
        "Prospect ID": "external_ref",
        "Lead Number": "",
        "Lead Origin": "fact:origin",
        "Lead Source": "source",
        "Do Not Email": "do_not_email",
        "Converted": "outcome",
        "TotalVisits": "fact:visits",
        "Total Time Spent on Website": "fact:time_on_site",
        "City": "city",
        "Tags": "tags",
        "Lead Quality": "",
        "Lead Profile": "",
        "Last Activity": "",
        "Asymmetrique Activity Index": "",
        "Last Notable Activity": "",
        "Magazine": "fact:magazine",
    }


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("account,sector,year_established,revenue,employees,office_location,subsidiary_of", "accounts"),
        ("sales_agent,manager,regional_office", "users"),
        ("product,series,sales_price", "items"),
        ("opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value", "deals"),
        ("First Name,Last Name,E-mail,Mobile,Company", "leads"),
    ],
)
def test_each_file_is_recognised_by_its_headers(headers, kind):
    assert columns.guess_kind(headers.split(",")) == kind


@pytest.mark.parametrize(
    ("samples", "is_day_first"),
    [
        (["10/20/2016"], False),
        (["20/10/2016"], True),
        (["03/04/2016", "03/31/2016"], False),
        (["2016-10-20"], True),
        ([], True),
    ],
)
def test_dates_follow_the_habit_of_their_column(samples, is_day_first):
    assert columns.day_first(samples) is is_day_first
