"""A raw mail read into an `InboundMessage`: what kind it is, whose it is, and the words that are new in it.

`parse` never raises, whatever bytes it is given, and takes time in proportion to their length.
"""

import email
import re
from email.message import Message

from outreach import bounces, mailparts
from outreach.replytext import text_of_html, visible_text
from outreach.values import BounceRecipient, InboundMessage, MessageKind

MAX_RAW = 30_000_000
MAX_RECIPIENTS = 200
REPORT_TYPES = frozenset(f"message/{name}" for name in ("delivery-status", "feedback-report", "global-delivery-status"))
_KNOWN_HEADERS = frozenset(
    [
        "from",
        "to",
        "subject",
        "date",
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
    ]
)
_DAEMON = re.compile(
    r"mailer.?daemon|postmaster|mail delivery (?:sub)?system|mail\.delivery|mail administrator|"
    r"delivery subsystem|system administrator|mailadmin|^<?>?$",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver|deliver(?:y|ed)? ?(?:has |report|failure|failed|status|problem|notification)|returned mail|"
    r"failure notice|mail failure|mail system error|returning message|could ?n.t be delivered|could not be delivered|"
    r"delayed mail|message delayed|non-?delivery|not delivered|fail(?:ed|ure)? (?:to )?(?:deliver|send)|"
    r"mail delivery|rejected|error sending|smtp server: errors|unzustellbar|non remis|"
    r"no se (?:ha )?(?:pudo|podido) entregar|"
    r"недоставлен|не доставлено|配信|送信でき",
    re.IGNORECASE,
)
_REFUSED_BODY = re.compile(
    r"(?:could not|was not|cannot) be delivered to:? *<[^\s<>@]+@[^\s<>]+>|not a member of this (?:mailing )?list <",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"this is (?:only )?a (?:temporary failure|warning)|warning message only|will be retried|still being retried|"
    r"will (?:continue|keep) (?:to try|trying)|do not need to re-?send|not yet been delivered|has been delayed|"
    r"delivery (?:status notification )?\(?delay|status notification: delayed|message delayed",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"^[ \t]*(?:-{2,}.{0,20}(?:below this line|original m|copy of (?:the|your) m|message follows|included is|"
    r"header of|unsent message|end of report).{0,60}|included is a copy of the message.{0,30}|"
    r"below is a copy of the original.{0,20}|message headers? follows?.{0,10}|-+ ?the header.{0,40}|"
    r"original message (?:headers )?follows?.{0,10}|"
    r"(?:return-path|received|dkim-signature|x-[a-z-]+): ?\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_AWAY_SUBJECT = re.compile(
    r"^\W*(?:(?:re|aw|sv|rv|antw|tr)\s*:\s*)*\W*"
    r"(?:automatic reply|out[- ]of[- ](?:the[- ])?office|ooo\b|on (?:vacation|leave)|"
    r"away from|vacation|i am away|abwesen|automatische antwort|urlaub|fuera de (?:la )?oficina|ausencia|ausente|"
    r"respuesta automática|réponse automatique|absen(?:ce|t)|congés?\b|en vacances|risposta automatica|fuori ufficio|"
    r"resposta automática|afwezig|स्वचालित उत्तर|कार्यालय से बाहर|छुट्टी)",
    re.IGNORECASE,
)
_AUTO_SUBJECT = re.compile(
    r"^\W*(?:re\s*:\s*)?\W*(?:auto(?:matic|mated)?[- ]?(?:reply|response|responder|acknowledge)|autoreply|"
    r"(?:we (?:have )?received|thank you for (?:contacting|your (?:email|message|enquiry)))|eingangsbestätigung|"
    r"acuse de recibo|accusé de réception|ticket (?:received|created)|\[?(?:ticket|case) ?[#:])",
    re.IGNORECASE,
)
_AWAY_BODY = re.compile(
    r"out of (?:the )?office|on (?:\w+ ){0,2}(?:leave|vacation|holiday)|annual leave|"
    r"away from (?:my )?(?:desk|office|email)|"
    r"limited access to (?:my )?e?-?mail|(?:nicht|außer) (?:im|haus) ?(?:büro)?|abwesend|im urlaub|fuera de la oficina|"
    r"de vacaciones|en congé|absent(?:e)? (?:du|jusqu|de)|en vacances|छुट्टी पर|कार्यालय से बाहर|chutt?i par|"
    r"\b(?:am|be) (?:back|returning) (?:on|in)|zurück (?:am|ab)",
    re.IGNORECASE,
)
_TICKET_BODY = re.compile(r"\b(?:ticket|case|request|reference) (?:number|id|no\.?|#)|has been received", re.IGNORECASE)
_NO_REPLY = re.compile(
    r"^(?:no-?_?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?|notifications?)\b", re.IGNORECASE
)


