"""Files that are no table: a clear answer in seconds, nothing stored, nothing changed."""

import io
import struct
import time
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.exports import to_bytes
from crm.models import ImportRun
from tests.people import browser
from tests.security.ground import state

pytestmark = pytest.mark.django_db
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = f'<?xml version="1.0"?><worksheet xmlns="{SPACE}"><sheetData>{{}}</sheetData></worksheet>'
BOOK = to_bytes("xlsx", ["Email", "First Name"], [["a@x.example", "Asha"]])


def changed(replace: dict[str, bytes]) -> bytes:
    """A workbook with some of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, replace.pop(entry.filename, old.read(entry.filename)))
        for name, content in replace.items():
            new.writestr(name, content)
    return out.getvalue()


def lying(content: bytes, size: int) -> bytes:
    """The same archive, whose directory claims another unpacked size for every entry."""
    made = bytearray(content)
    at = 0
    while (at := made.find(b"PK\x01\x02", at)) >= 0:
        made[at + 24 : at + 28] = struct.pack("<I", size)
        at += 4
    return bytes(made)


def rows(xml: str) -> bytes:
    return SHEET.format(xml).encode()


DOC = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9))
    + b"]>"
    + SHEET.partition("?>")[2].format('<row><c t="inlineStr"><is><t>&j;</t></is></c></row>').encode()
)
XXE = (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
       b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
       b'<c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>')  # fmt: skip
ONE = "xl/worksheets/sheet1.xml"
LAST = '<row r="1048576">'
BOMBS = {
    "a sheet of 300 MB": lambda: changed({ONE: rows("<row>" + " " * 300_000_000 + "</row>")}),
    "a lie about its size": lambda: lying(changed({ONE: rows("<row>" + " " * 400_000_000 + "</row>")}), 1000),
    "shared strings with a lie": lambda: lying(
        changed({"xl/sharedStrings.xml": b"<sst><si><t>" + b"a" * 600_000_000 + b"</t></si></sst>"}), 1000
    ),
    "a gigabyte claimed": lambda: lying(BOOK, 1_000_000_000),
    "far cells": lambda: changed({ONE: rows('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')}),
    "far cells without addresses": lambda: changed({ONE: rows(LAST + "<c><v>1</v></c>" * 16_384 + "</row>")}),
    "far cells, few, without addresses": lambda: changed({ONE: rows(LAST + "<c><v>1</v></c>" * 100 + "</row>")}),
    "far cells, quoted otherwise": lambda: changed(
        {ONE: rows("<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>")}
    ),
    "far cells, small letters": lambda: changed({ONE: rows('<row r="1048576"><c r="xfd1048576"><v>1</v></c></row>')}),
    "far cells in another space": lambda: changed(
        {ONE: rows('<x:row r="1048576"><x:c r="XFD1048576"><v>1</v></x:c></x:row>')}
    ),
    "entities": lambda: changed({ONE: DOC}),
    "an outside entity": lambda: changed({ONE: XXE}),
    "many entries": lambda: changed({f"x/{n}": b"x" for n in range(5_000)}),
    "a zip in a zip": lambda: changed({"xl/workbook.xml": BOOK}),
    "no workbook": lambda: changed({"xl/workbook.xml": b"<x/>"}),
    "a cut archive": lambda: BOOK[: len(BOOK) // 2],
    "a cut end": lambda: BOOK[:-10],
    "10,000 columns": lambda: f"{','.join(f'c{n}' for n in range(10_000))}\n{'x,' * 9_999}x".encode(),
    "10,000 columns as xlsx": lambda: to_bytes("xlsx", [f"c{n}" for n in range(10_000)], [["x"] * 10_000]),
    "zero bytes": lambda: b"\x00" * 100_000,
    "binary": lambda: bytes(range(256)) * 400,
    "an open quotation mark": lambda: b'Email,Name\n"a@x.example,Asha\n' + b"x,y\n" * 200_000,
    "one endless line": lambda: b"Email," + b"a" * 19_000_000,
    "only commas": lambda: b"," * 19_000_000,
    "only breaks": lambda: b"\n" * 19_000_000,
    "quotation marks": lambda: b'"' * 19_000_000,
    "half of UTF-16": lambda: "Email,Name\na@x.example,Ŵ".encode("utf-16")[:-1],
    "an old workbook": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2_000,
    "a page": lambda: b"<html><script>alert(1)</script></html>",
    "nothing": lambda: b"",
    "a header alone": lambda: b"Email,Name\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_words_within_seconds(people, settings, name):
    content = BOMBS[name]()
    page = browser(people.ada)
    page.get("/imports/")
    before = state()
    began = time.monotonic()
    answer = page.post(
        "/imports/new/", {"file": SimpleUploadedFile("leads.xlsx" if content[:2] == b"PK" else "leads.csv", content)}
    )
    assert time.monotonic() - began < 10
    assert answer.status_code == 422, answer.status_code
    text = answer.content.decode()
    assert 'class="errs' in text or "aria-invalid" in text or "error" in text.lower()
    assert "root:x" not in text and "<script>alert" not in text and "Traceback" not in text
    assert state() == before
    assert not settings.MEDIA_ROOT.exists() or not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_a_file_that_is_too_large_is_refused_before_it_is_read(people, settings):
    settings.IMPORT_MAX_BYTES = 1_000_000
    page = browser(people.ada)
    before = state()
    file = SimpleUploadedFile("leads.csv", b"Email\n" + b"a@x.example\n" * 100_000)
    answer = page.post("/imports/new/", {"file": file})
    assert answer.status_code == 413
    assert "The file is larger than 1 MB. Split it and import the parts." in answer.content.decode()
    assert state() == before
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


ODD = {
    "zero bytes in a cell": b"Email,First Name\nasha@x.example,As\x00ha\n",
    "formulas": b"Email,First Name,City\nf@x.example,\"=cmd|' /C calc'!A0\",@SUM(1)\n",
    "windows-1252": "Email,First Name\nz@x.example,Ren\xe9e \x93x\x94\n".encode("latin-1"),
    "utf-16": "Email,First Name\nu@x.example,Ŵ\n".encode("utf-16"),
    "long cells": b"Email,First Name\nl@x.example," + b"x" * 100_000 + b"\n",
    "same names": b"Email,Email,Email\na@x.example,b@x.example,c@x.example\n",
    "a path": b"Email,First Name\np@x.example,../../etc/passwd\n",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_cells_stay_words(people, run_events, name):
    page = browser(people.ada)
    answer = page.post("/imports/new/", {"file": SimpleUploadedFile("../../../etc/cron.d/x.csv", ODD[name])})
    assert answer.status_code == 303
    run = ImportRun.objects.get()
    assert "/" not in run.file_name
    assert page.get(answer["Location"]).status_code == 200
    fields = {f"column-{at}": run.mapping.get(header, "") for at, header in enumerate(run.headers)}
    answer = page.post(f"/imports/{run.pk}/", {"kind": "leads", "mode": "good", "then": "import", **fields})
    assert answer.status_code in {303, 409, 422}, answer.status_code
    run_events()
    for address in (f"/imports/{run.pk}/", "/leads/", "/contacts/", f"/imports/{run.pk}/failures.csv"):
        assert page.get(address).status_code == 200, address


@pytest.mark.parametrize("mapping", [{"column-0": "owner_id"}, {"column-0": "password"}, {"column-0": "status"},
{"column-0": "stage"},
                                     {"column-0": "fact:__class__"}, {"column-0": "custom:" + "x" * 5_000},
                                     {"kind": "users"}, {"kind": "nothing"},
                                     {"mode": "nothing"}])  # fmt: skip
def test_columns_fill_only_what_is_offered(people, mapping):
    page = browser(people.rita)
    page.post("/imports/new/", {"file": SimpleUploadedFile("x.csv", b"Email,First Name\na@x.example,Asha\n")})
    run = ImportRun.objects.get()
    before = state()
    body = {"kind": "leads", "mode": "good", "then": "import", "column-0": "email", "column-1": "first_name", **mapping}
    answer = page.post(f"/imports/{run.pk}/", body)
    assert answer.status_code in {403, 409, 422}, answer.status_code
    assert state() == before
