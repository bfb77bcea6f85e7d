"""The one sanitiser: HTML that anyone outside may have written, before it is stored or shown."""

import html
import re

import nh3

_TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "li", "ol", "p", "pre",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
MAX_MARKUP = 500_000
MAX_TAGS = 10_000
_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote)\b[^<>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|head|title)\b.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"\n\s*\n\s*(?:\n\s*)+")


def clean_html(markup: str) -> str:
    """Return markup with text, structure and http(s)/mailto/tel links only: no scripts, images, styles, handlers."""
    return nh3.clean(
        _bounded(markup),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def text_from_html(markup: str) -> str:
    """Return the readable text of HTML, line breaks kept."""
    broken = _BREAKS.sub("\n", _HIDDEN.sub(" ", _bounded(markup)))
    text = html.unescape(nh3.clean(broken, tags=set()))
    lines = "\n".join(line.strip() for line in text.replace("\r", "").split("\n"))
    return _BLANKS.sub("\n\n", lines).strip()


def _bounded(markup: str) -> str:
    """Return as much of the markup as can be read at once: deep nesting costs the parser time squared."""
    pieces = markup[:MAX_MARKUP].split("<", MAX_TAGS + 1)
    return "<".join(pieces[: MAX_TAGS + 1])
