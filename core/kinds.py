"""What a file is, by its bytes and never by its name; what is two things at once or a bomb is refused in words."""

import io
import lzma
import re
import struct
import unicodedata
import zipfile
import zlib
from pathlib import PurePath
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

MOST_PIXELS: Final = 100_000_000
MOST_UNPACKED: Final = 200_000_000
MOST_ENTRIES: Final = 2_000
RATIO: Final = 100
_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
_ODF: Final = "application/vnd.oasis.opendocument"
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|script|iframe)[\s>/]|<svg\s[^>]{0,400}xmlns", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")

_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, EOFError, OSError, ValueError,
)  # fmt: skip


class Unfit(ValueError):
    """A file that is not accepted; the message says why and what would be right."""


class Content(NamedTuple):
    """What a file is: its kind, its media type, and the endings that its name may have, the usual one first."""

    kind: str
    media_type: str
    endings: tuple[str, ...]


PDF: Final = Content("pdf", "application/pdf", (".pdf",))
TEXT: Final = Content("text", "text/plain", (".txt", ".csv", ".tsv", ".md", ".log"))
_IMAGES: Final = (
    (b"\x89PNG\r\n\x1a\n", Content("image", "image/png", (".png",))),
    (b"\xff\xd8\xff", Content("image", "image/jpeg", (".jpg", ".jpeg"))),
    (b"GIF87a", Content("image", "image/gif", (".gif",))),
    (b"GIF89a", Content("image", "image/gif", (".gif",))),
    (b"RIFF", Content("image", "image/webp", (".webp",))),
)
_OFFICE: Final = {
    "word/document.xml": Content("document", f"{_OPEN_XML}.wordprocessingml.document", (".docx",)),
    "xl/workbook.xml": Content("sheet", f"{_OPEN_XML}.spreadsheetml.sheet", (".xlsx",)),
    "ppt/presentation.xml": Content("slides", f"{_OPEN_XML}.presentationml.presentation", (".pptx",)),
    f"{_ODF}.text": Content("document", f"{_ODF}.text", (".odt",)),
    f"{_ODF}.spreadsheet": Content("sheet", f"{_ODF}.spreadsheet", (".ods",)),
    f"{_ODF}.presentation": Content("slides", f"{_ODF}.presentation", (".odp",)),
}  # fmt: skip


def content_of(data: bytes) -> Content:
    """Return what a file is; raises Unfit."""
    if not data:
        raise Unfit(_("The file is empty. Choose another one."))
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    found = PDF if data.startswith(b"%PDF-") else None
    for sign, content in () if found else _IMAGES:
        if data.startswith(sign) and (sign != b"RIFF" or data[8:12] == b"WEBP"):
            found = content
            _check_size(data, content.media_type)
    if found is None:
        return _text(data)
    if _MARKUP.search(data):
        raise Unfit(_("The file is a web page as well. Print it into a new PDF, or save the picture anew."))
    if b"PK\x05\x06" in data[-65_557:]:
        raise Unfit(_("An archive is hidden in this file. Save it anew, and upload what is in the archive."))
    return found


def proper_name(name: str, content: Content) -> str:
    """Return a file's name without paths and invisible marks, with an ending that says what it is."""
    plain = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    plain = "".join(one for one in plain if unicodedata.category(one)[0] != "C").strip(". ")
    ending = PurePath(plain).suffix.lower()
    if ending in content.endings:
        return f"{PurePath(plain).stem[:180]}{ending}"
    return f"{plain[:180] or 'file'}{content.endings[0]}"


def _office(data: bytes) -> Content:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        _check_entries(archive.infolist(), data)
        names = set() if archive.testzip() else {one.filename for one in archive.infolist()}
        says = archive.read("mimetype").decode("ascii", "replace") if "mimetype" in names else ""
    except Unfit:
        raise
    except _BROKEN:
        names = set()
    if not names:
        raise Unfit(_("The file is damaged. Open it, save it again and upload that."))
    found = next((content for key, content in _OFFICE.items() if key in names or key == says), None)
    if found is None:
        raise Unfit(_("This is an archive. Upload the files that are in it."))
    return found


def _check_entries(entries: list[zipfile.ZipInfo], data: bytes) -> None:
    end = data.rfind(b"PK\x05\x06")
    whole = end + 22 + struct.unpack("<H", data[end + 20 : end + 22])[0] == len(data)
    if not whole or min(one.header_offset for one in entries):
        raise zipfile.BadZipFile
    size = sum(one.file_size for one in entries)
    if len(entries) > MOST_ENTRIES or size > min(MOST_UNPACKED, RATIO * len(data) + 1_000_000):
        raise Unfit(_("The file unpacks to far more than its size. Save it as PDF."))
    if any(re.match(r"(?i)basic/|.*vbaproject", one.filename) for one in entries):
        raise Unfit(_("The file holds macros. Save it without them, such as .docx or .xlsx."))


def _text(data: bytes) -> Content:
    marks = (b"\xff\xfe", b"\xfe\xff")
    tried = ("utf-16",) if data.startswith(marks) else ("utf-8-sig", "cp1252")
    for encoding in tried:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROL.search(text):
            break
        if _MARKUP.search(text.encode()) or text.lstrip().startswith(("<!", "<?", "<svg", "%!PS", "#!")):
            raise Unfit(_("Web pages, drawings and programs are not kept here. Save it as PDF or PNG."))
        return TEXT
    raise Unfit(_("This kind of file is not kept here. Upload PDF, PNG, JPEG, GIF, WebP, Office or text."))


def _check_size(data: bytes, media_type: str) -> None:
    try:
        width, height = _SIZES[media_type](data)
    except (struct.error, IndexError):
        width = height = 0
    if not width or not height:
        raise Unfit(_("The picture is damaged. Open it, save it again and upload that."))
    if width * height > MOST_PIXELS:
        words = _("The picture is %(width)s × %(height)s pixels. The limit is %(most)s million.")
        most = MOST_PIXELS // 1_000_000
        raise Unfit(words % {"width": f"{width:,}", "height": f"{height:,}", "most": most})


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while data[at] == 0xFF:
        mark, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 1 if mark == 0xFF else 2 + length
    return 0, 0


def _webp(data: bytes) -> tuple[int, int]:
    form = data[12:16]
    if form == b"VP8X":
        return tuple(1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))  # type: ignore[return-value]
    if form == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[26:30]) if form == b"VP8 " else (0, 0)
    return width & 0x3FFF, height & 0x3FFF


_SIZES: Final = {
    "image/png": lambda data: struct.unpack(">II", data[16:24]),
    "image/gif": lambda data: struct.unpack("<HH", data[6:10]),
    "image/jpeg": _jpeg,
    "image/webp": _webp,
}
