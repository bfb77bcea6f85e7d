"""What a reply wants: by the model where there is one, checked against the rules; by the rules alone where not."""

from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from outreach import llm
from outreach.agents import prompt, rules
from outreach.values import Classification, ReplyContext

POSITIVE = {"interested", "asking_price"}
DOUBT = 0.6


class IntentAnswer(BaseModel):
    """The answer's fields; anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    intent: Literal[
        "interested", "asking_price", "question", "not_interested", "unsubscribe", "out_of_office", "unclear"
    ]
    confidence: float = Field(ge=0, le=1)
    quote: str = Field(max_length=400)


def classify(context: ReplyContext) -> Classification:
    """Return the intent of a reply; `agreed` says whether model and rules came to the same.

    Automatic mail and opt-outs are decided by rules without asking anybody.
    """
    by_rules = rules.classify(context.text, context.kind, context.subject)
    decided = context.kind != "reply" or by_rules.intent == "unsubscribe" or not context.text.strip()
    silent = context.do_not_ai or (context.lead is not None and context.lead.do_not_ai)
    if decided or silent or not llm.is_configured():
        return by_rules
    words = prompt.load("intent")
    question = words.question(
        {
            "reply": context.text[:6000],
            "subject": context.subject[:200],
            "history": [f"{entry.direction}: {entry.text[:600]}" for entry in context.history[-4:]],
        }
    )
    try:
        answer = llm.ask(question, IntentAnswer)
    except llm.Unavailable as error:
        return replace(by_rules, prompt_version=words.version, usage=error.usage)
    return _weighed(answer.value, by_rules, context.text, words.version, answer)


def _weighed(
    said: IntentAnswer, by_rules: Classification, text: str, version: str, answer: llm.Answer[IntentAnswer]
) -> Classification:
    """Trust the model's reading as far as its quote stands in the reply and the rules agree."""
    agreed = said.intent == by_rules.intent or {said.intent, by_rules.intent} <= POSITIVE
    quoted = _plain(said.quote) in _plain(prompt.mask(text)) and bool(said.quote.strip())
    confidence = said.confidence if quoted else min(said.confidence, DOUBT)
    if said.intent in POSITIVE and agreed and by_rules.confidence < DOUBT:
        agreed = False
    if not agreed:
        confidence = min(confidence, DOUBT)
    # An opt-out that only the model sees counts when its words stand in the reply: silence is the safe mistake.
    intent = "unclear" if said.intent == "unsubscribe" and not quoted else said.intent
    return Classification(
        intent=intent,
        confidence=round(confidence, 3),
        quote=said.quote[:160] if quoted else by_rules.quote,
        via="model",
        agreed=agreed,
        rules_intent=by_rules.intent,
        prompt_version=version,
        usage=answer.usage,
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
