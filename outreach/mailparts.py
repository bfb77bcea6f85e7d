"""The pieces of a raw mail, read so that broken or hostile ones give what can be read of them."""

import email
import re
from contextlib import suppress
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from outreach.bounces import ADDRESS
from outreach.values import InboundAttachment

MAX_HEADER = 4_000
MAX_PARTS = 100
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")


def header(message: Message, name: str) -> str:
    """Return a header as one line of readable text, or an empty string."""
    return decoded((raw_values(message, name) or [""])[0])


def raw_values(message: Message, name: str) -> list[str]:
    """Return a header's values as they came, bytes that are no ASCII read as UTF-8."""
    wanted = name.lower()
    found = [str(value)[:20_000] for key, value in message.raw_items() if key.lower() == wanted][:20]
    return [value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for value in found]


def decoded(value: object) -> str:
    text = str(value)[:MAX_HEADER].replace("\r", "").replace("\n", "")
    if "=?" in text:
        with suppress(LookupError, ValueError, HeaderParseError):
            text = "".join(
                piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
                for piece, charset in decode_header(text)
            )
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    values = [value[:MAX_HEADER].replace("\n", " ").replace("\r", " ") for value in raw_values(message, name)]
    found = [(decoded(shown), address.strip()[:254]) for shown, address in getaddresses(values) if "@" in address]
    return (found or [("", address) for value in values for address in ADDRESS.findall(value)])[:100]


def ids(message: Message, name: str) -> list[str]:
    return [found for value in raw_values(message, name)[:5] for found in _MESSAGE_ID.findall(value)]


def ids_of(message: Message | None) -> list[str]:
    return ids(message, "Message-ID") if message is not None else []


def date_of(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(message.get("Date", "")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def own_parts(message: Message, depth: int = 0) -> list[Message]:
    """List a mail's own parts, without descending into mails that it carries."""
    if message.get_content_type() == "multipart/report" and not message.is_multipart():
        return [message]
    if not message.is_multipart() or message.get_content_maintype() == "message" or depth > 20:
        return [message]
    return [message, *(
        found for part in message.get_payload() if isinstance(part, Message) for found in own_parts(part, depth + 1)
    )]  # fmt: skip


def first_text(parts: list[Message], content_type: str) -> str:
    """Return the text of the first inline part of this type."""
    for part in parts:
        named = part.get_filename() if part.get("Content-Disposition") else None
        if part.get_content_type() == content_type and not named and not part.is_multipart():
            return text_of(part)
    return ""


def text_of(part: Message) -> str:
    if part.is_multipart():
        return ""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    content = content[:2_000_000]
    for charset in (str(part.get_content_charset() or "utf-8"), "utf-8"):
        try:
            return content.decode(charset).replace("\r\n", "\n").replace("\0", "")
        except (LookupError, ValueError, HeaderParseError):
            continue
    return content.decode("latin-1").replace("\r\n", "\n").replace("\0", "")


def report_text(part: Message) -> str:
    """Return a report part as text; the parser has split it into blocks of headers."""
    if part.is_multipart():
        return "\n\n".join(
            "\n".join(f"{name}: {value}" for name, value in block.items()) + "\n\n" + str(block.get_payload() or "")
            for block in list(part.get_payload())[:200] if isinstance(block, Message)
        )  # fmt: skip
    return text_of(part)


def original_of(part: Message) -> Message | None:
    """Return the mail, or its headers, that a report carries."""
    kind = part.get_content_type()
    if kind in {"message/rfc822", "message/global"} and part.is_multipart():
        inner = part.get_payload(0)
        return inner if isinstance(inner, Message) else None
    if kind in {"text/rfc822-headers", "message/rfc822", "message/global-headers"}:
        return email.message_from_string(text_of(part)[:100_000])
    return None


def attachments_of(parts: list[Message]) -> list[InboundAttachment]:
    found = []
    for part in parts[:MAX_PARTS]:
        name = part.get_filename()
        content = part.get_payload(decode=True) if name and not part.is_multipart() else None
        if name and isinstance(content, bytes):
            found.append(InboundAttachment(decoded(name)[:200], part.get_content_type(), content))
    return found
