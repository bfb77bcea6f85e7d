"""Composing one mail (RFC 5322): same input, same bytes, and no header that anybody else wrote.

Message-IDs and return addresses are derived from the row's key by a keyed hash, so that a message is recognised when it
comes back and nobody can make up a report about one.
"""

import base64
import hashlib
import hmac
import html as markup
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.conf import settings

from core import clock
from core.crypto import fingerprint
from core.effects import Rejected
from outreach.values import ComposedMail, OutboundMail

_POLICY = SMTP.clone(max_line_length=78, cte_type="7bit", raise_on_defect=False)
_TOKEN = re.compile(r"[+.]([a-z]{1,16})(\d{1,18})\.([a-z2-7]{26})@", re.IGNORECASE)
_KEY = re.compile(r"([a-z]{1,16}):(\d{1,18})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_SPECIAL = re.compile(r"[()<>\[\]:;@\\,\"]")
_ID = re.compile(r"<[^<>\s]{1,240}>")
_ANSWER_PREFIX = re.compile(r"^(?:\s*(?:re|fw|fwd|aw|wg|sv|rv|tr)\s*(?:\[\d+\])?\s*:)+", re.IGNORECASE)
_HEADER_NAME = re.compile(r"(?:X-CRM-[A-Za-z-]{1,40}|Feedback-ID|Precedence)")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}")
_LINK = re.compile(r"https?://[^\s<>\"']{1,1000}[^\s<>\"'.,;:!?)]")


class BadMail(Rejected):
    """The message cannot be sent as it is; the text says what would be right."""


def without_prefix(subject: str) -> str:
    """Return a subject without the "Re:" or "Fwd:" in front."""
    return _ANSWER_PREFIX.sub("", subject).strip()


def message_id(key: str) -> str:
    """Return the Message-ID of the row with this key; the same key always has the same one."""
    return f"<{_slug(key)}.{fingerprint('message-id', key)[:32]}@{_own_domain()}>"


def signed_address(address: str, key: str) -> str:
    """Return `address` with the key's token in it (sales+message42.…@…), for return paths and reply addresses."""
    match = _KEY.fullmatch(key)
    local, _at, domain = address.rpartition("@")
    if not match or not local:
        raise ValueError(f"Cannot sign {key!r} into {address!r}; a key looks like message:42.")
    token = f"{match[1]}{match[2]}.{_mac(key)}"
    return f"{local.split('+')[0][: 63 - len(token)]}+{token}@{domain}"


def read_token(address: str) -> str:
    """Return the key that a signed address carries, or "" when there is none or it is forged."""
    match = _TOKEN.search(address[:400])
    if not match:
        return ""
    key = f"{match[1].lower()}:{match[2]}"
    return key if hmac.compare_digest(_mac(key), match[3].lower()) else ""


def way_out(number: int) -> str:
    """Return the token by which the receiver of message `number` can stop us; it never ends."""
    return f"{number}.{_mac(f'message:{number}', 'way-out')}"


def read_way_out(token: str) -> int | None:
    """Return the number of the message whose receiver holds this token, or None when it is forged."""
    number, _dot, _mark = token.partition(".")
    is_number = number.isascii() and number.isdecimal() and len(number) <= 18
    return int(number) if is_number and hmac.compare_digest(way_out(int(number)).encode(), token.encode()) else None


def compose(mail: OutboundMail) -> ComposedMail:
    """Build the message; raises BadMail for line breaks in headers, missing subjects and bad addresses."""
    _check(mail)
    to_address, smtputf8 = _wire_address(mail.to_address)
    from_address, _ = _wire_address(mail.from_address)
    message = EmailMessage(policy=_POLICY)
    message["From"] = _shown(mail.from_name, from_address)
    message["To"] = _shown(mail.to_name, to_address)
    message["Subject"] = _literal(_honest_subject(mail))
    message["Date"] = format_datetime(mail.date or clock.now())
    message["Message-ID"] = message_id(mail.key)
    if mail.reply_to:
        message["Reply-To"] = _shown("", _wire_address(mail.reply_to)[0])
    _thread(message, mail)
    _declare(message, mail)
    message.set_content(mail.text.strip() + "\n", cte="quoted-printable")
    html = mail.html or html_of_text(mail.text)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    for file in mail.attachments:
        kind = file.content_type if _CONTENT_TYPE.fullmatch(file.content_type) else "application/octet-stream"
        maintype, _slash, subtype = kind.partition("/")
        if maintype in {"multipart", "message"}:
            maintype, subtype = "application", "octet-stream"
        message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=_file_name(file.name))
    _fix_boundaries(message, mail.key)
    policy = _POLICY.clone(utf8=smtputf8)
    return ComposedMail(
        message_id=message_id(mail.key),
        sender=_wire_address(mail.return_path or mail.from_address)[0],
        recipient=to_address,
        content=message.as_bytes(policy=policy),
        smtputf8=smtputf8,
    )


