"""How a message shifts a lead's score: at most 30 points either way, with the reason that is shown."""

from pydantic import BaseModel, ConfigDict, Field

from outreach import llm
from outreach.agents import prompt, rules, wording
from outreach.values import Refinement, ReplyContext, Usage

LIMIT = 30
VERSION = "qualifier-rules.v1"
_POINTS = {
    "interested": (20, "Wants to go on"),
    "asking_price": (15, "Asks for the price"),
    "question": (5, "Asks about the offer"),
    "not_interested": (-20, "Declined"),
    "unsubscribe": (-30, "Wants no more messages"),
}


class QualifierAnswer(BaseModel):
    """The answer's fields; anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    points: int = Field(ge=-LIMIT, le=LIMIT)
    reason: str = Field(max_length=120)


def refine(context: ReplyContext) -> Refinement:
    """Return the points that a reply is worth; where model and rules point in opposite directions, none."""
    reading = rules.read(context.text, context.kind, context.subject)
    points, reason = _POINTS.get(reading.intent, (0, "Says nothing about buying"))
    if reading.confidence < 0.6:
        points, reason = 0, "Says nothing certain about buying"
    silent = context.do_not_ai or context.kind != "reply" or not llm.is_configured()
    if silent or not context.text.strip():
        return Refinement(points, reason, "rules", VERSION)
    words = prompt.load("qualifier")
    try:
        answer = llm.ask(words.question({"reply": context.text[:6000]}), QualifierAnswer, _faults)
    except llm.Unavailable as error:
        return Refinement(points, reason, "rules", VERSION, error.usage)
    return _bounded(answer.value, points, words.version, answer.usage)


def _bounded(said: QualifierAnswer, by_rules: int, version: str, usage: Usage) -> Refinement:
    if said.points * by_rules < 0 or (said.points > 0 and by_rules == 0):
        return Refinement(
            min(0, by_rules), "Model and rules read it differently", "model", version, usage
        )
    points = max(-LIMIT, min(LIMIT, said.points))
    return Refinement(
        points, wording.one_line(wording.tidy(said.reason), 80), "model", version, usage
    )


def _faults(answer: QualifierAnswer) -> list[str]:
    return wording.faults(answer.reason)
