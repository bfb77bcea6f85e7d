"""The words that are new in a reply: quotes, forwarded heads and signatures are left out.

Works line by line in linear time and knows the marks of mail programs in English, Hindi, Spanish, German and French
(and the commonest of their neighbours), not the language of the text itself.
"""

import re
from html import unescape

MAX_TEXT = 200_000
MAX_LINE = 2_000

_WROTE = re.compile(
    r"(wrote|writes|schrieb|escribió|escribio|ha scritto|escreveu|a écrit|skrev|schreef|napisał|"
    r"ने लिखा(?: है)?|ने लिखी|लिखा|написал[аи]?|пишет|写道)"
    r"(?:[^:：]{0,80})?\s*[:：]\s*$",
    re.IGNORECASE,
)
_WROTE_START = re.compile(
    r"^\s*[*_]*(on|am|el|le|il|em|den|op|dnia|w dniu|at|vom)\s|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|"
    r"\d{4}-\d\d-\d\d|\d{1,2}:\d\d|<?[^\s<>@]{1,64}@[^\s<>@]{1,255}>?|को\s",
    re.IGNORECASE,
)
_ON_LINE = re.compile(
    r"^\s*[*_]*(on|am|el|le|il|em|den|op|dnia|w dniu)\s.{0,200}?\d|^\s*\S.{0,160}\bको\b", re.IGNORECASE
)
_DIVIDER = re.compile(
    r"^\s*[-_*=—\s]{2,}\s*(original message|original appointment|forwarded message|begin forwarded message|"
    r"reply message|ursprüngliche nachricht|originalnachricht|weitergeleitete nachricht|mensaje original|"
    r"mensaje reenviado|message d['’]origine|message original|message transféré|messaggio originale|"
    r"mensagem original|मूल संदेश|अग्रेषित संदेश)\s*[-_*=—\s:]*$|"
    r"^\s*(begin forwarded message|anfang der weitergeleiteten nachricht|inicio del mensaje reenviado|"
    r"début du message réexpédié|début du message transféré)\s*:\s*$",
    re.IGNORECASE,
)
_HEAD_FROM = re.compile(r"^\s*[*_]*(from|von|de|da|van|från|प्रेषक|से)\s?[*_]*\s?:[*_]*\s*\S", re.IGNORECASE)
_HEAD_NEXT = re.compile(
    r"^\s*[*_]*(sent|date|to|subject|cc|gesendet|datum|an|betreff|enviado|enviado el|fecha|para|asunto|"
    r"envoyé|date|à|a|objet|inviato|data|oggetto|assunto|भेजा गया|दिनांक|प्रति|को|विषय)\s?[*_]*\s?:",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[_-]{10,}\s*$")
_SIGNATURE = re.compile(r"^\s*(--|—|–)\s*$")
_DEVICE = re.compile(
    r"^\s*(sent from (my|mail for|yahoo|outlook|an?) ?[^\s,;:]{0,30}( [^\s,;:]{1,20}){0,4}|"
    r"sent via [^\s,;:]{1,30}( [^\s,;:]{1,20}){0,3}|"
    r"get outlook for [^\s,;:]{1,20}.{0,80}|sent from outlook.{0,60}|"
    r"(diese nachricht wurde )?(von|gesendet von|gesendet mit) (meine[mr]|der) [^\s,;:]{1,30}( [^\s,;:]{1,20}){0,4}|"
    r"enviado desde mi [^\s,;:]{1,30}( [^\s,;:]{1,20}){0,3}|"
    r"envoyé (de|depuis) mon [^\s,;:]{1,30}( [^\s,;:]{1,20}){0,3}|"
    r"inviato da(l mio)? [^\s,;:]{1,30}( [^\s,;:]{1,20}){0,3}|enviado do meu [^\s,;:]{1,30}( [^\s,;:]{1,20}){0,3}|"
    r"मेरे [^\s,;:]{1,30}( [^\s,;:]{1,20}){0,2} से भेजा( गया)?)\s*\.?\s*$",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]*)(?P<rest>[^<>]*)>|<![^<>]*>|"
    r"(?P<text>[^<]+|<)"
)
_SPACE = re.compile(r"[ \t\r\n]+")
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "table",
        "ul",
        "ol",
        "pre",
        "hr",
        "blockquote",
        "section",
        "article",
    ]
)
_UNSEEN = frozenset(("script", "style", "title", "head"))
_QUOTE_IDS = ("divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container")
_QUOTED = re.compile(
    r"gmail_quote|gmail_attr|gmail_signature|yahoo_quoted|moz-cite-prefix|moz-signature|protonmail_quote|"
    r"protonmail_signature_block|zmail_extra|" + "|".join(_QUOTE_IDS)
)


