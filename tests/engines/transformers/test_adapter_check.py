"""An adapter that another server ignores is noticed, and so are questions that could not show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from openai import OpenAI
from PIL import Image

from tests.engines.transformers.vllm_stand_in import VLLMStandIn
from vqaft.backends import OpenAIBackend
from vqaft.data import VQAExample
from vqaft.engines import AdapterCheck, check_adapter
from vqaft.errors import DataError, StateError
from vqaft.inference import Prediction, Predictions, Predictor
from vqaft.records import MessageBuilder

BUILDER = MessageBuilder()
Answer = Callable[[str], str]


@pytest.fixture
def examples(tmp_path: Path) -> list[VQAExample]:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    return [
        VQAExample(
            id=str(number), image=tmp_path / "red.png", question=f"Which number follows {number}?", answers=("x",)
        )
        for number in range(6)
    ]


def base_says(question: str) -> str:
    return "unknown"


def adapter_says(question: str) -> str:
    return f"after {question[-2]}"


def local(examples: list[VQAExample], answer: Answer) -> Predictions:
    with VLLMStandIn("home", answer, {}) as server, OpenAI(base_url=f"{server.address}/v1", api_key="none") as client:
        return Predictor(OpenAIBackend(client), BUILDER, model="home", progress=False).predict(examples)


def check(examples: list[VQAExample], known: Predictions, **mode: bool) -> AdapterCheck:
    with VLLMStandIn("base", base_says, {"colors": adapter_says}, **mode) as server:
        loaded = httpx.post(f"{server.address}/v1/load_lora_adapter", json={"lora_name": "colors", "lora_path": "/x"})
        assert (loaded.status_code, loaded.headers["content-type"]) == (200, "text/plain")
        with OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as client:
            return check_adapter(OpenAIBackend(client), BUILDER, examples, base="base", adapter="colors", local=known)


def test_an_adapter_that_is_applied_passes(examples: list[VQAExample]) -> None:
    found = check(examples, local(examples, adapter_says))
    assert found == AdapterCheck(questions=6, as_adapter=6, as_base=0)


def test_an_adapter_that_is_ignored_is_noticed(examples: list[VQAExample]) -> None:
    with pytest.raises(StateError, match=r"not applied: 6 of 6.*--merged"):
        check(examples, local(examples, adapter_says), ignores_adapter=True)


def test_answers_like_neither_are_noticed(examples: list[VQAExample]) -> None:
    with pytest.raises(StateError, match="only 0 of 6"):
        check(examples, local(examples, lambda question: question[::-1]))


def test_questions_that_cannot_tell_prove_nothing(examples: list[VQAExample]) -> None:
    with pytest.raises(DataError, match="0 of 6 questions"):
        check(examples, local(examples, base_says))


def test_an_adapter_that_is_not_loaded_is_no_success(examples: list[VQAExample]) -> None:
    known = local(examples, adapter_says)
    with (
        VLLMStandIn("base", base_says, {}) as server,
        OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(StateError, match=r"'colors' did not answer.*does not exist"),
    ):
        check_adapter(OpenAIBackend(client), BUILDER, examples, base="base", adapter="colors", local=known)


def test_what_vqaft_sends_is_what_vllm_reads(examples: list[VQAExample]) -> None:
    with (
        VLLMStandIn("base", base_says, {}) as server,
        OpenAI(base_url=f"{server.address}/v1", api_key="none") as client,
    ):
        predictor = Predictor(OpenAIBackend(client), BUILDER, model="base", seed=1, progress=False)
        (said,) = predictor.predict(examples[:1])
    assert isinstance(said, Prediction)
    assert said.answer == "unknown"
    (asked,) = server.asked
    known = {"model", "messages", "temperature", "max_completion_tokens", "seed", "response_format"}
    assert asked.keys() <= known
    kinds = [part["type"] for part in asked["messages"][-1]["content"]]
    assert sorted(kinds) == ["image_url", "text"]
