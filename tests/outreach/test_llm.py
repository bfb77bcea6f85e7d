"""The door to the model: conforming requests, and a clear reason for everything that goes wrong."""

import json
import sys
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import BaseModel, ConfigDict, Field

from outreach import llm

SPECS = Path(__file__).resolve().parents[3] / "shared/vendor-specs"
CALL = "POST /v1/chat/completions"


class Colour(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=20)
    shade: int = Field(ge=0, le=100)


def question(data: str = "the sky", **values) -> llm.Question:
    return llm.Question(name="colour", instructions="Name the colour.", data=data, **values)


def completion(content: object, sent: int = 100, made: int = 20) -> dict:
    text = content if isinstance(content, str) else json.dumps(content)
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "refusal": None, "content": text},
            }
        ],
        "usage": {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made},
    }


@pytest.fixture
def api(settings):
    if not SPECS.is_dir():
        pytest.skip("the vendor stand-ins (../shared/vendor-specs) are not here")
    pytest.importorskip("openapi_schema_validator", reason="the stand-ins' requirements are not installed")
    sys.path.insert(0, str(SPECS))
    try:
        from oracle import Oracle
    finally:
        sys.path.remove(str(SPECS))
    with Oracle("openai") as server:
        settings.OPENAI_API_KEY = "sk-test"
        settings.OPENAI_BASE_URL = f"{server.url}/v1"
        settings.OPENAI_DAILY_BUDGET_MICROS = 1_000_000
        memory = "django.core.cache.backends.locmem.LocMemCache"
        settings.CACHES = {"default": {"BACKEND": memory, "LOCATION": uuid4().hex}}
        yield server


BLUE = {"name": "blue", "shade": 40}


def test_a_question_conforms_to_the_vendors_description_and_is_not_stored(api):
    api.reply(CALL, completion(BLUE))
    answer = llm.ask(question(), Colour)
    assert (answer.value.name, answer.value.shade) == ("blue", 40)
    api.assert_conforming()
    (call,) = api.calls(CALL)
    assert call.data["store"] is False
    assert call.data["response_format"]["json_schema"]["strict"] is True
    assert call.data["messages"][1] == {"role": "user", "content": "the sky"}
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.calls) == (100, 20, 1)
    assert answer.usage.cost_micros == llm.spent_today() == 27


def test_the_same_question_is_asked_once(api):
    api.reply(CALL, completion(BLUE))
    llm.ask(question(), Colour)
    again = llm.ask(question(), Colour)
    assert again.usage.cached
    assert again.usage.cost_micros == 0
    assert len(api.calls(CALL)) == 1


@pytest.mark.parametrize(
    "bad",
    ["no json", "", '{"name": "blue"}', {"name": "blue", "shade": 101}, {**BLUE, "__proto__": {"admin": True}}, [BLUE]],
)
def test_a_bad_answer_is_mended_once_and_then_given_up(api, bad):
    api.reply(CALL, completion(bad))
    api.reply(CALL, completion(BLUE))
    assert llm.ask(question(), Colour).value.name == "blue"
    assert len(api.calls(CALL)) == 2
    api.reply(CALL, completion(bad))
    api.reply(CALL, completion(bad))
    with pytest.raises(llm.Unavailable) as caught:
        llm.ask(question("another"), Colour)
    assert caught.value.usage.calls == 2
    assert caught.value.usage.cost_micros > 0


def test_an_answer_of_a_megabyte_is_not_read_to_its_end(api):
    api.reply(CALL, completion({"name": "b" * 1_000_000, "shade": 1}))
    with pytest.raises(llm.Unavailable, match="too long"):
        llm.ask(question(), Colour)


def test_an_answer_with_faults_counts_as_bad(api):
    api.reply(CALL, completion({"name": "grue", "shade": 1}))
    api.reply(CALL, completion(BLUE))
    answer = llm.ask(question(), Colour, lambda colour: [] if colour.name == "blue" else ["There is no such colour."])
    assert answer.value.name == "blue"
    assert "no such colour" in api.calls(CALL)[1].data["messages"][-1]["content"]


@pytest.mark.parametrize(
    "fault",
    [
        ("status", {"status": 429, "headers": {"Retry-After": "30"}}),
        ("status", {"status": 500}),
        ("status", {"status": 401}),
        ("reset", {}),
        ("reset_after", {}),
        ("malformed", {}),
        ("timeout", {"seconds": 3}),
        ("slow", {"seconds": 3}),
    ],
)
def test_whatever_fails_is_unavailable_within_its_time(api, monkeypatch, fault):
    monkeypatch.setattr(llm, "TIMEOUT", 1.0)
    api.fault(fault[0], **fault[1])
    with pytest.raises(llm.Unavailable) as caught:
        llm.ask(question(), Colour)
    assert len(api.calls(CALL)) <= 1
    assert caught.value.usage.error


def test_after_five_failures_the_model_rests(api):
    api.fault("status", status=503, times=10)
    for number in range(8):
        with pytest.raises(llm.Unavailable):
            llm.ask(question(f"try {number}"), Colour)
    assert len(api.calls(CALL)) == llm.REST_AFTER


def test_without_a_key_nobody_is_asked(api, settings):
    settings.OPENAI_API_KEY = ""
    assert not llm.is_configured()
    with pytest.raises(llm.Unavailable):
        llm.ask(question(), Colour)
    assert api.calls(CALL) == []


def test_a_race_spends_no_more_than_the_budget(api, settings):
    api.on(CALL, lambda call: completion(BLUE, sent=200, made=600))
    settings.OPENAI_DAILY_BUDGET_MICROS = 2_000

    def ask(number: int) -> None:
        try:
            llm.ask(question(f"question {number}"), Colour)
        except llm.Unavailable:
            return

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < len(api.calls(CALL)) < 20
    assert llm.spent_today() <= 2_000


def test_long_input_is_cut(api):
    api.reply(CALL, completion(BLUE))
    llm.ask(question("x" * 100_000), Colour)
    assert len(api.calls(CALL)[0].data["messages"][1]["content"]) == llm.MAX_INPUT


def test_a_cache_that_is_away_is_no_error_of_the_caller(api, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    with pytest.raises(llm.Unavailable):
        llm.ask(question(), Colour)


def test_the_budget_is_counted_at_the_model_s_own_prices(api, settings):
    api.reply(CALL, completion(BLUE, sent=200, made=600))
    settings.OPENAI_PRICE_IN_MICROS, settings.OPENAI_PRICE_OUT_MICROS = 2_500_000, 10_000_000
    llm.ask(question(), Colour)
    assert llm.spent_today() == 6_500
