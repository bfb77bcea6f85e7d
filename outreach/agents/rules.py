"""Reading a reply by rules: what works with no model, and what a model must agree with before a machine acts alone.

English, Hindi in both scripts, and the plain phrases of Spanish, German and French. An opt-out beats everything.
"""

import re
from dataclasses import dataclass

from outreach.agents import signs
from outreach.agents.prompt import visible
from outreach.values import Classification, MessageKind

MAX_READ = 6_000


_SENTENCES = re.compile(r"(?<=[.!?।\n])\s+|\n+")


@dataclass(frozen=True)
class Reading:
    """What the rules found in a reply."""

    intent: str
    confidence: float
    quote: str = ""


def classify(text: str, kind: MessageKind = "reply", subject: str = "") -> Classification:
    """Return the intent of a reply by rules alone."""
    found = read(text, kind, subject)
    return Classification(
        found.intent,
        found.confidence,
        found.quote,
        "rules",
        agreed=True,
        rules_intent=found.intent,
        prompt_version="rules.v1",
    )


def read(text: str, kind: MessageKind = "reply", subject: str = "") -> Reading:
    """Find the intent: opt-out first, then absence, then what the person's own sentences say."""
    text = visible(text)[:MAX_READ].replace("’", "'")
    if kind == "reply" and (
        found := signs.OPT_OUT.search(text) or (not text.strip() and signs.OPT_OUT.search(subject[:200]))
    ):
        return Reading("unsubscribe", 0.99, _around(text or subject, found))
    if kind in {"out_of_office", "auto_reply"}:
        return Reading("out_of_office", 0.99, text.strip()[:120])
    own, suspicious = _own_words(text)
    if suspicious and not own.strip():
        return Reading("unclear", 0.2, text.strip()[:120])
    reading = _read_own(own)
    return Reading(reading.intent, min(reading.confidence, 0.5), reading.quote) if suspicious else reading


def _read_own(text: str) -> Reading:
    away, refusal, price = (pattern.search(text) for pattern in (signs.AWAY, signs.NO, signs.PRICE))
    wish = signs.YES.search(signs.NO.sub(lambda no: " " * len(no[0]), text))  # "not interested" is no wish
    if away and not (price or wish):
        return Reading("out_of_office", 0.9, _around(text, away))
    if angry := signs.ANGER.search(text):
        return Reading("unclear", 0.3, _around(text, angry))
    if refusal:
        if price or wish:
            return Reading("unclear", 0.4, _around(text, refusal))
        return Reading("not_interested", 0.9, _around(text, refusal))
    if bot := signs.BOT.search(text):
        return Reading("question", 0.9, _around(text, bot))
    if price:
        return Reading("asking_price", 0.9, _around(text, price))
    if wish:
        return Reading("interested", 0.9 if not _hedged(text, wish) else 0.6, _around(text, wish))
    if asked := signs.QUESTION.search(text):
        return Reading("question", 0.8, _around(text, asked))
    return Reading("unclear", 0.3, text.strip()[:120])


def _own_words(text: str) -> tuple[str, bool]:
    """Return the text without sentences that speak to a machine, and whether there were any."""
    sentences = [sentence for sentence in _SENTENCES.split(text) if sentence and sentence.strip()]
    own = [sentence for sentence in sentences if not signs.ORDERS.search(sentence)]
    return "\n".join(own), len(own) < len(sentences)


def _hedged(text: str, wish: re.Match[str]) -> bool:
    before = text[max(0, wish.start() - 40) : wish.end() + 20]
    return bool(
        re.search(
            r"\b(?:maybe|might|perhaps|not sure|if only|later|next (?:year|quarter)|someday|why)\b",
            before,
            re.IGNORECASE,
        )
    )


def _around(text: str, match: re.Match[str]) -> str:
    """Return the line in which a phrase stands, cut to what a screen shows."""
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    line = text[start : end if end >= 0 else len(text)].strip()
    return line if len(line) <= 160 else text[max(start, match.start() - 40) : match.end() + 80].strip()[:160]


def asks_for_a_human(text: str) -> bool:
    """Tell whether the author wants to know, or to reach, who is answering."""
    return bool(
        signs.BOT.search(text[:MAX_READ])
        or re.search(r"\b(?:talk|speak) to (?:a |an )?(?:human|person|agent|someone)\b", text[:MAX_READ], re.IGNORECASE)
    )
