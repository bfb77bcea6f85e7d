"""The only door to a language model: one question, one typed answer, or a clear reason why there is none.

Any provider that speaks OpenAI's chat completions serves, by its base address. Whatever goes wrong (no key, no budget,
slow, refused, an answer that does not fit) raises `Unavailable`, and the caller falls back to its rules.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.cache import cache
from pydantic import BaseModel, ValidationError

from core import clock
from core.logs import request_id, vendor_call
from core.quarantine import is_quiet
from outreach.values import Usage

log = logging.getLogger(__name__)
Fields = TypeVar("Fields", bound=BaseModel)

TIMEOUT = 20.0
MAX_INPUT = 24_000
MAX_ANSWER = 200_000
MOST_TOKENS = 10_000_000
MEMORY = 24 * 3600
REST_AFTER = 5
REST_SECONDS = 30
LOCK_SECONDS = 5


@dataclass(frozen=True)
class Question:
    """What is asked: the house's words, the outsider's data, and how long the answer may be."""

    name: str
    instructions: str
    data: str
    max_tokens: int = 600
    temperature: float = 0.2


@dataclass(frozen=True)
class Answer(Generic[Fields]):
    """What came back, in fields, and what it cost."""

    value: Fields
    usage: Usage


class Unavailable(Exception):
    """There is no usable answer; `usage` says what the attempt cost, `charged` whether a bill is to be expected."""

    def __init__(self, reason: str, usage: Usage | None = None, *, charged: bool = False) -> None:
        super().__init__(reason)
        self.usage = replace(usage or Usage(), error=reason[:250])
        self.charged = charged


def is_configured() -> bool:
    """Tell whether a model may be asked at all."""
    return bool(settings.OPENAI_API_KEY) and not is_quiet()


def ask(
    question: Question, fields: type[Fields], faults: Callable[[Fields], list[str]] | None = None
) -> Answer[Fields]:
    """Ask once, let the model mend a bad answer once, and return fields that hold.

    `faults` names what is wrong with an answer beyond its shape. The same question again within a day is answered
    from memory and costs nothing.
    """
    if not is_configured():
        raise Unavailable("No model is configured.")
    try:
        return _ask(question, fields, faults)
    except Unavailable:
        raise
    except Exception as error:  # the cache is away, the answer is absurd: agents have their rules
        log.exception("the model could not be asked")
        raise Unavailable(f"The model could not be asked: {type(error).__name__}.") from error


def spent_today() -> int:
    """Return what today's questions cost so far, in millionths of the budget's currency."""
    return int(cache.get(_spent_key(), 0))


def _ask(question: Question, fields: type[Fields], faults: Callable[[Fields], list[str]] | None) -> Answer[Fields]:
    data = question.data[:MAX_INPUT]
    key = _key(question, data, fields)
    usage = Usage(model=settings.OPENAI_MODEL, input_hash=key)
    stored = cache.get(f"llm:answer:{key}")
    if stored is not None:
        return Answer(fields.model_validate_json(stored), replace(usage, cached=True))
    messages = [{"role": "system", "content": question.instructions}, {"role": "user", "content": data}]
    started = time.monotonic()
    for _attempt in (1, 2):
        text, usage = _call(question, messages, fields, usage)
        usage = replace(usage, latency_ms=round((time.monotonic() - started) * 1000))
        value, wrong = _read(text, fields, faults)
        if value is not None:
            cache.set(f"llm:answer:{key}", value.model_dump_json(), MEMORY)
            return Answer(value, usage)
        messages += [
            {"role": "assistant", "content": text[:4000]},
            {"role": "user", "content": f"That answer cannot be used: {wrong} Answer again, only in the given form."},
        ]
    raise Unavailable(f"The model's answer cannot be used: {wrong}", usage)


def _read(text: str, fields: type[Fields], faults: Callable[[Fields], list[str]] | None) -> tuple[Fields | None, str]:
    """Return the answer when it holds, else None and what is wrong with it."""
    try:
        value = fields.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return (None, f"{'.'.join(str(step) for step in first['loc']) or 'the whole'}: {first['msg']}."[:200])
    wrong = faults(value) if faults else []
    return (None, " ".join(wrong)[:300]) if wrong else (value, "")


def _call(
    question: Question, messages: list[dict[str, str]], fields: type[BaseModel], usage: Usage
) -> tuple[str, Usage]:
    """Send one request within budget and time; returns the answer's text and the cost so far."""
    if cache.get("llm:resting"):
        raise Unavailable("The model is resting after failures.", usage)
    length = sum(len(message["content"].encode()) for message in messages)
    worst = _cost(length // 2 + 500, question.max_tokens)
    _reserve(worst, usage)
    spent = worst
    try:
        body = _request(question, messages, fields)
        tokens = body.get("usage") or {}
        sent, made = _count(tokens, "prompt_tokens"), _count(tokens, "completion_tokens")
        spent = _cost(sent, made) if sent else worst
        text = str(body["choices"][0]["message"].get("content") or "")
    except Unavailable as error:
        spent = worst if error.charged else 0
        cost = usage.cost_micros + spent
        _count_failure()
        raise Unavailable(str(error), replace(usage, calls=usage.calls + 1, cost_micros=cost)) from error
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
        _count_failure()
        raise Unavailable("The model's server answered in an unknown form.", usage) from error
    finally:
        _settle(worst, spent)
    cache.delete("llm:failures")
    return text[:MAX_ANSWER], replace(
        usage,
        calls=usage.calls + 1,
        input_tokens=usage.input_tokens + sent,
        output_tokens=usage.output_tokens + made,
        cost_micros=usage.cost_micros + spent,
    )


def _count(tokens: dict[str, Any], name: str) -> int:
    """Return a number of tokens within reason: the server's own words never lower the bill."""
    return min(max(int(tokens.get(name) or 0), 0), MOST_TOKENS)


def _request(question: Question, messages: list[dict[str, str]], fields: type[BaseModel]) -> dict[str, Any]:
    """Talk to the provider; the body is read against a clock and a size, so that it cannot go on for ever."""
    import openai

    known = {"api_key": settings.OPENAI_API_KEY, "base_url": settings.OPENAI_BASE_URL}
    client = openai.OpenAI(**known, timeout=TIMEOUT, max_retries=0)
    shape = _strict(fields.model_json_schema())
    schema = {"name": question.name, "strict": True, "schema": shape}
    parameters: dict[str, Any] = {
        "model": settings.OPENAI_MODEL,
        "messages": messages,
        "response_format": {"type": "json_schema", "json_schema": schema},
        "temperature": question.temperature,
        "max_completion_tokens": question.max_tokens,
        "store": False,
        "extra_headers": {"X-Client-Request-Id": request_id.get()} if request_id.get() else None,
    }
    deadline = time.monotonic() + TIMEOUT
    try:
        with (
            vendor_call("model", question.name),
            client.chat.completions.with_streaming_response.create(**parameters) as answer,
        ):
            received = bytearray()
            for chunk in answer.iter_bytes():
                received += chunk
                if len(received) > 2 * MAX_ANSWER or time.monotonic() > deadline:
                    raise Unavailable("The model's answer was too long or too slow.", charged=True)
        body = json.loads(received)
    except openai.AuthenticationError as error:
        raise Unavailable("The model's server refused the key. Check OPENAI_API_KEY.") from error
    except (openai.OpenAIError, OSError) as error:
        late = isinstance(error, openai.APITimeoutError)
        raise Unavailable(f"The model could not be asked: {type(error).__name__}.", charged=late) from error
    except (ValueError, RecursionError) as error:
        raise Unavailable("The model's server answered in an unknown form.") from error
    finally:
        client.close()
    if not isinstance(body, dict):
        raise Unavailable("The model's server answered in an unknown form.")
    return body


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema as strict providers want it: every property required, nothing besides, no defaults."""
    plain: Any = json.loads(json.dumps(schema))
    pending = [plain]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            for word in ("default", "title", "maxLength", "minLength", "maximum", "minimum", "maxItems", "minItems"):
                if not isinstance(node.get(word), dict):
                    node.pop(word, None)
            if isinstance(node.get("properties"), dict):
                node["required"] = list(node["properties"])
                node["additionalProperties"] = False
            pending.extend(node.values())
    return dict(plain)


def _key(question: Question, data: str, fields: type[BaseModel]) -> str:
    parts = [settings.OPENAI_MODEL, question.instructions, data, fields.__name__, str(question.temperature)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _cost(sent: int, made: int) -> int:
    """Return the price of tokens in millionths, by the prices per million tokens in the settings."""
    return -(-(sent * settings.OPENAI_PRICE_IN_MICROS + made * settings.OPENAI_PRICE_OUT_MICROS) // 1_000_000)


def _spent_key() -> str:
    return f"llm:spent:{clock.now():%Y-%m-%d}"


def _reserve(worst: int, usage: Usage) -> None:
    """Set the worst case aside before asking, so that no race can spend more than the day's budget."""
    limit = int(settings.OPENAI_DAILY_BUDGET_MICROS)
    with _Lock():
        spent = spent_today()
        if spent + worst > limit:
            raise Unavailable("Today's budget for the model is used up.", usage)
        cache.set(_spent_key(), spent + worst, 2 * MEMORY)


def _settle(worst: int, spent: int) -> None:
    with _Lock():
        cache.set(_spent_key(), max(0, spent_today() - worst + spent), 2 * MEMORY)


def _count_failure() -> None:
    failures = int(cache.get("llm:failures", 0)) + 1
    cache.set("llm:failures", failures, 600)
    if failures >= REST_AFTER:
        cache.set("llm:resting", 1, REST_SECONDS)
        cache.delete("llm:failures")


class _Lock:
    """A short lock in the shared cache; `add` is atomic in every backend."""

    def __enter__(self) -> None:
        until = time.monotonic() + LOCK_SECONDS
        while not cache.add("llm:lock", 1, LOCK_SECONDS) and time.monotonic() < until:
            time.sleep(0.01)

    def __exit__(self, *exc: object) -> None:
        cache.delete("llm:lock")
