"""Reading XLSX row by row: a sheet is cut at the ends of its rows and parsed in pieces, so memory stays flat.

Formulas are never run (what they last showed is read), entities are refused, and empty far cells cost nothing.
"""

import os
import re
import tempfile
import zipfile
from array import array
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import IO
from xml.etree import ElementTree as ET

from django.utils.translation import gettext_lazy as _

MAX_UNPACKED = 2_000_000_000
MAX_PIECE = 8_000_000  # bytes without the end of a row: only bombs have more
MAX_PART = 5_000_000  # bytes of the small parts: names of sheets, styles
BLOCK = 400_000
DAMAGED = _("The spreadsheet is damaged. Open it, save it again as .xlsx and upload that.")
TOO_MUCH = _("The spreadsheet unpacks to far more than its size. Save the table alone as CSV.")
_SPACES = re.compile(rb"\sxmlns(?::[\w.-]+)?\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_ROW_NUMBER = re.compile(rb"<(?:[\w.-]+:)?row\s[^>]*?\br\s*=\s*[\"'](\d{1,9})")
_NOT_OF_DATES = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.|general')
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})  # Excel's own


class Unreadable(ValueError):
    """The file is no table that we read; the message says what it is and what would be right."""


class Workbook:
    """The first sheet with rows of a workbook; raises Unreadable for anything odd."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        entries = archive.infolist()
        self.names = {entry.filename for entry in entries}
        if "xl/workbook.xml" not in self.names:
            raise Unreadable(_("This is a ZIP file, not a spreadsheet. Upload the CSV or XLSX file inside it."))
        size = sum(entry.file_size for entry in entries)
        lies = any(entry.compress_size > entry.file_size + 1_000 for entry in entries)
        if lies or len(entries) > 2_000 or size > MAX_UNPACKED:
            raise Unreadable(TOO_MUCH)
        book = self._part("xl/workbook.xml")
        is_1904 = any(e.get("date1904") in {"1", "true"} for e in _all(book, "workbookPr"))
        self.epoch = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
        self.sheets = self._sheets(book)
        self.date_styles = self._date_styles()
        self.strings = _Strings(self._pieces("xl/sharedStrings.xml", "sst", "si"))

    def records(self, after: int = 0) -> Iterator[tuple[int, list[str]]]:
        """Each row's number and cells; rows up to number `after` may be left out, but never the first."""
        for name in self.sheets:
            number, found = 0, False
            for row in self._pieces(name, "sheetData", "row", after):
                cells = self._cells(row)
                number = int(row.get("r") or number + 1)
                found = found or any(cells)
                yield number, cells
            if found:
                return

    def _cells(self, row: ET.Element) -> list[str]:
        cells: list[str] = []
        space = row.tag[:-3]
        for cell in row:
            at = _column(cell.get("r", "").rstrip("0123456789")) or len(cells) + 1
            while len(cells) < at:
                cells.append("")
            cells[at - 1] = self._text(cell, space).strip()
        return cells

    def _text(self, cell: ET.Element, space: str) -> str:
        kind, value = cell.get("t", "n"), cell.findtext(f"{space}v")
        if kind == "inlineStr":
            return _words(cell, space)
        if value is None:
            return ""
        if kind == "s":
            return self.strings[int(value)]
        if kind == "n":
            return self._number(value, cell.get("s", ""))
        return {"0": "No", "1": "Yes"}.get(value, value) if kind == "b" else value

    def _number(self, value: str, style: str) -> str:
        if style not in self.date_styles:
            return value if value.isdigit() else _plain(value)
        try:
            moment = self.epoch + timedelta(days=float(value), microseconds=500_000)
        except (ValueError, OverflowError):
            return value
        moment = moment.replace(microsecond=0)
        if moment - self.epoch < timedelta(days=1):
            return moment.time().isoformat()
        return moment.isoformat(sep=" ").removesuffix(" 00:00:00")

    def _sheets(self, book: ET.Element) -> list[str]:
        links = self._part("xl/_rels/workbook.xml.rels")
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        found = []
        for sheet in _all(book, "sheets", "sheet"):
            key = next((v for name, v in sheet.attrib.items() if name.endswith("}id")), "")
            name = targets.get(key, "")
            found.append(name[1:] if name.startswith("/") else f"xl/{name}")
        return found

    def _date_styles(self) -> frozenset[str]:
        if "xl/styles.xml" not in self.names:
            return frozenset()
        styles = self._part("xl/styles.xml")
        dates = {str(key) for key in _DATES}
        for form in _all(styles, "numFmts", "numFmt"):
            if re.search("[dmyhs]", _NOT_OF_DATES.sub("", form.get("formatCode", "").lower())):
                dates.add(form.get("numFmtId", ""))
        forms = _all(styles, "cellXfs", "xf")
        return frozenset(str(at) for at, xf in enumerate(forms) if xf.get("numFmtId") in dates)

    def _part(self, name: str) -> ET.Element:
        if name not in self.names:
            raise Unreadable(DAMAGED)
        with self.archive.open(name) as part:
            content = part.read(MAX_PART + 1)
        if len(content) > MAX_PART:
            raise Unreadable(TOO_MUCH)
        return _parse(content)

    def _pieces(self, name: str, holder: str, tag: str, after: int = 0) -> Iterator[ET.Element]:
        """Every `tag` in the `holder` of a part."""
        if name not in self.names:
            return
        opening = re.compile(rb"<(?:[\w.-]+:)?%s\b[^>]*>" % holder.encode())
        ending = re.compile(rb"</(?:[\w.-]+:)?%s\s*>" % tag.encode())
        with self.archive.open(name) as part:
            kept, is_first, unpacked = b"", True, 0
            start: bytes | None = None
            while block := part.read(BLOCK):
                kept, unpacked = kept + block, unpacked + len(block)
                if len(kept) > MAX_PIECE or unpacked > MAX_UNPACKED:
                    raise Unreadable(TOO_MUCH)
                if start is None:
                    if (found := opening.search(kept)) is None:
                        continue
                    head, kept = kept[: found.end()], kept[found.end() :]
                    _refuse_entities(head)
                    start = b"<x" + b"".join(dict.fromkeys(_SPACES.findall(head))) + b">"
                if ends := [end.end() for end in ending.finditer(kept)]:
                    piece, kept = kept[: ends[-1]], kept[ends[-1] :]
                    numbers = _ROW_NUMBER.findall(piece) if after and not is_first else ()
                    if not numbers or int(numbers[-1]) > after:
                        yield from _parse(start + piece + b"</x>")
                    is_first = False


