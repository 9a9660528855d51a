"""Fields that a model refuses are left out, for predictor and judge; thinking is switched off where it can be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import respx
from fireworks import Fireworks
from openai import OpenAI
from together import Together

from vqaft.backends import FireworksBackend, OpenAIBackend, TogetherBackend
from vqaft.data import VQAExample
from vqaft.errors import DataError, RequestRefusedError
from vqaft.evaluation import AnsweredExample, LLMJudge
from vqaft.inference import (
    ChatReply,
    ChatRequest,
    ChatSettings,
    Predictions,
    Predictor,
    RateLimitedBackend,
    request_key,
)

QUESTIONS = [VQAExample(id=f"e{number}", image=b"x", question=f"q{number}", answers=("red",)) for number in range(5)]
RATING = '{"reason": "the same", "rating": "good"}'


class Refuses:
    """A model that refuses fields, as reasoning models refuse a temperature."""

    def __init__(self, *names: str, code: str = "unsupported_value", answer: str = "red") -> None:
        self.names = names
        self.code = code
        self.answer = answer
        self.refused = 0
        self.requests: list[ChatRequest] = []

    def complete(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        for name in self.names:
            if getattr(request, {"reasoning_effort": "thinking"}.get(name, name)) is not None:
                self.refused += 1
                error = RequestRefusedError("the service answered 400", status=400, code=self.code)
                error.param = name
                raise error
        return ChatReply(text=self.answer, finish_reason="stop")


def predict(service: Any, builder: Any, settings: Any = "gpt-5-mini", **named: Any) -> Predictions:
    return Predictor(service, builder, model=settings, max_workers=4, progress=False).predict(QUESTIONS, **named)


@pytest.mark.parametrize("code", ["unsupported_value", "unsupported_parameter", "unknown_parameter"])
def test_a_refused_temperature_is_left_out_once_for_all(builder: Any, code: str) -> None:
    service = Refuses("temperature", code=code)
    with pytest.warns(UserWarning, match="gpt-5-mini refuses temperature"):
        found = predict(service, builder)
    assert [prediction.answer for prediction in found] == ["red"] * 5
    assert service.refused == 1
    assert (found.settings["temperature"], found.settings["refused_by_model"]) == (None, ["temperature"])


def test_several_fields_are_learnt_one_after_the_other(builder: Any) -> None:
    service = Refuses("temperature", "seed", "reasoning_effort")
    settings = ChatSettings(model="o9", temperature=0.3, seed=4, thinking=False)
    with pytest.warns(UserWarning, match="refuses"):
        found = predict(service, builder, settings)
    assert len(found.answered) == 5
    assert service.refused == 3
    assert found.settings["refused_by_model"] == ["seed", "temperature", "thinking"]


def test_the_journal_finds_the_answers_again(builder: Any, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="refuses"):
        first = predict(Refuses("temperature"), builder, journal=tmp_path / "j")
    again = Refuses("temperature")
    assert predict(again, builder, journal=tmp_path / "j") == first
    assert again.requests == []


@pytest.mark.parametrize(
    ("param", "code"),
    [("max_completion_tokens", "unsupported_value"), ("temperature", "invalid_value"), (None, "unsupported_value")],
)
def test_another_refusal_stays_one(builder: Any, param: str | None, code: str) -> None:
    class Other(Refuses):
        def complete(self, request: ChatRequest) -> ChatReply:
            self.requests.append(request)
            error = RequestRefusedError("the service answered 400", status=400, code=code)
            error.param = param
            raise error

    service = Other()
    assert {prediction.failure.kind for prediction in predict(service, builder) if prediction.failure} == {"rejected"}
    assert len(service.requests) == 5


def test_a_judge_leaves_out_what_its_model_refuses() -> None:
    service = Refuses("temperature", answer=RATING)
    judge = LLMJudge(service, model="gpt-5", canary=False)
    with pytest.warns(UserWarning, match="refuses temperature"):
        judge(AnsweredExample(example=QUESTIONS[0], answer="crimson"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judge(AnsweredExample(example=QUESTIONS[1], answer="crimson"))
    assert service.refused == 1


def test_models_learn_for_themselves(builder: Any) -> None:
    class Mixed(Refuses):
        def complete(self, request: ChatRequest) -> ChatReply:
            if request.model == "plain":
                assert request.temperature == 0.0
                return ChatReply(text="red")
            return super().complete(request)

    shared = RateLimitedBackend(Mixed("temperature"))
    with pytest.warns(UserWarning, match="refuses"):
        predict(shared, builder)
    assert predict(shared, builder, "plain").settings["temperature"] == 0.0
    assert shared.refused_fields("plain") == frozenset()


BACKENDS: dict[str, tuple[Callable[[], Any], str, dict[str, Any]]] = {
    "openai": (
        lambda: OpenAIBackend(OpenAI(api_key="k", http_client=httpx.Client())),  # type: ignore[arg-type] # respx
        "https://api.openai.com/v1/chat/completions",
        {"reasoning_effort": "minimal"},
    ),
    "vllm": (
        lambda: OpenAIBackend(OpenAI(api_key="k", base_url="http://gpu:8000/v1", http_client=httpx.Client())),  # type: ignore[arg-type] # respx
        "http://gpu:8000/v1/chat/completions",
        {"chat_template_kwargs": {"enable_thinking": False}},
    ),
    "together": (
        lambda: TogetherBackend(Together(api_key="k")),
        "https://api.together.ai/v1/chat/completions",
        {"reasoning": {"enabled": False}},
    ),
    "fireworks": (
        lambda: FireworksBackend(Fireworks(api_key="k", account_id="me")),
        "https://api.fireworks.ai/inference/v1/chat/completions",
        {"reasoning_effort": "none"},
    ),
}


@pytest.mark.parametrize("name", BACKENDS)
@respx.mock
def test_thinking_is_switched_off_in_the_services_own_words(name: str) -> None:
    make, url, wanted = BACKENDS[name]
    reply = {"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]}
    route = respx.post(url).respond(json=reply)
    settings = ChatSettings(model="m", thinking=False, extra_body={"top_k": 1})
    make().complete(settings.request(b"[]"))
    sent = orjson.loads(route.calls.last.request.content)
    assert sent["top_k"] == 1
    assert {field: sent.get(field) for field in wanted} == wanted
    make().complete(ChatSettings(model="m").request(b"[]"))
    assert not wanted.keys() & orjson.loads(route.calls.last.request.content).keys()


def test_what_is_not_asked_for_changes_no_key() -> None:
    plain = request_key(ChatRequest(model="m", messages=b"[]"))
    assert request_key(ChatRequest(model="m", messages=b"[]", thinking=False)) != plain
    assert request_key(ChatRequest(model="m", messages=b"[]", extra_body={"top_k": 1})) != plain


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 2.1},
        {"temperature": float("nan")},
        {"temperature": True},
        {"max_tokens": 0},
        {"seed": 1.5},
        {"extra_body": {"model": "x"}},
        {"extra_body": {"f": object()}},
        {"extra_body": "x"},
        {"thinking": "no"},
    ],
)
def test_settings_outside_their_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(settings))):
        ChatSettings(model="m", **settings)


def test_a_judge_passes_thinking_and_further_fields_on(tmp_path: Path) -> None:
    service = Refuses(answer=RATING)
    judge = LLMJudge(service, model="qwen3", canary=False, thinking=False, extra_body={"top_k": 1})
    judge(AnsweredExample(example=QUESTIONS[0], answer="crimson"))
    assert (service.requests[0].thinking, service.requests[0].extra_body) == (False, {"top_k": 1})
