"""Reading uploaded tables: CSV in any usual encoding and delimiter, XLSX; bytes in, text cells out."""

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from python_calamine import CalamineError, CalamineWorkbook

MAX_BYTES = 20_000_000
MAX_COLUMNS = 200
MAX_ROWS = 200_000
MAX_CELL = 32_767  # as in Excel
MAX_UNPACKED = 200_000_000
MAX_GRID = 20_000_000
DAMAGED = "The spreadsheet is damaged. Open it, save it again as .xlsx and upload that."
DELIMITERS = ",;\t|"
_MARK = re.compile(
    rb"<(?:\w+:)?(row|c)\b(?:[^>]{0,400}?\br\s*=\s*[\"']([A-Za-z]{0,8})(\d{1,9})[\"'])?"
)
_MAGIC = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls) or one with a password"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"{\\rtf", "a text document"),
)


class Unreadable(ValueError):
    """The file is no table that we read; the message says what it is and what would be right."""


@dataclass(frozen=True)
class Row:
    """One record: its number as a spreadsheet shows it, its cells, and what is wrong with its shape."""

    number: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """A header and its rows; `form` tells how the file was read."""

    headers: list[str]
    rows: list[Row]
    form: str


def read_table(content: bytes, *, max_bytes: int = MAX_BYTES) -> Table:
    """Read a whole file, or raise Unreadable. Blank rows are left out; formulas stay text."""
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(
            "The file is empty. Upload a CSV or XLSX file whose first row names the columns."
        )
    if len(content) > max_bytes:
        raise Unreadable(
            f"The file is larger than {max_bytes // 1_000_000} MB. Split it and import the parts."
        )
    start = content[:64].lstrip().lower()
    for magic, name in _MAGIC:
        if start.startswith(magic.lower()):
            raise Unreadable(
                f"This is {name}, not a table. Save it as .xlsx or CSV and upload that."
            )
    if content.startswith(b"PK\x03\x04"):
        records, form = _xlsx_records(content), "XLSX"
    else:
        text, encoding = _decode(content)
        delimiter = _delimiter(text)
        shown = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}[delimiter]
        records, form = _csv_records(text, delimiter), f"CSV, {encoding}, {shown}"
    return _table(records, form)


def _table(records: Iterator[tuple[int, list[str]]], form: str) -> Table:
    first = next(((n, cells) for n, cells in records if any(cells)), None)
    if first is None:
        raise Unreadable("The file has no rows. The first row names the columns.")
    headers = _headers(first[1])
    rows: list[Row] = []
    for number, cells in records:
        if not any(cells):
            continue
        if len(rows) >= MAX_ROWS:
            raise Unreadable(
                f"The file has more than {MAX_ROWS:,} rows. Split it and import the parts."
            )
        rows.append(_row(number, cells, len(headers)))
    if not rows:
        raise Unreadable("The file has column names but no rows below them.")
    return Table(headers, rows, form)


def _headers(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > MAX_COLUMNS:
        raise Unreadable(
            f"The file has {len(cells):,} columns; at most {MAX_COLUMNS} can be imported. Remove some."
        )
    names: list[str] = []
    seen: Counter[str] = Counter()
    for at, cell in enumerate(cells, 1):
        name = cell[:120] or f"Column {at}"
        seen[name.casefold()] += 1
        names.append(name if seen[name.casefold()] == 1 else f"{name} ({seen[name.casefold()]})")
    return names


def _row(number: int, cells: list[str], width: int) -> Row:
    problem = ""
    if any(cells[width:]):
        problem = (
            f"The row has {len(cells)} cells, the first row {width}. Is a quotation mark missing?"
        )
    elif any(len(cell) > MAX_CELL for cell in cells):
        problem = f"A cell is longer than {MAX_CELL:,} characters."
    elif any("\x00" in cell for cell in cells):
        problem = "A cell holds a zero byte. Save the file again as CSV (UTF-8)."
    kept = [cell[:MAX_CELL].replace("\x00", "") for cell in cells[:width]]
    return Row(number, kept + [""] * (width - len(kept)), problem)


def _decode(content: bytes) -> tuple[str, str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(content, "utf-16"), "UTF-16"
    sample = content[:4000]
    for name, zeros in (("utf-16-le", sample[1::2].count(0)), ("utf-16-be", sample[0::2].count(0))):
        if zeros > len(sample) * 0.3:
            return _strictly(content, name), "UTF-16"
    control = sum(1 for byte in sample if byte < 32 and byte not in b"\t\r\n\x0b\x0c\x1a\x00")
    if control > len(sample) * 0.02 or sample.count(0) > len(sample) * 0.05:
        raise Unreadable("This is not a text file. Upload a CSV or XLSX file.")
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return _strictly(content, "cp1252"), "Windows-1252"


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"The text cannot be read at byte {error.start:,}. Save the file again as CSV (UTF-8)."
        ) from error


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first records into the most columns, as many in each."""
    sample = text[:60_000].splitlines(keepends=True)[:30]
    best, most = ",", 1.0
    for delimiter in DELIMITERS:
        try:
            widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if cells]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        steady = sum(1 for width in widths if width == widths[0]) / len(widths)
        if widths[0] * steady > most:
            best, most = delimiter, widths[0] * steady
    return best


def _csv_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise Unreadable(
            f"Row {number + 1} is broken ({error}). A quotation mark is opened and not closed, or follows a value."
        ) from error


def _xlsx_records(content: bytes) -> Iterator[tuple[int, list[str]]]:
    _check_archive(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        grid = next(
            (
                rows
                for name in book.sheet_names
                if (rows := book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            ),
            [],
        )
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(DAMAGED) from error
    except BaseException as error:  # the reader's own panic is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable(DAMAGED) from error
    for number, cells in enumerate(grid, 1):
        yield number, [_text(cell) for cell in cells]


def _check_archive(content: bytes) -> None:
    """Refuse archives that are no workbook, unpack to too much, or place cells far away."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if "xl/workbook.xml" not in names:
                raise Unreadable(
                    "This is a ZIP file, not a spreadsheet. Upload the CSV or XLSX file inside it."
                )
            if len(entries) > 2_000 or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise Unreadable(
                    "The spreadsheet unpacks to far more than its size. Save the table alone as CSV."
                )
            for entry in entries:
                if entry.filename.startswith("xl/worksheets/"):
                    _check_grid(archive, entry)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise Unreadable(
            "The spreadsheet is damaged or has a password. Save it again as .xlsx."
        ) from error


def _check_grid(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    columns = rows = unpacked = run = 0
    tail = b""
    with archive.open(entry) as sheet:
        while chunk := sheet.read(1_000_000):
            unpacked += len(chunk)
            if unpacked > MAX_UNPACKED:
                raise Unreadable(
                    "The spreadsheet unpacks to far more than its size. Save the table alone as CSV."
                )
            for mark, letters, row in _MARK.findall(tail + chunk):
                rows = max(rows, int(row or 0))
                run = 0 if mark == b"row" else max(run + 1, _column(letters))
                columns = max(columns, run)
            tail = chunk[-500:]
    if columns * rows > MAX_GRID:
        raise Unreadable(
            f"The sheet is {columns:,} columns by {rows:,} rows. Delete the empty far cells, or save as CSV."
        )


def _column(letters: bytes) -> int:
    """Return the number of a column by its letters, 0 for none."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _text(cell: str | float | bool | date | datetime | time | object) -> str:
    if isinstance(cell, bool):
        return "Yes" if cell else "No"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat()
            if cell.time() == time()
            else cell.isoformat(sep=" ", timespec="seconds")
        )
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return "" if cell is None else str(cell).strip()
