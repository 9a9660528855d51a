"""Every request of the client is legal by OpenAI's own document, as judged by Prism, which nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from openai import DefaultHttpxClient, OpenAI

from tests.contract.node_tools import PRISM, node_program, running
from vqaft.backends import OpenAIBackend
from vqaft.data import load_easy_vqa
from vqaft.errors import RequestRefusedError
from vqaft.evaluation import AnsweredExample, LLMJudge
from vqaft.images import ImageEncoder
from vqaft.inference import ChatRequest
from vqaft.records import MessageBuilder, write_jsonl
from vqaft.service import FilePart
from vqaft.tuning import Hyperparameters, JobSpec

PRISMS = "string"
"""The id of everything that Prism answers with; an answer about another id is an error."""
UNDOCUMENTED = {"refuses_training"}  # its route is in no document, so none can judge it


@dataclass(kw_only=True)
class Judged:
    """The backend, and what Prism said to each of its requests.

    Attributes:
        backend: Sends to Prism.
        said: Method, path, status and violations of each exchange.
    """

    backend: OpenAIBackend
    said: list[tuple[str, str, int, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def address(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    contract = shared / "contract" / "openai-fine-tuning.yaml"
    prism, folder = node_program(PRISM, "prism"), tmp_path_factory.mktemp("prism")
    with running(prism, "mock", str(contract), folder=folder) as where:
        yield where


@pytest.fixture(scope="module")
def judged(address: str) -> Iterator[Judged]:
    said: list[tuple[str, str, int, str]] = []

    def note(response: Any) -> None:
        violations = response.headers.get("sl-violations", "")
        said.append((response.request.method, response.request.url.path, response.status_code, violations))

    with DefaultHttpxClient(event_hooks={"response": [note]}) as http:
        yield Judged(backend=OpenAIBackend(OpenAI(base_url=address, api_key="sk-test", http_client=http)), said=said)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "train.jsonl"
    builder = MessageBuilder(system="Answer in one word.", detail="low")
    write_jsonl(path, [builder.record(example) for example in load_easy_vqa("train")[:10]])
    return path


def spec(**changes: Any) -> JobSpec:
    hyperparameters = Hyperparameters(n_epochs=3, batch_size=4, learning_rate_multiplier=0.5)
    given: dict[str, Any] = {
        "model": "gpt-4o-2024-08-06",
        "training_file": "file-1",
        "validation_file": "file-2",
        "hyperparameters": hyperparameters,
        "seed": 42,
        "suffix": "shapes",
        "metadata": {"vqaft_key": "0" * 64},
        "integrations": ({"type": "wandb", "wandb": {"project": "p", "name": "n", "tags": ["t"]}},),
    }
    return JobSpec(**(given | changes))


def preferences() -> JobSpec:
    return spec(method="dpo", hyperparameters=Hyperparameters(n_epochs=1, beta=0.1))


def question() -> ChatRequest:
    """A question about an image after two worked ones, as a prediction asks it."""
    builder = MessageBuilder(system="Answer in one word.", few_shot=load_easy_vqa("train")[:2], detail="high")
    messages = builder.request_json(load_easy_vqa("test")[0])
    return ChatRequest(model="gpt-4o", messages=messages, temperature=0.0, max_tokens=20, seed=1)


def judge(backend: OpenAIBackend) -> None:
    """The judge's own request: structured output, and the image."""
    example = load_easy_vqa("test")[0]
    LLMJudge(backend, model="gpt-4o", encoder=ImageEncoder())(AnsweredExample(example=example, answer="something else"))