class _Strings:
    """The shared strings, in a temporary file since there may be millions; read as far as they are asked for."""

    def __init__(self, elements: Iterator[ET.Element]) -> None:
        self.elements = elements
        self.file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - as long as we live
        self.ends = array("Q", [0])

    def __getitem__(self, at: int) -> str:
        while at >= len(self.ends) - 1:
            self._read_on()
        start = self.ends[at]
        return os.pread(self.file.fileno(), self.ends[at + 1] - start, start).decode()

    def _read_on(self) -> None:
        texts = []
        for element in self.elements:
            texts.append(_words(element, element.tag[:-2]).encode())
            self.ends.append(self.ends[-1] + len(texts[-1]))
            if len(texts) == 1_000:
                break
        if not texts:
            raise Unreadable(DAMAGED)
        self.file.write(b"".join(texts))


def _words(element: ET.Element, space: str) -> str:
    """The text of a cell or a shared string, without how it is pronounced."""
    parts = []
    for part in element:
        if part.tag == f"{space}t":
            parts.append(part.text or "")
        elif part.tag != f"{space}rPh":
            parts.append(_words(part, space))
    return "".join(parts)


def _all(element: ET.Element, *names: str) -> list[ET.Element]:
    """The elements at the end of a path, whatever their namespace."""
    found = [element]
    for name in names:
        found = [e for one in found for e in one if e.tag.rpartition("}")[2] == name]
    return found


def _parse(content: bytes) -> ET.Element:
    _refuse_entities(content[:BLOCK])
    try:
        return ET.fromstring(content)  # noqa: S314 - what declares entities was refused
    except ET.ParseError as error:
        raise Unreadable(DAMAGED) from error


def _refuse_entities(head: bytes) -> None:
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Unreadable(DAMAGED)


@lru_cache(maxsize=1_000)
def _column(letters: str) -> int:
    """The number of a column by its letters, 0 for none."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    if not 0 <= number <= 16_384:
        raise Unreadable(DAMAGED)
    return number


def _plain(value: str) -> str:
    """A number as people write it: 5 for 5.0, 0.1 for 0.1."""
    try:
        number = float(value)
    except ValueError:
        return value
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else repr(number)