def html_of_text(text: str) -> str:
    """Return plain text as simple HTML: paragraphs, line breaks and links, everything else escaped."""
    paragraphs = [part for part in re.split(r"\n{2,}", text.strip()) if part.strip()]
    body = "".join(f"<p>{_linked(part).replace(chr(10), '<br>' + chr(10))}</p>\n" for part in paragraphs)
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{body}</body></html>\n'


def _linked(text: str) -> str:
    out, last = [], 0
    for match in _LINK.finditer(text):
        out.append(markup.escape(text[last : match.start()]))
        address = markup.escape(match[0])
        out.append(f'<a href="{address}">{address}</a>')
        last = match.end()
    return "".join([*out, markup.escape(text[last:])])


def _check(mail: OutboundMail) -> None:
    headers = {
        "sender": mail.from_name,
        "recipient": mail.to_name,
        "subject": mail.subject,
        "list id": mail.list_id,
        "unsubscribe address": mail.list_unsubscribe_url + mail.list_unsubscribe_mailto,
    }
    for name, value in [*headers.items(), *mail.headers]:
        if _CONTROL.search(value):
            raise BadMail(f"The {name} contains a line break or control character. Write it on one line.")
    if not mail.subject.strip():
        raise BadMail("The subject is empty. Write one.")
    if not mail.text.strip():
        raise BadMail("The message is empty. Write something first.")
    if mail.list_unsubscribe_url and not mail.list_unsubscribe_url.startswith(("https://", f"{settings.SITE_URL}/")):
        raise BadMail("The unsubscribe address must begin with https://.")
    for name, _value in mail.headers:
        if not _HEADER_NAME.fullmatch(name):
            raise BadMail(f"The header {name[:40]!r} may not be set.")


def _honest_subject(mail: OutboundMail) -> str:
    """Return the subject, without "Re:" or "Fwd:" on a mail that answers nothing."""
    subject = mail.subject.strip()
    return subject if mail.in_reply_to or mail.references else without_prefix(subject) or subject


def _wire_address(address: str) -> tuple[str, bool]:
    """Return an address as it goes over the wire, and whether it needs SMTPUTF8."""
    local, _at, domain = address.strip().rpartition("@")
    if not local or not domain or _CONTROL.search(address) or re.search(r"[\s<>,;:\"()\[\]\\]", address.strip()):
        raise BadMail(f"{address[:80]!r} is not an email address.")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError as error:
        raise BadMail(f"{address[:80]!r} has a domain that cannot be written in mail.") from error
    return f"{local}@{domain}", not local.isascii()


def _shown(name: str, address: str) -> Address:
    local, _at, domain = address.rpartition("@")
    # Quotation marks around a long name are lost when the line is folded, so its signs must mean nothing.
    plain = " ".join(_SPECIAL.sub(" ", _literal(name)).split())
    return Address(plain, username=local, domain=domain)


def _literal(text: str) -> str:
    """Return words that the header parser takes as they stand: an encoded word in them could hide a line break."""
    return text.replace("=?", "= ?")


def _thread(message: EmailMessage, mail: OutboundMail) -> None:
    answered = "".join(_ID.findall(mail.in_reply_to)[:1])
    chain = [found for reference in mail.references for found in _ID.findall(reference)]
    chain = list(dict.fromkeys([*chain, *([answered] if answered else [])]))
    if answered:
        message["In-Reply-To"] = answered
    if chain:
        message["References"] = " ".join(chain[:1] + chain[1:][-20:])


def _declare(message: EmailMessage, mail: OutboundMail) -> None:
    """Set what tells machines how to treat this mail: automation, list and unsubscribe headers."""
    if mail.automated:
        message["Auto-Submitted"] = mail.automated
    if mail.list_id:
        message["List-Id"] = mail.list_id
    if mail.list_unsubscribe_url:
        ways = [f"<{mail.list_unsubscribe_url}>"]
        if mail.list_unsubscribe_mailto:
            ways.append(f"<mailto:{mail.list_unsubscribe_mailto}>")
        message["List-Unsubscribe"] = ", ".join(ways)
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in mail.headers:
        message[name] = value


def _fix_boundaries(message: EmailMessage, key: str) -> None:
    """Give every multipart its boundary from the key, so that composing again gives the same bytes."""
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{hashlib.sha256(f'{key}:{number}'.encode()).hexdigest()[:32]}")


def _file_name(name: str) -> str:
    cleaned = _CONTROL.sub("", _literal(name).replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    return cleaned[:120] or "file"


def _slug(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", key)[:60]


def _mac(key: str, purpose: str = "return-path") -> str:
    digest = bytes.fromhex(fingerprint(purpose, key))[:16]
    return base64.b32encode(digest).decode().rstrip("=").lower()


def _own_domain() -> str:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    return domain if domain.isascii() else domain.encode("idna").decode()