REQUESTS: dict[str, Callable[[OpenAIBackend, Path], Any]] = {
    "upload_file": lambda backend, rows: backend.upload_file(rows, filename="train.jsonl"),
    "upload_file-batch": lambda backend, rows: backend.upload_file(rows, filename="b.jsonl", purpose="batch"),
    "list_files": lambda backend, _: backend.list_files(),
    "list_files-after": lambda backend, _: backend.list_files(purpose="batch", after="file-1"),
    "retrieve_file": lambda backend, _: backend.retrieve_file(PRISMS),
    "download_file": lambda backend, _: backend.download_file("file-1"),
    "start_upload": lambda backend, _: backend.start_upload("t.jsonl", size_bytes=10, purpose="fine-tune"),
    "upload_part": lambda backend, rows: backend.upload_part(
        "upload-1", FilePart(path=rows, index=0, offset=10, length=1000)
    ),
    "complete_upload": lambda backend, _: backend.complete_upload("upload-1", part_ids=("p1", "p2"), md5="0" * 32),
    "cancel_upload": lambda backend, _: backend.cancel_upload("upload-1"),
    "create_job": lambda backend, _: backend.create_job(spec()),
    "create_job-plain": lambda backend, _: backend.create_job(JobSpec(model="gpt-4o", training_file="file-1")),
    "create_job-dpo": lambda backend, _: backend.create_job(preferences()),
    "retrieve_job": lambda backend, _: backend.retrieve_job(PRISMS),
    "list_jobs": lambda backend, _: backend.list_jobs(),
    "list_jobs-after": lambda backend, _: backend.list_jobs(after="ftjob-1"),
    "cancel_job": lambda backend, _: backend.cancel_job(PRISMS),
    "pause_job": lambda backend, _: backend.pause_job(PRISMS),
    "resume_job": lambda backend, _: backend.resume_job(PRISMS),
    "list_events": lambda backend, _: backend.list_events("ftjob-1", after="ftevent-1"),
    "list_checkpoints": lambda backend, _: backend.list_checkpoints("ftjob-1", after="ftckpt-1"),
    "shutdown_date": lambda backend, _: backend.shutdown_date("ft:gpt-4o:me:shapes:1"),
    "create_batch": lambda backend, _: backend.create_batch("file-1", metadata={"vqaft_key": "1"}),
    "retrieve_batch": lambda backend, _: backend.retrieve_batch(PRISMS),
    "cancel_batch": lambda backend, _: backend.cancel_batch(PRISMS),
    "list_batches": lambda backend, _: backend.list_batches(after="batch-1"),
    "complete": lambda backend, _: backend.complete(question()),
    "complete-judge": lambda backend, _: judge(backend),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_legal(name: str, judged: Judged, rows: Path) -> None:
    judged.said.clear()
    REQUESTS[name](judged.backend, rows)
    assert judged.said
    assert [one for one in judged.said if one[2:] != (200, "")] == []


def test_every_request_of_the_backend_is_judged() -> None:
    methods = {name for name, kind in vars(OpenAIBackend).items() if callable(kind) and not name.startswith("_")}
    assert methods - UNDOCUMENTED == {name.partition("-")[0] for name in REQUESTS}


def chat(**changes: Any) -> ChatRequest:
    given: dict[str, Any] = {"model": "gpt-4o", "messages": b'[{"role":"user","content":"q"}]'}
    return ChatRequest(**(given | changes))


def pictured(image: Any) -> bytes:
    return orjson.dumps([{"role": "user", "content": [{"type": "image_url", "image_url": image}]}])


WRONG: dict[str, Callable[[OpenAIBackend], Any]] = {
    "integration": lambda backend: backend.create_job(spec(integrations=({"type": "nowhere"},))),
    "purpose": lambda backend: backend.start_upload("t.jsonl", size_bytes=10, purpose="fun"),
    "detail": lambda backend: backend.complete(chat(messages=pictured({"url": "https://a.b/c.png", "detail": "x"}))),
    "image": lambda backend: backend.complete(chat(messages=pictured({}))),
    "role": lambda backend: backend.complete(chat(messages=b'[{"role":"robot","content":"q"}]')),
    "temperature": lambda backend: backend.complete(chat(temperature=9.0)),
    "schema": lambda backend: backend.complete(chat(response_format={"type": "json_schema"})),
}


@pytest.mark.parametrize("name", WRONG)
def test_prism_refuses_a_wrong_request(name: str, judged: Judged) -> None:
    judged.said.clear()
    with pytest.raises(RequestRefusedError):
        WRONG[name](judged.backend)
    assert [one[2] for one in judged.said] == [422]
