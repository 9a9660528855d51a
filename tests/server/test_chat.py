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
        ({"stream": True}, "stream"),
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
