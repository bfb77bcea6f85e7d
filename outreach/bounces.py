"""Delivery and complaint reports read into plain values: who, which status, what it means for the address.

A class follows the enhanced status (RFC 3463) where it says enough and the server's words where it does not. Doubt is
resolved in favour of the address: only a permanent failure that names the mailbox or its domain is `hard`.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message

from outreach.values import BounceClass, BounceRecipient

MAX_REPORT = 60_000
ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:@|]{1,64}@[A-Za-z0-9\u0080-\uffff._-]{1,190}[A-Za-z0-9\u0080-\uffff]")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?:^|[\s:;\[(,])([45]\d\d)(?=[ \-:;,\]]|$)")
_HARD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
_FIELD = re.compile(
    r"^[ \t]*(final-recipient|original-recipient|x-actual-recipient|action|status|diagnostic-code|"
    r"x-powermta-bouncecategory)[ \t]*:[ \t]*(.*)$",
    re.IGNORECASE,
)


def _words(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_RATE = _words(
    r"too many (?:recipients|connections|messages|e?mails|concurrent)", r"rate limit",
    r"frequency limited", r"receiving (?:e?mail|messages) (?:too quickly|at a rate)",
    r"try again later", r"please try later",
    r"temporar(?:y|ily) (?:locked|deferred|unavailable|rejected)",
)  # fmt: skip
_FULL = _words(
    r"(?:mail ?(?:box|folder)|boîte|postfach|buzón)(?:'s)? (?:\S+ ){0,3}?(?:full|pleine|voll|"
    r"lleno)",
    r"(?:over|exceed(?:s|ed)?|out of|above|insufficient) (?:\S+ ){0,4}?(?:disk )?quota",
    r"quota (?:\S+ ){0,2}?(?:exceeded|violation|is full)",
    r"mail ?user(?:'s)? (?:\S+ ){0,3}?is full",
    r"exceeded (?:the |its |their )?(?:local limit|storage|allocation|mailbox)",
    r"mailbox size limit", r"(?:insufficient|not enough) (?:system |disk )?(?:storage|space)",
)  # fmt: skip
_SIZE = _words(
    r"message (?:is |was |size )?(?:\S+ ){0,3}?(?:too (?:large|big|long)|exceed)",
    r"size (?:\S+ ){0,2}?exceed", r"too (?:large|big) (?:a )?(?:message|mail)",
    r"larger than the (?:current )?(?:system|maximum|size)",
    r"(?:maximum|fixed maximum) message size",
)  # fmt: skip
_SENDER = _words(
    r"\bspam", r"unsolicited", r"unwanted", r"black ?-?list", r"block ?list",
    r"\bdnsbl\b|\brbl\b", r"reputation", r"\bdmarc\b", r"\bspf\b", r"\bdkim\b",
    r"unauthenticated|authentication (?:checks? )?(?:failed|required)", r"reverse dns",
    r"\bptr\b", r"\brdns\b", r"reverse (?:lookup|hostname)", r"ip name lookup",
    r"cannot find your (?:reverse )?hostname",
    r"relay quota|relay(?:ing)? (?:access )?denied|not (?:\S+ ){0,3}?relay|open relay|"
    r"unable to relay",
    r"sender (?:address |domain |id )?(?:\S+ )?(?:rejected|denied|invalid|blocked|not)",
    r"sender verify failed",
    r"(?:ip|host|client|server|for abuse|connection|messages?)(?: \S+){0,4} (?:blocked|banned|"
    r"rejected)",
    r"blocked (?:by|using|for|ip)", r"permission to (?:post|send)", r"not (?:a )?members?\b",
    r"virus|malware|phishing", r"from: ?(?:domain|address|header)",
    r"domain of sender|sender domain", r"my name was rejected",
    r"rejected due to|rejected for policy|for policy reasons|invalid ip for sending|"
    r"too many errors",
    r"group you tried to contact|groups\.google\.com/support", r"the smtp server of your",
    r"not accepting connections",
)  # fmt: skip
_DISABLED = _words(
    r"(?:account|mailbox|user|recipient|compte)(?:\(s\))? (?:\S+ ){0,6}?(?:disabled|suspended|"
    r"frozen|locked|bloqu[eé]|blocked|inactive|deactivated|discontinued|on hold)",
)  # fmt: skip
_NO_HOST = _words(
    r"(?:host|domain)(?: name)?(?: or domain name)? (?:\S+ ){0,3}?(?:unknown|not found|"
    r"invalid|does not exist)",
    r"(?:unknown|no such|invalid|illegal|unrouteable|non-?existent) (?:\S+ )?(?:host|domain)",
    r"nxdomain|null mx", r"illegal host/domain", r"name or service not known", r"no mail server",
    r"couldn.t find (?:any|a) (?:host|mail exch)",
    r"(?:no|without|not have) (?:\S+ )?(?:mx|a) (?:record|found|or)",
    r"bad destination (?:system|host|domain)",
    r"(?:host|domain|system) (?:\S+ )?not accept(?:ing)? (?:\S+ )?(?:e?mail|messages)",
    r"unrouteable (?:mail )?(?:address|domain)",
)  # fmt: skip
_UNKNOWN = _words(
    r"\b(?:user|recipient|mail ?box|account|addressee?) (?:name )?(?:\S+ ){0,3}?(?:is |was |"
    r"are )?(?:unknown|not (?:known|exist|listed|valid|recogni[sz]ed)|does ?n.t exist|"
    r"does not exist|invalid|unavailable)",
    r"(?:unknown|no such|invalid|non-?existent|unrouteable|bad) (?:\S+ ){0,2}?(?:user|"
    r"recipient|mailbox|alias|person|account|local part)",
    r"no (?:mailbox|account|user|recipient)s? (?:\S+ ){0,3}?(?:here|by that name|found|"
    r"with that name|such)",
    r"(?:doesn.t|does not|do not|don.t) (?:exist|have (?:an?|any) (?:\S+ )?(?:mailbox|"
    r"user))",
    r"unable to (?:find|locate) (?:\S+ ){0,2}?(?:user|recipient|mailbox)", r"no valid recipient",
    r"not (?:a valid|an existing|a known) (?:user|recipient|mailbox|address)",
    r"no person at this address", r"no longer (?:valid|exists|in use|available)",
    r"has moved|moved, no forwarding", r"recipient address rejected: access denied",
    r"destinataire (?:inconnu|invalide)", r"empfänger (?:\S+ ){0,2}?(?:unbekannt|existiert)",
    r"usuario (?:\S+ ){0,2}?(?:desconocido|no existe)", r"\*?bad-mailbox", r"リストにありません|見つかりません",
)  # fmt: skip
_POLICY = _words(
    r"polic(?:y|ies)", r"\brelay",
    r"not authori[sz]ed|unauthori[sz]ed|not permitted|not allowed|forbidden",
    r"protocol violation|rfc ?\d{3,4}|not (?:rfc )?compliant|missing (?:\S+ )?header|"
    r"header error",
    r"access denied", r"must issue a starttls|(?:tls|encryption) (?:is )?required",
    r"security|suspicious|malicious|infected",
    r"mail rejet[eé]|mail rejected|(?:message|content) (?:was )?(?:rejected|refused)|refused by",
    r"blocked|banned", r"not accept(?:ed|ing) (?:\S+ )?from",
    r"generic (?:hostname|ip)|dynamic(?:ally)? (?:ip|assigned)", r"greylist",
    r"too many unwanted", r"\(bl\)",
)  # fmt: skip
_DATA_PHASE = _words(
    r"end of data", r"in reply to (?:end of )?data", r">>> ?data\b",
    r"\bafter data\b|final data", r"smtp command\s+data\b",
)  # fmt: skip
_RCPT_PHASE = re.compile(r"\brcpt\b|bad-mailbox|550:? <[^<>\s]+@[^<>\s]+>: user unknown", re.IGNORECASE)
_NAMELESS = re.compile(r"550 ?:? : user unknown", re.IGNORECASE)
_FOLLOWING = re.compile(
    r"following (?:\S+ )?(?:recipient|address|user|destination)|addresses had|could not be (?:reached|delivered to)",
    re.IGNORECASE,
)
_CODED = re.compile(r"\s*\d{3}[ -]")
_TALKING = re.compile(r"\s*(?:\.\.\. )?while talking", re.IGNORECASE)
_SENDER_SIDE = re.compile(r"(?:mail from|sender|from)\s*:?\s*<?$|generated from\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """What a report says about one address before it is judged."""

    address: str
    action: str = ""
    status: str = ""
    words: str = ""
    context: str = ""


def bounce_class(status: str, words: str, context: str = "", *, declared: bool = False) -> BounceClass:
    """Judge one failure: `words` are the server's reply for this address, `context` the report it stands in.

    `declared` tells that the report has a status field of its own, which an unknown mailbox would have shown in.
    """
    if status.startswith("2."):
        return "unknown"
    if status.startswith(("5.7.", "4.7.")):
        return "policy"
    if status.startswith("4.") or status == "5.2.2":
        return "soft"
    if status in {"5.2.3", "5.3.4"} or status.startswith("5.6."):
        return "content"
    if status in _HARD:
        return "soft" if _RATE.search(words) else "hard"
    if status in {"5.1.7", "5.1.8"}:
        return "policy"
    return _class_of_words(status, words, context, declared=declared)


def _class_of_words(status: str, words: str, context: str, *, declared: bool) -> BounceClass:
    reply = _REPLY.search(words)
    if (reply and reply[1].startswith("4")) or _RATE.search(words) or _FULL.search(words):
        return "soft"
    if _SIZE.search(words):
        return "content"
    if _SENDER.search(words):
        return "policy"
    if _DISABLED.search(words):
        return "soft"
    if _NO_HOST.search(words):
        return "hard"
    if _UNKNOWN.search(words):
        # A filter's refusal looks alike but names nobody.
        telling = (status.startswith("5.1.") or status == "5.5.0") and not _NAMELESS.search(words)
        proof = telling or _refused_at_rcpt(words, context, quoted=bool(reply) or declared)
        return "hard" if proof else "soft"
    return "policy" if _POLICY.search(words) else "soft"


def _refused_at_rcpt(words: str, context: str, *, quoted: bool) -> bool:
    """Tell whether "no such user" is proof; a server that takes the recipient and refuses the content knows it.

    Words without an SMTP reply are the reporting server's own; of a quoted reply the report must say when it came.
    """
    if _DATA_PHASE.search(words) or _DATA_PHASE.search(context):
        return False
    return not quoted or bool(_RCPT_PHASE.search(words) or _RCPT_PHASE.search(context))


def judge(failure: Failure) -> BounceRecipient:
    """Return the recipient of a report with its status and class."""
    words, context = " ".join(failure.words.split()), " ".join(failure.context.split())
    status = best_status(failure.status, words)
    found = bounce_class(status, words, context, declared=bool(failure.status))
    if failure.action == "delayed":
        found = "soft"
    return BounceRecipient(failure.address, status, found, words[:300])


def best_status(declared: str, words: str) -> str:
    """Return the most telling enhanced status: what the refusing server said, else what the report declares."""
    match = _STATUS.search(declared)
    status = ".".join(match.groups()) if match else ""
    said = [".".join(found.groups()) for found in _STATUS.finditer(words) if found[1] != "2"]
    telling = [code for code in said if not code.endswith(".0.0")]
    if telling:
        return telling[0]
    if status or said:
        return status or said[0]
    reply = _REPLY.search(words)
    return f"{reply[1][0]}.0.0" if reply else ""


def read_fields(text: str) -> list[Failure]:
    """Read RFC 3464 style groups out of a text, well-formed or not: one Failure for each recipient."""
    groups: list[dict[str, str]] = []
    current: dict[str, str] = {}
    last = ""
    for line in text[:MAX_REPORT].split("\n"):
        match = _FIELD.match(line)
        if match:
            name, value = match[1].lower(), match[2].strip()
            if name in current and name in {"final-recipient", "action", "status"}:
                groups.append(current)
                current = {}
            current[name] = f"{current[name]}\n{value}" if name in current else value
            last = name
        elif last and line[:1] in " \t" and line.strip():
            current[last] += " " + line.strip()
        elif not line.strip():
            last = ""
            if {"final-recipient", "action", "status"} <= current.keys():
                groups.append(current)
                current = {}
        else:
            last = ""
    groups.append(current)
    return [failure for group in groups if (failure := _failure(group))]


def _failure(group: dict[str, str]) -> Failure | None:
    recipient = group.get("final-recipient") or group.get("original-recipient") or group.get("x-actual-recipient")
    if not recipient or not ("action" in group or "status" in group):
        return None
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        found = ADDRESS.search(group.get(name, ""))
        if found:
            break
    words = f"{group.get('diagnostic-code', '')} {group.get('x-powermta-bouncecategory', '')}".strip()
    address = found[0].lower() if found else recipient.split(";")[-1].strip(" <>").lower()[:254]
    return Failure(address, group.get("action", "").split("(")[0].strip().lower(), group.get("status", ""), words)


def read_prose(text: str, own: Iterable[str], hinted: Iterable[str] = ()) -> list[Failure]:
    """Read a report that was written for people: each failed address with the words that go with it."""
    wanted = {address.lower() for address in hinted}
    lines = text.split("\n")[:400]
    after = next((number for number, line in enumerate(lines) if _FOLLOWING.search(line[:1000])), 0)
    senders = {address.lower() for address in own}
    found = _addresses_in(lines, after, senders, wanted) or _addresses_in(lines, 0, senders, wanted)
    found = found or _addresses_in(lines, 0, senders, wanted, strict=False)
    missing = sorted(wanted - {address for _number, address in found})
    if len(found) + len(missing) == 1:
        return [Failure((missing or [found[0][1]])[0], words=text[:4000], context=text[:8000])]
    failures = []
    for position, (number, address) in enumerate(found):
        until = found[position + 1][0] if position + 1 < len(found) else len(lines)
        before = found[position - 1][0] + 1 if position else 0
        failures.append(
            Failure(address, words=_block(lines, before, number, max(until, number + 1)), context=text[:8000])
        )
    return failures + [Failure(address, words=text[:4000], context=text[:8000]) for address in missing]


def _addresses_in(
    lines: list[str], start: int, own: set[str], wanted: set[str], *, strict: bool = True
) -> list[tuple[int, str]]:
    """List the failed addresses with their lines, each once; the sender's and the server's are left out."""
    found: dict[str, int] = {}
    for number, line in enumerate(lines[start:], start):
        for match in ADDRESS.finditer(line[:1000]):
            address = match[0].strip(".-*=+").lower()
            if address in found or address in own or _is_noise(address, line[: match.start()], strict=strict):
                continue
            if not wanted or address in wanted:
                found[address] = number
                break
    return [(number, address) for address, number in found.items()]


def _block(lines: list[str], before: int, number: int, until: int) -> str:
    """Return the lines that belong to one address; in a transcript those of its own dialogue with the server."""
    own = lines[number:until]
    coded = bool(_CODED.match(own[0]))
    start = next((at for at in range(number, before - 1, -1) if _TALKING.match(lines[at])), number)
    end = next(
        (at for at, line in enumerate(own[1:], 1) if _TALKING.match(line) or (coded and _CODED.match(line))), len(own)
    )
    return "\n".join(lines[start:number] + own[:end])[:4000]


def _is_noise(address: str, before: str, *, strict: bool) -> bool:
    local = address.split("@", maxsplit=1)[0]
    if local == "mailer-daemon" or (strict and local in {"postmaster", "abuse", "support", "noreply", "no-reply"}):
        return True
    return bool(_SENDER_SIDE.search(before[-30:])) or "mailto:" in before[-10:]


def says_unknown(words: str) -> bool:
    """Tell whether a server says in its own words, not in a quoted reply, that there is no such mailbox."""
    return bool(_UNKNOWN.search(words)) and not _REPLY.search(words)


def read_notification(text: str) -> tuple[str, list[Failure]] | None:
    """Read Amazon's JSON notice (bare or inside an SNS envelope): its kind and its failures."""
    text = text.replace("!\n ", "")
    start = text.find("{")
    if start < 0 or "notificationType" not in text:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(text[start : start + MAX_REPORT])
        if isinstance(data.get("Message"), str):
            data = json.loads(data["Message"])
        kind = str(data.get("notificationType", "")).lower()
        if kind == "complaint":
            return kind, [Failure(str(one["emailAddress"]).lower()) for one in data[kind]["complainedRecipients"]]
        if kind != "bounce":
            return kind, []
        return kind, [
            Failure(
                str(one["emailAddress"]).lower(),
                str(one.get("action", "")),
                str(one.get("status", "")),
                str(one.get("diagnosticCode", "")),
            )
            for one in data[kind]["bouncedRecipients"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def complained_about(report: str, original: Message | None) -> list[str]:
    """Return the addresses that complained: the report's own words first, then the original's recipient."""
    named = [
        found[0].lower()
        for line in report[:MAX_REPORT].split("\n")
        if line.lower().lstrip().startswith("original-rcpt-to") and (found := ADDRESS.search(line))
    ]
    if named or original is None:
        return list(dict.fromkeys(named))
    for name in ("X-HmXmrOriginalRecipient", "To"):
        complained = ADDRESS.findall(str(original.get(name, ""))[:2000])
        if complained:
            return [address.lower() for address in complained[:5]]
    return []
