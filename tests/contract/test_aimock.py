"""From the upload to the last answer on aimock, a server that nobody here wrote; also while it fails on purpose."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import orjson
import pytest
from openai import OpenAI, OpenAIError

from tests.contract.node_tools import AIMOCK, node_program, running
from vqaft.backends import OpenAIBackend
from vqaft.data import VQAExample, load_easy_vqa
from vqaft.inference import BatchPredictor, ChatSettings, Predictor, RateLimitedBackend
from vqaft.records import MessageBuilder, write_jsonl
from vqaft.service import PollingPolicy, RetryPolicy
from vqaft.tuning import FineTuneClient

MODEL = "gpt-4o-2024-08-06"
CALLS = 200
CHAOS = ("--chaos-drop", "0.1", "--chaos-malformed", "0.05", "--chaos-disconnect", "0.1", "--chaos-ratelimit", "0.1")
PACE = PollingPolicy(shortest_s=0.02, longest_s=0.1)

Aimock: TypeAlias = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def examples() -> list[VQAExample]:
    return load_easy_vqa("test")[:6]


@pytest.fixture
def aimock(tmp_path: Path, examples: list[VQAExample]) -> Aimock:
    """Starts aimock, which says "reply N" to the question of example N."""
    program, folder = node_program(AIMOCK, "llmock"), tmp_path / "aimock"
    (folder / "fixtures").mkdir(parents=True)
    replies = [
        {"match": {"userMessage": example.question}, "response": {"content": f"reply {number}"}}
        for number, example in enumerate(examples)
    ]
    (folder / "fixtures" / "replies.json").write_bytes(orjson.dumps({"fixtures": replies}))

    @contextmanager
    def start(*flags: str) -> Iterator[str]:
        with running(program, "-f", "fixtures", "--journal-max", "0", *flags, folder=folder) as address:
            yield address

    return start


def backend(address: str) -> OpenAIBackend:
    return OpenAIBackend(OpenAI(base_url=f"{address}/v1", api_key="sk-test"))


def requests(address: str) -> Counter[tuple[str, str]]:
    """What aimock was asked, by its own journal."""
    journal: list[dict[str, Any]] = httpx.get(f"{address}/__aimock/journal").json()
    return Counter((entry["method"], entry["path"].partition("?")[0]) for entry in journal)


def expected(examples: list[VQAExample]) -> list[str]:
    return [f"reply {number}" for number in range(len(examples))]


def test_trains_and_asks(aimock: Aimock, examples: list[VQAExample], tmp_path: Path) -> None:
    builder = MessageBuilder(system="Answer in one word.")
    train = tmp_path / "train.jsonl"
    write_jsonl(train, [builder.record(example) for example in load_easy_vqa("train")[:20]])
    with aimock() as address:
        service = backend(address)
        client = FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", pace=PACE, calendar=(), progress=False)
        job = client.start(train, model=MODEL, seed=1, suffix="shapes")
        assert client.start(train, model=MODEL, seed=1, suffix="shapes").id == job.id
        assert service.download_file(str(job.training_file)) == train.read_bytes()
        model = client.wait(job.id, progress=False).fine_tuned_model
        assert model is not None
        assert client.events(job.id)
        found = Predictor(service, builder, model=model, progress=False).predict(examples)
        assert [prediction.answer for prediction in found] == expected(examples)
        assert requests(address)["POST", "/v1/files"] == requests(address)["POST", "/v1/fine_tuning/jobs"] == 1


def test_asks_in_a_batch(aimock: Aimock, examples: list[VQAExample], tmp_path: Path) -> None:
    settings = ChatSettings(model=MODEL)
    with aimock() as address:
        for _ in range(2):
            predictor = BatchPredictor(
                backend(address), MessageBuilder(), settings=settings, folder=tmp_path / "b", pace=PACE, progress=False
            )
            found = predictor.predict(examples)
            # Its batches know no fixtures: every answer is this one.
            assert [prediction.answer for prediction in found] == ["Mock batch completion"] * len(examples)
        assert requests(address)["POST", "/v1/batches"] == 1


def test_every_question_is_answered_in_chaos(aimock: Aimock, examples: list[VQAExample]) -> None:
    # Equal questions would be asked once.
    asked = enumerate(itertools.islice(itertools.cycle(examples), CALLS))
    questions = [replace(each, id=str(number), question=f"{number}: {each.question}") for number, each in asked]
    with aimock(*CHAOS) as address:
        patient = RateLimitedBackend(backend(address), retry=RetryPolicy(first_wait_s=0.01, max_wait_s=0.1))
        found = Predictor(patient, MessageBuilder(), model=MODEL, progress=False).predict(questions)
    assert [prediction.answer for prediction in found] == [f"reply {n % len(examples)}" for n in range(CALLS)]
    assert sum(prediction.attempts for prediction in found) > 1.1 * CALLS


def test_the_bare_sdk_loses_answers_in_the_same_chaos(aimock: Aimock, examples: list[VQAExample]) -> None:
    def answer(number: int) -> str | None:
        messages: Any = [{"role": "user", "content": examples[number % len(examples)].question}]
        try:
            return client.chat.completions.create(model=MODEL, messages=messages).choices[0].message.content
        except (OpenAIError, json.JSONDecodeError):
            return None

    with aimock(*CHAOS) as address, ThreadPoolExecutor(16) as pool:
        client = OpenAI(base_url=f"{address}/v1", api_key="sk-test")
        assert None in list(pool.map(answer, range(CALLS)))
