"""Any usual table is read; everything else is refused in words, without eating the machine."""

import io
import zipfile

import pytest
import xlsxwriter

from crm import columns, tables
from crm.tables import Unreadable, read_table

TEXT = "Name,City\nAsha,Pune\nBjörn,Malmö\n"


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


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_usual_encodings(encoding):
    table = read_table(TEXT.encode(encoding))
    assert table.headers == ["Name", "City"]
    assert [row.cells for row in table.rows] == [["Asha", "Pune"], ["Björn", "Malmö"]]
    assert [row.number for row in table.rows] == [2, 3]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_usual_delimiters(delimiter):
    text = TEXT.replace(",", delimiter) + f'"a{delimiter}b"{delimiter}"two\nlines"\n'
    assert read_table(text.encode()).rows[2].cells == [f"a{delimiter}b", "two\nlines"]


def test_one_column_is_a_table_too():
    assert read_table(b"email\na@acme.in\n").rows[0].cells == ["a@acme.in"]


def test_spreadsheets_are_read_as_text():
    content = sheet(
        [
            ["Name", "Visits", "Share", "Note"],
            ["Asha", 5, 2.5, "=1+1"],
            ["", "", "", ""],
            ["Bo", 0, 0, ""],
        ]
    )
    table = read_table(content)
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ["Asha", "5", "2.5", "=1+1"]),
        (4, ["Bo", "0", "0", ""]),
    ]


def test_formulas_stay_text():
    assert read_table(b'name,x\n"=HYPERLINK(""http://x"")",@SUM(1)\n').rows[0].cells == [
        '=HYPERLINK("http://x")',
        "@SUM(1)",
    ]


def test_short_rows_are_filled_and_long_ones_are_named():
    table = read_table(b"a,b\n1\n1,2,3\n1,2,,\n")
    assert [row.cells for row in table.rows] == [["1", ""], ["1", "2"], ["1", "2"]]
    assert [bool(row.problem) for row in table.rows] == [False, True, False]
    assert "3 cells" in table.rows[1].problem


def test_nameless_and_doubled_headers_get_names():
    assert read_table(b"a,,a,A\n1,2,3,4\n").headers == ["a", "Column 2", "a (2)", "A (3)"]


def test_zero_bytes_are_named_by_row():
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
    "not utf-16": (
        b"\xff\xfe" + "a,b\n1,2".encode("utf-16-le") + b"\x00",
        "cannot be read at byte",
    ),
    "no cp1252": (b"a,b\n\x81\x8d,\xff\n", "cannot be read at byte"),
    "wide": (b",".join(b"c%d" % n for n in range(10_000)) + b"\n1\n", "10,000 columns"),
    "damaged sheet": (zipped(xl__workbook_xml=b"<nonsense", other=b"x"), "damaged"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_table_is_refused_in_words(name):
    content, words = BROKEN[name]
    with pytest.raises(Unreadable) as refusal:
        read_table(content)
    assert words in str(refusal.value)


def test_bombs_are_refused_before_they_unpack():
    with pytest.raises(Unreadable, match="unpacks to far more"):
        read_table(
            zipped(
                xl__workbook_xml=b"<x/>",
                xl__worksheets__sheet1_xml=b"0" * (tables.MAX_UNPACKED + 1),
            )
        )


def test_a_cell_far_away_is_refused_before_the_grid_is_made():
    with zipfile.ZipFile(io.BytesIO(sheet([["a"], ["b"]]))) as book:
        files = {name: book.read(name) for name in book.namelist()}
    name = "xl/worksheets/sheet1.xml"
    files[name] = files[name].replace(b'r="A2"', b'r="XFD1048576"')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for key, content in files.items():
            book.writestr(key, content)
    with pytest.raises(Unreadable, match="Delete the empty far cells"):
        read_table(out.getvalue())


def test_files_over_the_limit_are_refused():
    with pytest.raises(Unreadable, match="larger than"):
        read_table(b"a\n" + b"x" * 100 + b"\n" * 2, max_bytes=50)


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
        (
            "account,sector,year_established,revenue,employees,office_location,subsidiary_of",
            "accounts",
        ),
        ("sales_agent,manager,regional_office", "users"),
        ("product,series,sales_price", "items"),
        (
            "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value",
            "deals",
        ),
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
