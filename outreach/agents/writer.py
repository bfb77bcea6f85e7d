"""Words to a lead: the first message, follow-ups and answers, by a model or by templates that never have a gap."""

from pydantic import BaseModel, ConfigDict, Field

from outreach import llm
from outreach.agents import phrases, prompt, wording
from outreach.values import Draft, LeadBrief, ReplyContext, Usage

FIRST, FOLLOW_UP, REPLY = "first message", "follow-up", "reply"


class WriterAnswer(BaseModel):
    """The answer's fields; anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=120)
    body: str = Field(min_length=20, max_length=3000)
    confidence: float = Field(ge=0, le=1)
    sources: list[str] = Field(max_length=20)


def first_message(brief: LeadBrief) -> Draft:
    """Draft the first message to a lead, or its next follow-up when `brief.attempt` says so."""
    twin = phrases.follow_up(brief) if brief.attempt else phrases.first_message(brief)
    return _written(brief, FOLLOW_UP if brief.attempt else FIRST, twin)


def reply(context: ReplyContext) -> Draft:
    """Draft an answer to a reply; what rules cannot know, they leave to a colleague."""
    brief = context.lead or LeadBrief(lead_id=0)
    twin = phrases.answer(brief, context)
    return _written(brief, REPLY, twin, context)


def _written(brief: LeadBrief, task: str, twin: phrases.Words, context: ReplyContext | None = None) -> Draft:
    silent = brief.do_not_ai or (context is not None and context.do_not_ai)
    if silent or not llm.is_configured():
        return _draft_of(twin, brief)
    words = prompt.load("writer")
    known = f"{brief.offer} {brief.workspace_name}"

    def wrong(answer: WriterAnswer) -> list[str]:
        text = f"{answer.subject}\n{answer.body}"
        found = wording.faults(text, brief.allowed_domains, known)
        if len(answer.body.split()) > 220:
            found.append("It is too long.")
        return found

    try:
        answer = llm.ask(words.question(_data(brief, task, context)), WriterAnswer, wrong)
    except llm.Unavailable as error:
        return _draft_of(twin, brief, error.usage, words.version)
    value = answer.value
    body = wording.tidy(value.body, brief.allowed_domains)
    given = {key for key, filled in _data(brief, task, context).items() if filled}
    return Draft(
        subject=twin.subject if task == REPLY else wording.one_line(wording.tidy(value.subject), 78),
        body=f"{body}\n\n{phrases.signature(brief)}",
        confidence=round(value.confidence, 3),
        sources=tuple(sorted(given & set(value.sources))),
        via="model",
        prompt_version=words.version,
        usage=answer.usage,
    )


def _data(brief: LeadBrief, task: str, context: ReplyContext | None) -> dict[str, object]:
    """Return what the task needs of the lead, and nothing that identifies the person beyond a first name."""
    data: dict[str, object] = {
        "task": f"{task} {brief.attempt}" if brief.attempt else task,
        "language": brief.language,
        "tone": brief.tone,
        "workspace_name": brief.workspace_name,
        "sender_name": brief.sender_name,
        "offer": brief.offer[:1500],
        "first_name": brief.first_name[:60],
        "business_name": brief.business_name[:120],
        "industry": brief.industry[:80],
        "city": brief.city[:80],
        "note": brief.note[:1000],
    }
    if context:
        data["reply"] = context.text[:4000]
        data["intent"] = context.intent
        data["history"] = [f"{entry.direction}: {entry.text[:600]}" for entry in context.history[-6:]]
    return data


def _draft_of(twin: phrases.Words, brief: LeadBrief, usage: Usage | None = None, version: str = "") -> Draft:
    return Draft(
        subject=wording.one_line(wording.tidy(twin.subject), 78),
        body=f"{wording.tidy(twin.body, brief.allowed_domains)}\n\n{phrases.signature(brief)}",
        confidence=twin.confidence,
        sources=twin.sources,
        via="rules",
        prompt_version=version or phrases.VERSION,
        usage=usage or Usage(),
    )
