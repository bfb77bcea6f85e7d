"""A proposal's draft: items and prices from the catalog only, words from the model or from templates."""

import re
from collections.abc import Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from outreach import llm
from outreach.agents import prompt, wording
from outreach.values import CatalogItem, ProposalBrief, ProposalDraft, ProposalLineDraft, Usage

VERSION = "proposal-rules.v1"
MAX_LINES = 5
MAX_QUANTITY = 1000
_WORD = re.compile(r"\w{3,}")
_COUNT = re.compile(
    r"\b(\d{1,4})\s*(?:x\s*)?(?:users?|seats?|licen[cs]es?|people|persons?|employees?|staff|units?|pcs|pieces?|copies|locations?|"
    r"branches|shops?|stores?|outlets?|rooms?|tables?|log|लोग|यूज़र|users)\b",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"\b(?:user|seat|licen[cs]e|person|unit|piece|copy|location|branch|shop|store|room|each)\b", re.IGNORECASE
)
_COMMON = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "you",
        "your",
        "our",
        "are",
        "can",
        "have",
        "will",
        "what",
        "how",
        "much",
        "need",
        "want",
        "would",
        "like",
        "please",
        "from",
        "about",
        "this",
        "that",
        "send",
        "price",
        "cost",
        "interested",
        "thanks",
        "thank",
        "hello",
        "more",
        "info",
        "information",
        "proposal",
        "business",
        "company",
        "service",
        "services",
    ]
)


class ChosenItem(BaseModel):
    """One chosen catalog item."""

    model_config = ConfigDict(extra="forbid")

    item_id: int
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class ProposalAnswer(BaseModel):
    """The answer's fields; anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=3, max_length=120)
    summary: str = Field(min_length=10, max_length=1500)
    items: list[ChosenItem] = Field(max_length=MAX_LINES)
    confidence: float = Field(ge=0, le=1)


def write(brief: ProposalBrief, catalog: Sequence[CatalogItem]) -> ProposalDraft:
    """Draft a proposal; without a fitting item the draft has no lines and a person takes over."""
    items = {item.item_id: item for item in catalog if not brief.currency or item.currency == brief.currency}
    if not items:
        return ProposalDraft("", "", (), prompt_version=VERSION)
    if brief.lead.do_not_ai or not llm.is_configured():
        return _by_rules(brief, list(items.values()))
    words = prompt.load("proposal")

    def wrong(answer: ProposalAnswer) -> list[str]:
        found = wording.faults(f"{answer.title}\n{answer.summary}", (), brief.lead.offer)
        chosen = [choice.item_id for choice in answer.items]
        if any(pk not in items for pk in chosen):
            found.append("An item_id is not in the catalog.")
        if len(set(chosen)) < len(chosen):
            found.append("An item is named twice.")
        return found

    try:
        answer = llm.ask(words.question(_data(brief, items)), ProposalAnswer, wrong)
    except llm.Unavailable as error:
        return _by_rules(brief, list(items.values()), error.usage)
    value = answer.value
    return ProposalDraft(
        title=wording.one_line(wording.tidy(value.title), 80),
        summary=wording.tidy(value.summary),
        lines=tuple(_line(items[choice.item_id], choice.quantity) for choice in value.items),
        confidence=round(value.confidence, 3),
        sources=("wishes", "catalog"),
        via="model",
        prompt_version=words.version,
        usage=answer.usage,
    )


def _by_rules(brief: ProposalBrief, items: list[CatalogItem], usage: Usage | None = None) -> ProposalDraft:
    """Choose the items whose names the wishes mention; with none, the one nearest to the budget, in doubt."""
    asked = _words(f"{brief.wishes} {brief.lead.note}")
    about = _words(f"{brief.lead.industry} {brief.lead.business_name}")
    scores = {item.item_id: _fit(item, asked, about) for item in items}
    best = max(scores.values())
    chosen = [item for item in items if scores[item.item_id] >= max(2, best / 2)]
    chosen = sorted(chosen, key=lambda item: (-scores[item.item_id], item.unit_price_minor))[:3]
    confidence = 0.75
    if not chosen:
        chosen, confidence = [_nearest(items, brief.budget_minor)], 0.4
    count = _COUNT.search(brief.wishes)
    number = min(int(count[1]), MAX_QUANTITY) if count and int(count[1]) else 1
    lines = tuple(_line(item, number if _EACH.search(f"{item.name} {item.description}") else 1) for item in chosen)
    business = wording.one_line(wording.tidy(brief.lead.business_name), 60) or "you"
    names = [item.name for item in chosen]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    summary = (
        f"This is our proposal for {business}: {listed}. "
        "It follows from what you told us. If something is missing or too much, tell us and we change it. "
        "Accept it on this page and we begin."
    )
    return ProposalDraft(
        title=f"Proposal for {business}",
        summary=summary,
        lines=lines,
        confidence=confidence,
        sources=("wishes", "catalog") if confidence > 0.5 else ("catalog",),
        via="rules",
        prompt_version=VERSION,
        usage=usage or Usage(),
    )


def _fit(item: CatalogItem, asked: set[str], about: set[str]) -> int:
    """Score an item: three for each of its name's words that were asked for, one for its description's."""
    name, description = _words(f"{item.name} {item.sku}"), _words(item.description)
    return 3 * len(name & asked) + len(description & asked) + 2 * len(name & about) + len(description & about)


def _nearest(items: list[CatalogItem], budget: int | None) -> CatalogItem:
    affordable = [item for item in items if budget is not None and item.unit_price_minor <= budget]
    if affordable:
        return max(affordable, key=lambda item: item.unit_price_minor)
    return min(items, key=lambda item: item.unit_price_minor)


def _line(item: CatalogItem, quantity: int) -> ProposalLineDraft:
    return ProposalLineDraft(
        item.item_id, item.name, Decimal(quantity), item.unit_price_minor, item.currency, item.description
    )


def _words(text: str) -> set[str]:
    found = {word.casefold() for word in _WORD.findall(text[:8000])} - _COMMON
    return found | {word.removesuffix("s") for word in found if len(word) > 4}


def _data(brief: ProposalBrief, items: dict[int, CatalogItem]) -> dict[str, object]:
    return {
        "lead": {
            "business_name": brief.lead.business_name[:120],
            "industry": brief.lead.industry[:80],
            "city": brief.lead.city[:80],
            "note": brief.lead.note[:1000],
        },
        "wishes": brief.wishes[:6000],
        "catalog": [
            {"item_id": item.item_id, "name": item.name, "description": item.description[:200]}
            for item in list(items.values())[:100]
        ],
    }
