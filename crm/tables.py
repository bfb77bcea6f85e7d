"""Reading uploaded tables row by row: CSV in any usual encoding and delimiter, XLSX; files in, text cells out."""

import codecs
import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.exports import plain_cell
from crm.workbooks import Unreadable, Workbook

MAX_COLUMNS = 200
MAX_ROWS = 2_000_000
MAX_CELL = 32_767  # as in Excel
LEAD_IN = 1_000  # lines among which the first row with a name must be
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE = 60_000  # bytes by which encoding and delimiter are told
_MAGIC = (
    (b"\xd0\xcf\x11\xe0", _("an old Excel file (.xls) or one with a password")),
    (b"%PDF", _("a PDF")),
    (b"\x89PNG", _("a picture")),
    (b"\xff\xd8\xff", _("a picture")),
    (b"GIF8", _("a picture")),
    (b"\x1f\x8b", _("a compressed archive")),
    (b"<!doctype", _("a web page")),
    (b"<html", _("a web page")),
    (b"{\\rtf", _("a text document")),
)
Record = tuple[int, list[str]]


@dataclass(slots=True)  # millions are made, and a frozen one takes thrice as long
class Row:
    """One record: its number as a spreadsheet shows it, its cells, and what is wrong with its shape."""

    number: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """A header, and the rows below it, read as they are asked for; `form` tells how the file is read."""

    headers: list[str]
    rows: Iterator[Row]
    form: str


@contextmanager
def open_table(path: Path, *, after: int = 0) -> Iterator[Table]:
    """Open a file as a table; rows up to number `after` are passed over. Raises Unreadable, while reading too.

    Blank rows are left out; formulas stay text. Memory does not grow with the file.
    """
    with path.open("rb") as file:
        start = file.read(SAMPLE)
        if not start.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
            raise Unreadable(_("The file is empty. Upload a CSV or XLSX file whose first row names the columns."))
        known = start[:64].lstrip().lower()
        for magic, name in _MAGIC:
            if known.startswith(magic.lower()):
                raise Unreadable(
                    format_lazy(_("This is {name}, not a table. Save it as .xlsx or CSV and upload that."), name=name)
                )
        file.seek(0)
        if start.startswith(b"PK\x03\x04"):
            with _archive(file) as archive:
                yield _table(Workbook(archive).records(after), "XLSX", after)
            return
        encoding, shown = _encoding(file, start)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding, newline="")
        sample = text.read(SAMPLE)
        delimiter = _delimiter(sample)
        text.seek(0)
        form = f"CSV, {shown}, {DELIMITERS[delimiter]}"
        yield _table(_csv_records(text, delimiter), form, after)


@contextmanager
def _archive(file: io.BufferedReader) -> Iterator[zipfile.ZipFile]:
    broken = (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zipfile.zlib.error)  # type: ignore[attr-defined] # fmt: skip
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except broken as error:
        raise Unreadable(_("The spreadsheet is damaged or has a password. Save it again as .xlsx.")) from error


def _table(records: Iterator[Record], form: str, after: int) -> Table:
    first = next(((n, cells) for n, cells in islice(records, LEAD_IN) if any(cells)), None)
    if first is None:
        raise Unreadable(_("The file has no rows. The first row names the columns."))
    headers = _headers(first[1])
    return Table(headers, _rows(records, len(headers), after), form)


def _rows(records: Iterator[Record], width: int, after: int) -> Iterator[Row]:
    count = 0
    for number, cells in records:
        if not any(cells):
            continue
        count += 1
        if count > MAX_ROWS:
            raise Unreadable(
                format_lazy(
                    _("The file has more than {most} rows. Split it and import the parts."), most=f"{MAX_ROWS:,}"
                )
            )
        if number > after:
            yield _row(number, cells, width)
    if not count and not after:
        raise Unreadable(_("The file has column names but no rows below them."))


def _headers(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > MAX_COLUMNS:
        raise Unreadable(
            format_lazy(
                _("The file has {count} columns; at most {most} can be imported. Remove some."),
                count=f"{len(cells):,}",
                most=MAX_COLUMNS,
            )
        )
    names: list[str] = []
    seen: Counter[str] = Counter()
    for at, cell in enumerate(cells, 1):
        name = cell.replace("\x00", "")[:120] or f"Column {at}"
        seen[name.casefold()] += 1
        names.append(name if seen[name.casefold()] == 1 else f"{name} ({seen[name.casefold()]})")
    return names


def _row(number: int, cells: list[str], width: int) -> Row:
    problem, text = "", "".join(cells)
    if len(cells) > width and any(cells[width:]):
        problem = f"The row has {len(cells)} cells, the first row {width}. Is a quotation mark missing?"
    elif len(text) > MAX_CELL and any(len(cell) > MAX_CELL for cell in cells):
        problem = f"A cell is longer than {MAX_CELL:,} characters."
    elif "\x00" in text:
        problem = "A cell holds a zero byte. Save the file again as CSV (UTF-8)."
    if problem:
        cells = [cell[:MAX_CELL].replace("\x00", "") for cell in cells]
    if "'" in text:
        cells = [plain_cell(cell) for cell in cells]
    if len(cells) != width:
        cells = cells[:width] + [""] * (width - len(cells))
    return Row(number, cells, problem)


def _encoding(file: io.BufferedReader, sample: bytes) -> tuple[str, str]:
    """The encoding in which the whole file can be read, and its name for people."""
    half = sample[:4000]
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _readable(file, "utf-16"), "UTF-16"
    for name, zeros in (("utf-16-le", half[1::2].count(0)), ("utf-16-be", half[0::2].count(0))):
        if zeros > len(half) * 0.3:
            return _readable(file, name), "UTF-16"
    control = sum(1 for byte in half if byte < 32 and byte not in b"\t\r\n\x0b\x0c\x1a\x00")
    if control > len(half) * 0.02 or half.count(0) > len(half) * 0.05:
        raise Unreadable(_("This is not a text file. Upload a CSV or XLSX file."))
    if _unreadable_at(file, "utf-8") is None:
        return "utf-8-sig", "UTF-8"
    return _readable(file, "cp1252"), "Windows-1252"


def _readable(file: io.BufferedReader, encoding: str) -> str:
    at = _unreadable_at(file, encoding)
    if at is not None:
        raise Unreadable(
            format_lazy(_("The text cannot be read at byte {at}. Save the file again as CSV (UTF-8)."), at=f"{at:,}")
        )
    return encoding


def _unreadable_at(file: io.BufferedReader, encoding: str) -> int | None:
    """The place of the first byte that is no text in this encoding."""
    file.seek(0)
    decoder, done = codecs.getincrementaldecoder(encoding)(), 0
    try:
        while block := file.read(1_000_000):
            decoder.decode(block)
            done += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return done + error.start
    return None


def _delimiter(sample: str) -> str:
    """The delimiter that cuts the first records into the most columns, as many in each."""
    lines = sample.splitlines(keepends=True)[:30]
    best, most = ",", 1.0
    for delimiter in DELIMITERS:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        steady = sum(1 for width in widths if width == widths[0]) / len(widths)
        if widths[0] * steady > most:
            best, most = delimiter, widths[0] * steady
    return best


def _csv_records(text: io.TextIOWrapper, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise Unreadable(
            format_lazy(
                _("Row {number} is broken ({error}). A quotation mark is opened and not closed, or follows a value."),
                number=number + 1,
                error=error,
            )
        ) from error