def parse(raw: bytes) -> InboundMessage:
    """Read one mail; broken or hostile bytes give what could be read of them, never an exception."""
    try:
        message = email.message_from_bytes(raw[:MAX_RAW])
        if not _KNOWN_HEADERS & {name.lower() for name in message}:
            text = raw[:2_000_000].decode("utf-8", "replace").replace("\0", "")
            return InboundMessage(text=text, reply_text=visible_text(text), answerable=False)
        return _read(message)
    except Exception:  # the promise of this module: any bytes give a message
        text = raw[:20_000].decode("utf-8", "replace")
        return InboundMessage(text=text, reply_text="", answerable=False)


def _read(message: Message) -> InboundMessage:
    parts = [part for _, part in zip(range(mailparts.MAX_PARTS), mailparts.own_parts(message), strict=False)]
    plain, html = (mailparts.first_text(parts, "text/plain"), mailparts.first_text(parts, "text/html"))
    text = plain or text_of_html(html)
    subject = mailparts.header(message, "Subject")
    kind, recipients, original = _report(message, parts, text, subject)
    if kind is None:
        kind = _automatic(message, subject, text)
    sender = mailparts.addresses(message, "From")[:1] or [("", "")]
    fresh = visible_text(plain) if plain.strip() else text_of_html(html, without_quotes=True)
    if not plain.strip():
        fresh = visible_text(fresh)
    references = tuple(mailparts.ids(message, "References"))[-50:]
    return InboundMessage(
        message_id=(mailparts.ids(message, "Message-ID") or [""])[0],
        in_reply_to=(mailparts.ids(message, "In-Reply-To") or [""])[0],
        references=references,
        from_address=sender[0][1],
        from_name=sender[0][0],
        to_addresses=tuple(dict.fromkeys(
            address
            for name in ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
            for _, address in mailparts.addresses(message, name)
        )),
        subject=subject,
        text=text,
        received_at=mailparts.date_of(message),
        kind=kind,
        reply_text=fresh if kind in {"reply", "auto_reply", "out_of_office"} else "",
        recipients=recipients,
        original_message_id=mailparts.ids_of(original)[:1][0] if mailparts.ids_of(original) else "",
        answerable=kind == "reply" and _answerable(message, sender[0][1]),
        attachments=tuple(mailparts.attachments_of(parts)),
    )  # fmt: skip


def _report(
    message: Message, parts: list[Message], text: str, subject: str
) -> tuple[MessageKind | None, tuple[BounceRecipient, ...], Message | None]:
    """Read bounces, delays and complaints; (None, …) for any other mail."""
    original = next((found for part in parts if (found := mailparts.original_of(part)) is not None), None)
    fields = "\n\n".join(
        mailparts.report_text(part) for part in parts
        if part.get_content_type() in REPORT_TYPES
    )  # fmt: skip
    complaint = _complaint(message, parts, fields, original, subject)
    if complaint is not None:
        return ("complaint", tuple(BounceRecipient(one, "", "complaint") for one in complaint or [""]), original)
    notice = bounces.read_notification(text) if len(parts) == 1 else None
    if notice:
        kind, failures = notice
        known: dict[str, MessageKind] = {"complaint": "complaint", "bounce": "bounce"}
        if kind == "complaint":
            return ("complaint", tuple(BounceRecipient(one.address, "", "complaint") for one in failures), None)
        return known.get(kind, "auto_reply"), tuple(bounces.judge(one) for one in failures), None
    if not (fields or message.get_content_type() == "multipart/report" or _looks_returned(message, subject, text)):
        return None, (), None
    failures = _failures(message, fields, text)
    if failures and all(one.action in {"delivered", "relayed", "expanded"} for one in failures):
        return "auto_reply", (), original
    failures = [one for one in failures if one.action not in {"delivered", "relayed", "expanded"}]
    if not failures and not _FAILED.search(subject) and not fields:
        return None, (), None
    delayed = bool(failures) and all(
        one.action == "delayed" or (not one.action and _DELAYED.search(f"{subject}\n{text[:3000]}")) for one in failures
    )
    return "delay" if delayed else "bounce", tuple(bounces.judge(one) for one in failures), original


