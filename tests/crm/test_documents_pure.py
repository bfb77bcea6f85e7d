"""What a file is, by its bytes: good ones pass whatever they are called, hostile ones are refused in words."""

import struct

import pytest

from core.files import told_size
from core.kinds import PDF as PDF_KIND
from core.kinds import TEXT, Unfit, content_of, proper_name
from tests.crm.documents import PDF, PNG, archive, docx, png

GIF = b"GIF89a" + struct.pack("<HH", 10, 10) + b"\x00;"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 30, 40) + b"\x01\x01"
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + b"\x09\x00\x00\x09\x00\x00"
LOSSLESS = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00/" + struct.pack("<I", 9 | 9 << 14)
ODF = "application/vnd.oasis.opendocument"

GOOD = {
    "pdf": (PDF, "pdf", "application/pdf"),
    "png": (PNG, "image", "image/png"),
    "gif": (GIF, "image", "image/gif"),
    "jpeg": (JPEG, "image", "image/jpeg"),
    "webp": (WEBP, "image", "image/webp"),
    "lossless webp": (LOSSLESS, "image", "image/webp"),
    "word": (docx(), "document", ".wordprocessingml.document"),
    "sheet": (archive(**{"xl/workbook.xml": "<w/>"}), "sheet", ".spreadsheetml.sheet"),
    "slides": (archive(**{"ppt/presentation.xml": "<p/>"}), "slides", ".presentation"),
    "odt": (archive(mimetype=f"{ODF}.text"), "document", f"{ODF}.text"),
    "text": ("Grüße, 5 < 6".encode(), "text", "text/plain"),
    "old text": ("Grüße".encode("cp1252"), "text", "text/plain"),
    "utf-16": ("नमस्ते".encode("utf-16"), "text", "text/plain"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_known_by_its_bytes(name):
    data, kind, media_type = GOOD[name]
    found = content_of(data)
    assert found.kind == kind
    assert found.media_type.endswith(media_type)


BAD = {
    "nothing": (b"", "is empty"),
    "a page called pdf": (b"<html><script>alert(1)</script></html>", "Web pages"),
    "a page behind spaces": (b"\n\n   <!DOCTYPE html><p>x", "Web pages"),
    "a drawing": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "Web pages"),
    "a drawing with a head": (b'<?xml version="1.0"?><svg xmlns="x" onload="a()"/>', "Web pages"),
    "a page in utf-16": ("<html><script>x</script>".encode("utf-16"), "Web pages"),
    "a shell script": (b"#!/bin/sh\nrm -rf /\n", "Web pages"),
    "pdf and page": (PDF + b"<html><script>alert(1)</script>", "web page as well"),
    "picture and page": (PNG + b"<script>alert(1)</script>", "web page as well"),
    "gif and drawing": (GIF + b'<svg onload="x()" xmlns="y">', "web page as well"),
    "pdf and archive": (PDF + archive(a="x"), "archive is hidden"),
    "jpeg and archive": (JPEG + archive(a="x"), "archive is hidden"),
    "word and pdf": (docx() + PDF, "is damaged"),
    "a bomb": (docx(**{"word/media/x.bmp": b"\x00" * 60_000_000}), "unpacks to far more"),
    "many entries": (docx(**{f"word/{n}": "" for n in range(2_100)}), "unpacks to far more"),
    "macros": (docx(**{"word/vbaProject.bin": "x"}), "macros"),
    "an archive": (archive(a="x"), "an archive"),
    "a cut archive": (docx()[:-30], "is damaged"),
    "a flipped archive": (docx(a="hello" * 9).replace(b"\xcbH\xcd", b"\xccH\xcd"), "is damaged"),
    "a huge picture": (png(50_000, 50_000), "50,000 × 50,000 pixels. The limit is 100 million"),
    "no size": (png(0, 10), "picture is damaged"),
    "half a picture": (JPEG[:12], "picture is damaged"),
    "a program": (b"MZ\x90\x00\x03" + b"\x00" * 60, "This kind of file"),
    "an old office file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "This kind of file"),
    "zero bytes": (b"\x00" * 100, "This kind of file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_hostile_file_is_refused_in_words(name):
    data, words = BAD[name]
    with pytest.raises(Unfit, match=words):
        content_of(data)


def test_an_archive_that_lies_about_its_size_is_damaged():
    bomb = bytearray(docx(**{"word/x": b"a" * 40_000_000}))
    at = 0
    while (at := bomb.find(b"PK\x01\x02", at)) >= 0:
        bomb[at + 24 : at + 28] = struct.pack("<I", 1_000)
        at += 4
    with pytest.raises(Unfit, match="is damaged"):
        content_of(bytes(bomb))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Offer.pdf", "Offer.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\offer.PDF", "offer.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe.pdf"),
        ("a\x00b\nc.pdf", "abc.pdf"),
        ("\u200f\u202a", "file.pdf"),
        ("", "file.pdf"),
        ("...", "file.pdf"),
        ("प्रस्ताव.pdf", "प्रस्ताव.pdf"),
        ("x" * 400 + ".pdf", "x" * 180 + ".pdf"),
    ],
)
def test_a_name_keeps_no_path_and_no_mark_and_says_what_the_file_is(sent, kept):
    assert proper_name(sent, PDF_KIND) == kept


def test_a_table_keeps_its_ending():
    assert proper_name("prices.csv", TEXT) == "prices.csv"
    assert proper_name("prices.html", TEXT) == "prices.html.txt"


@pytest.mark.parametrize(
    ("size", "told"),
    [(31_000_000, "31 MB"), (30_000_001, "31 MB"), (1_200_000, "1.2 MB"), (40_000, "40 kB"), (1, "1 kB")],
)
def test_a_size_is_told_as_people_say_it(size, told):
    assert told_size(size) == told
