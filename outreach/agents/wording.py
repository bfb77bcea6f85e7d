"""What may not stand in words that leave the house, whoever wrote them."""

import re

from outreach.agents.prompt import EMAIL, IBAN, LONG_NUMBER, visible

_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}>")
_IMAGE = re.compile(r"!\[[^\]]{0,500}\]\([^()\s]{0,2000}[^()]{0,500}\)")
_LINK = re.compile(r"\[([^\]]{1,300})\]\(([^()\s]{1,2000})[^()]{0,300}\)")
_URL = re.compile(r"\b(?:https?://|www\.|(?:javascript|data|file|ftp|mailto|tel|cid):)[^\s<>\"')\]]+", re.IGNORECASE)
_BARE_HOST = re.compile(
    r"(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}(?:com|net|org|io|co|in|info|biz|app|dev|xyz|me|ru|cn|top|link|site|"
    r"online|shop|ai|us|uk|de|fr|es|eu)(?:/[^\s<>\"')]*)?(?![\w@])",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"(?:[$€£₹¥]\s?\d)|(?:\b(?:rs\.?|inr|usd|eur|gbp|rupees?|dollars?|euros?)\s?\d)|(?:\d[\d.,]*\s?(?:rs\b|inr|usd|eur|gbp|rupees?|"
    r"dollars?|euros?|lakhs?|crores?|₹|€|\$))",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"\bguarant(?:ee|y)|\bwarrant(?:y|ee)\b|\b100 ?% (?:safe|sure|success|money)|\bmoney[- ]back|"
    r"\brisk[- ]free|\bwe promise\b|"
    r"\bdiscount|\b\d{1,3} ?(?:%|per ?cent) off\b|\bfor free\b|\bfree of charge\b|गारंटी|छूट|मुफ़्त|मुफ्त",
    re.IGNORECASE,
)
_HOLE = re.compile(
    r"\{\{|\}\}|<(?:name|company)>|\b(?:hi|hello|dear|hey|namaste)\s+[,!]|"
    r"\[(?:your |the )?(?:name|company|business|first name|email|number|date|link|secret|account)[^\]]{0,30}\]",
    re.IGNORECASE,
)


def tidy(text: str, allowed_domains: tuple[str, ...] = ()) -> str:
    """Return text without markup, images, invisible characters and links that lead outside the allowed domains."""
    text = visible(text).replace("\r\n", "\n").replace("\r", "\n")
    text = _IMAGE.sub("", text)
    text = _LINK.sub(lambda found: f"{found[1]} {found[2]}", text)
    text = _TAG.sub("", text)
    text = _URL.sub(lambda found: found[0] if _allowed(found[0], allowed_domains) else "", text)
    text = _BARE_HOST.sub(lambda found: found[0] if _allowed(f"https://{found[0]}", allowed_domains) else "", text)
    text = "".join(char for char in text if char == "\n" or char.isprintable())
    lines = [re.sub(r"[ \t]{2,}", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def faults(text: str, allowed_domains: tuple[str, ...] = (), known: str = "") -> list[str]:
    """Name what a model wrote that may not leave: outside links, contact details, prices, promises, holes.

    Details that stand in `known` (the company's own words) are allowed.
    """
    found = []
    if text != visible(text):
        found.append("It has invisible characters.")
    if _IMAGE.search(text) or _TAG.search(text):
        found.append("It has images or markup.")
    links = [match[0] for match in _URL.finditer(text)] + [f"https://{match[0]}" for match in _BARE_HOST.finditer(text)]
    if any(not _allowed(link, allowed_domains) for link in links):
        found.append("It has a link.")
    for pattern, what in (
        (EMAIL, "an email address"), (LONG_NUMBER, "a phone or card number"), (IBAN, "an account number"),
        (_PRICE, "a price"), (_PROMISE, "a promise or discount"),
    ):  # fmt: skip
        if any(match[0].casefold() not in known.casefold() for match in pattern.finditer(text)):
            found.append(f"It has {what}.")
    if _HOLE.search(text):
        found.append("It has a gap where a name belongs.")
    return found


def one_line(text: str, limit: int) -> str:
    """Return text as one line of at most `limit` characters, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:-") + "…"


def _allowed(link: str, domains: tuple[str, ...]) -> bool:
    match = re.match(r"(?:https://|http://)?([^/:?#\s\\@]+)(?=[/:?#]|$)", link, re.IGNORECASE)
    if not match or not link.lower().startswith(("http://", "https://", "www.")):
        return False
    host = match[1].lower().rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in domains if domain)
