"""Chat completions in the shape that the SDK checks."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai import OpenAI

QUESTION: Any = [{"role": "user", "content": "What?"}]


def test_answers(client: OpenAI, image_url: str) -> None:
    parts: Any = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": image_url}}]
    said = client.chat.completions.create(model="quick", messages=[{"role": "user", "content": parts}], n=2)
    assert [choice.message.content for choice in said.choices] == ["untrained", "untrained"]
    assert said.usage is not None
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens


def test_structured_output_reaches_the_judge(client: OpenAI) -> None:
    schema: Any = {"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object"}, "strict": True}}
    said = client.chat.completions.create(model="judge", messages=QUESTION, response_format=schema)
    assert said.choices[0].message.content == '{"rating": "a"}'


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0"),
        ({"messages": [{"role": "user", "content": [{"type": "sound"}]}]}, "messages.0"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 99}, "n"),
    ],
)
def test_refuses_what_is_wrong(client: OpenAI, change: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": "quick", "messages": QUESTION, **change})
    assert (caught.value.param or "").startswith(param)


def test_an_unknown_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="none", messages=QUESTION)
    assert caught.value.code == "model_not_found"


def test_streams_an_answer_and_its_usage(client: OpenAI) -> None:
    options: Any = {"include_usage": True}
    said = client.chat.completions.create(model="quick", messages=QUESTION, stream=True, n=2, stream_options=options)
    chunks = list(said)
    told = ["", ""]
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        told[choice.index] += choice.delta.content or ""
    assert told == ["untrained", "untrained"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [choice.finish_reason for choice in chunks[-2].choices] == ["stop", "stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 2
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_without_usage_ends_with_the_reason(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="quick", messages=QUESTION, stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is None


def test_a_stream_that_cannot_begin_is_refused_as_any_request(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="none", messages=QUESTION, stream=True)