def visible_text(text: str) -> str:
    """Return what the author of this mail wrote, without what was quoted or signed."""
    text = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").replace("\u200b", "")
    lines = [line[:MAX_LINE].rstrip() for line in text.split("\n")]
    kept: list[str] = []
    index, end = 0, len(lines)
    while index < end:
        line = lines[index]
        if line.lstrip().startswith((">", "&gt;", "＞")):
            _mark_gap(kept)
            index += 1
            continue
        width = _quote_head(lines, index)
        if width:
            index += width
            following = _next_text(lines, index)
            if following is None or not lines[following].lstrip().startswith(">"):
                break
            _mark_gap(kept)
            continue
        if _is_forward_head(lines, index):
            break
        if (
            _SIGNATURE.match(line)
            or (kept and _DEVICE.match(line))
            or (_RULE.match(line) and _only_footer(lines, index))
        ):
            index = _skip_signature(lines, index)
            continue
        kept.append(line)
        index += 1
    return _tidy(kept)


def text_of_html(html: str, *, without_quotes: bool = False) -> str:
    """Return the text of an HTML mail, one line per block; optionally without quoted parts."""
    parts: list[str] = []
    skipped, depth = "", 0
    for token in _TOKEN.finditer(_without_comments(html[: MAX_TEXT * 2])):
        tag = token["tag"]
        if tag is None:
            if not skipped and token["text"]:
                parts.append(_SPACE.sub(" ", token["text"]))
            continue
        name, closing = tag.lower(), bool(token["close"])
        if skipped:
            depth += (-1 if closing else 1) if name == skipped else 0
            skipped = skipped if depth else ""
        elif not closing and (name in _UNSEEN or (without_quotes and _is_quote(name, token["rest"]))):
            if token["rest"].endswith("/") or _stops(token["rest"]):
                break
            skipped, depth = name, 1
        if name in _BLOCKS:
            parts.append("\n")
    return _tidy(unescape("".join(parts))[:MAX_TEXT].split("\n"))


def _without_comments(html: str) -> str:
    parts, start = [], 0
    while (opened := html.find("<!--", start)) >= 0:
        parts.append(html[start:opened])
        closed = html.find("-->", opened)
        if closed < 0:
            return "".join(parts)
        start = closed + 3
    return "".join(parts) + html[start:]


def _is_quote(name: str, rest: str) -> bool:
    return name == "blockquote" or (len(rest) < MAX_LINE and bool(_QUOTED.search(rest)))


def _stops(rest: str) -> bool:
    """Tell whether everything after this element is the original, as in Outlook's replies."""
    return any(mark in rest for mark in _QUOTE_IDS)


def _quote_head(lines: list[str], index: int) -> int:
    """Return how many lines the "On … wrote:" head at this line takes, or 0."""
    first = lines[index]
    if not first.strip() or len(first) > 400:
        return 0
    if _WROTE.search(first[-200:]) and _WROTE_START.search(first[:300]):
        return 1
    if not _ON_LINE.match(first[:300]):
        return 0
    joined = first
    for width in (2, 3, 4):
        if index + width > len(lines) or not lines[index + width - 1].strip():
            return 0
        joined = f"{joined} {lines[index + width - 1]}"[:800]
        if _WROTE.search(joined[-200:]):
            return width if _WROTE_START.search(joined[:300]) else 0
    return 0


def _is_forward_head(lines: list[str], index: int) -> bool:
    """Tell whether a forwarded or Outlook-style original begins here."""
    line = lines[index][:300]
    if _DIVIDER.match(line):
        return True
    if _RULE.match(line):
        following = _next_text(lines, index + 1)
        return following is not None and _head_block(lines, following)
    return _head_block(lines, index)


def _head_block(lines: list[str], index: int) -> bool:
    if not _HEAD_FROM.match(lines[index][:300]):
        return False
    return sum(bool(_HEAD_NEXT.match(line[:300])) for line in lines[index + 1 : index + 6]) >= 2


def _only_footer(lines: list[str], index: int) -> bool:
    """Tell whether a ruled line opens a mailing list's footer: few short lines until the end."""
    rest = [line for line in lines[index + 1 : index + 12] if line.strip()]
    return len(lines) - index <= 8 and any("http" in line or "@" in line for line in rest)


def _skip_signature(lines: list[str], index: int) -> int:
    """Return the line after a signature: the next quoted line or quote head, or the end."""
    for position in range(index + 1, len(lines)):
        if lines[position].lstrip().startswith(">") or _quote_head(lines, position):
            return position
    return len(lines)


def _next_text(lines: list[str], index: int) -> int | None:
    for position in range(index, min(index + 12, len(lines))):
        if lines[position].strip():
            return position
    return None


def _mark_gap(kept: list[str]) -> None:
    if kept and kept[-1]:
        kept.append("")


def _tidy(lines: list[str]) -> str:
    """Join lines with at most one empty line between paragraphs."""
    out: list[str] = []
    for line in map(str.rstrip, lines):
        if line.strip() or (out and out[-1]):
            out.append(line if line.strip() else "")
    return "\n".join(out).strip()