def _failures(message: Message, fields: str, text: str) -> list[bounces.Failure]:
    """Collect what a report says of each address: its fields first, its prose where they are missing or silent."""
    body = text or mailparts.text_of(message)
    prose = body[: bounces.MAX_REPORT]
    cut = _RETURNED.search(prose)
    prose = prose[: cut.start()] if cut and cut.start() > 20 else prose
    own = [address for name in ("To", "From", "Delivered-To") for _, address in mailparts.addresses(message, name)]
    hinted = bounces.ADDRESS.findall(mailparts.header(message, "X-Failed-Recipients"))
    listed = bounces.read_fields(fields) or bounces.read_fields(body)
    if not listed:
        return bounces.read_prose(prose, own, hinted)
    told = {one.address: one.words for one in bounces.read_prose(prose, own)}
    failures = []
    for one in listed[:MAX_RECIPIENTS]:
        prosaic = told.get(one.address, "")
        words = one.words if one.words and not bounces.says_unknown(prosaic) else prosaic or prose[:4000]
        failures.append(bounces.Failure(one.address, one.action, one.status, words, prose[:8000]))
    return failures


def _complaint(
    message: Message, parts: list[Message], fields: str, original: Message | None, subject: str
) -> list[str] | None:
    """Return the complaining addresses when this mail is a feedback report or a program's opt-out, else None."""
    feedback = [mailparts.report_text(part) for part in parts if part.get_content_type() == "message/feedback-report"]
    if feedback:
        if re.search(r"^feedback-type:\s*not-spam", fields, re.IGNORECASE | re.MULTILINE):
            return None
        return bounces.complained_about("\n".join(feedback), original)
    if original is not None and original.get("X-HmXmrOriginalRecipient"):
        return bounces.complained_about("", original)
    automatic = mailparts.header(message, "Auto-Submitted").lower() not in {"", "no"}
    if automatic and subject.strip().lower() == "unsubscribe":
        return [address for _, address in mailparts.addresses(message, "From")]
    return None


def _looks_returned(message: Message, subject: str, text: str) -> bool:
    """Tell whether a mail without a machine-readable part is a report all the same."""
    if message.get("X-Failed-Recipients") or _REFUSED_BODY.search(text[:3000]):
        return True
    sender = mailparts.header(message, "From")
    nobody = bool(_DAEMON.search(sender))
    empty = mailparts.header(message, "Return-Path").strip() in {"<>", "<MAILER-DAEMON>"}
    return (
        (nobody or empty) and bool((nobody and empty) or _FAILED.search(subject)) and not _AWAY_SUBJECT.search(subject)
    )


def _automatic(message: Message, subject: str, text: str) -> MessageKind:
    """Tell a person's reply from a machine's (RFC 3834 and the habits of older programs)."""
    submitted = mailparts.header(message, "Auto-Submitted").split(";")[0].strip().lower()
    precedence = mailparts.header(message, "Precedence").strip().lower()
    marked = any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Vacation"))
    empty = mailparts.header(message, "Return-Path").strip() == "<>"
    answers = subject[:4].lower().startswith("re:")
    away = bool(_AWAY_SUBJECT.search(subject) and (not answers or _AWAY_BODY.search(text[:3000])))
    machine = submitted not in {"", "no"} or marked or empty or precedence in {"auto_reply", "bulk", "junk"}
    if away or (machine and _AWAY_BODY.search(text[:3000])):
        return "out_of_office"
    if _AUTO_SUBJECT.search(subject):
        return "auto_reply"
    if submitted.startswith("auto-replied") and not _TICKET_BODY.search(text[:3000]):
        return "out_of_office"
    return "auto_reply" if machine else "reply"


def _answerable(message: Message, sender: str) -> bool:
    """Tell whether an automatic answer is allowed at all (RFC 3834, section 2)."""
    if any(name.lower().startswith(("list-", "x-crm-")) for name in message):
        return False
    if message.get("X-Auto-Response-Suppress") or mailparts.header(message, "Precedence").lower() in {
        "bulk",
        "list",
        "junk",
    }:
        return False
    return bool(sender) and not _NO_REPLY.match(sender)
