"""The one writer of tables for spreadsheets and paper; a cell can never become a formula."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.errors import Refused
from core.pdf import PdfUnavailable, render_pdf

FORMS = {"csv": "CSV", "xlsx": "XLSX", "pdf": "PDF"}
MOST_ON_PAPER = 1_000
MOST_IN_SHEET = 1_048_575
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_BOM = b"\xef\xbb\xbf"  # Excel needs it to read UTF-8 right
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"csv": "text/csv", "all": "text/csv", "xlsx": XLSX, "pdf": "application/pdf"}


def safe_cell(value: Any) -> Any:
    """Return numbers as they are, all else as text, with an apostrophe where a spreadsheet would run it (OWASP).

    `plain_cell` takes the apostrophe away again, exactly.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, (int, float, Decimal)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.lstrip("'").startswith(_DANGEROUS) else text


def plain_cell(text: str) -> str:
    """Return what `safe_cell` was given."""
    is_marked = text.startswith("'") and text.lstrip("'").startswith(_DANGEROUS)
    return text[1:] if is_marked else text


def exported(
    form: str, name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], title: str = ""
) -> HttpResponseBase:
    """Return a download of a table as "csv" (streamed), "xlsx" or "pdf"; `name` has no suffix.

    Refused for more rows than fit on a sheet or, as PDF, on paper that anyone reads.
    """
    response: HttpResponseBase
    if form == "csv":
        response = StreamingHttpResponse(_lines(headers, rows), content_type="text/csv; charset=utf-8")
    elif form == "xlsx":
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        write(form, file, headers, rows)
        file.seek(0)
        response = FileResponse(file, content_type=TYPES[form])
    else:
        response = HttpResponse(to_pdf(headers, rows, title or name), content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def to_bytes(form: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> bytes:
    """Return a whole table as "csv" (UTF-8 with a byte-order mark), "xlsx" or "pdf"."""
    if form == "pdf":
        return to_pdf(headers, rows, title)
    out = io.BytesIO()
    write(form, out, headers, rows)
    return out.getvalue()


def write(form: str, file: IO[bytes], headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table row by row as CSV or "xlsx", where text is written as text, never as formula or link."""
    if form != "xlsx":
        file.writelines(_lines(headers, rows))
        return
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("Export")
        for number, row in enumerate(chain((headers,), rows)):
            if number > MOST_IN_SHEET:
                raise Refused(
                    _("A sheet holds %(most)s rows. Filter more, or choose CSV.") % {"most": f"{MOST_IN_SHEET:,}"}
                )
            sheet.write_row(number, 0, [safe_cell(cell) for cell in row])


def to_pdf(headers: Sequence[str], rows: Iterable[Sequence[Any]], title: str) -> bytes:
    """Return the table on paper. Refused for more rows than anyone reads, and without the PDF libraries."""
    shown = [[_on_paper(cell) for cell in row] for row in islice(rows, MOST_ON_PAPER + 1)]
    if len(shown) > MOST_ON_PAPER:
        raise Refused(
            _("A PDF holds %(most)s rows. Filter more, or choose CSV or XLSX.") % {"most": f"{MOST_ON_PAPER:,}"}
        )
    context = {"title": title, "headers": headers, "rows": shown}
    try:
        return render_pdf(render_to_string("pdf/table.html", context))
    except PdfUnavailable as error:
        raise Refused(str(error)) from error


def _on_paper(value: Any) -> Any:
    cell = safe_cell(value)
    return plain_cell(cell) if isinstance(cell, str) else cell


def _lines(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    source = iter(rows)
    batch: list[Sequence[Any]] = [headers]
    yield _BOM
    while batch:
        out = io.StringIO()
        csv.writer(out).writerows([safe_cell(cell) for cell in row] for row in batch)
        yield out.getvalue().encode()
        batch = list(islice(source, 500))
