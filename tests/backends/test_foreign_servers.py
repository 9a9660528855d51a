"""The client against servers that nobody here wrote; foreign_servers.sh installs and names them."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from vqaft.backends import OpenAIBackend
from vqaft.data import VQAExample
from vqaft.inference import BatchPredictor, ChatRequest, ChatSettings, Predictor
from vqaft.tuning import FilePart, FineTuneClient, Hyperparameters, JobSpec, Pace

MODULES = os.environ.get("VQAFT_NODE_MODULES")
ROW = b'{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n'
IMAGE = b'{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}'
MESSAGES = b'[{"role":"user","content":[{"type":"text","text":"What?"},' + IMAGE + b"]}]"

pytestmark = pytest.mark.skipif(MODULES is None, reason="needs npm packages: run tests/backends/foreign_servers.sh")


class Builder:
    def request_json(self, _example: VQAExample) -> bytes:
        return MESSAGES


def started(*command: str, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"{command[0]} does not listen")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def aimock(tmp_path: Path) -> Iterator[OpenAIBackend]:
    (tmp_path / "fixtures").mkdir()
    (tmp_path / "fixtures" / "a.json").write_text('{"fixtures":[{"match":{},"response":{"content":"red"}}]}')
    port = free_port()
    command = (f"{MODULES}/.bin/llmock", "-h", "127.0.0.1", "-p", str(port), "-f", str(tmp_path / "fixtures"))
    process = started(*command, port=port)
    yield OpenAIBackend(OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-test"))
    process.terminate()
    process.wait()


@pytest.fixture
def prism(shared: Path) -> Iterator[OpenAIBackend]:
    port = free_port()
    contract = str(shared / "contract" / "openai-fine-tuning.yaml")
    process = started(f"{MODULES}/.bin/prism", "mock", "-h", "127.0.0.1", "-p", str(port), contract, port=port)
    yield OpenAIBackend(OpenAI(base_url=f"http://127.0.0.1:{port}", api_key="sk-test"))
    process.terminate()
    process.wait()


def test_the_whole_way_on_aimock(aimock: OpenAIBackend, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_bytes(ROW * 10)
    client = FineTuneClient(aimock, ledger=tmp_path / "ledger.jsonl", pace=Pace(shortest_s=0.01), progress=False)
    file = client.upload(tmp_path / "train.jsonl")
    assert client.upload(tmp_path / "train.jsonl") == file
    spec = JobSpec(model="gpt-4o-2024-08-06", training_file=file.id, seed=1)
    job = client.wait(client.create(spec).id, progress=False)
    assert job.fine_tuned_model
    assert client.create(spec).id == job.id
    assert len(client.events(job.id)) >= 1
    examples = [VQAExample(id=str(number), image=b"x", question="q") for number in range(5)]
    assert len(Predictor(aimock, Builder(), model="m", progress=False).predict(examples).answered) == 5
    batched = BatchPredictor(
        aimock, Builder(), settings=ChatSettings(model="m"), folder=tmp_path / "b", pace=Pace(), progress=False
    )
    assert len(batched.predict(examples).answered) == 5


def requests(backend: OpenAIBackend, path: Path) -> dict[str, Callable[[], Any]]:
    spec = JobSpec(
        model="gpt-4o-2024-08-06",
        training_file="file-1",
        validation_file="file-2",
        hyperparameters=Hyperparameters(n_epochs=2),
        seed=1,
        suffix="x",
        metadata={"a": "b"},
    )
    part = FilePart(path=path, index=0, offset=0, length=10)
    request = ChatRequest(model="gpt-4o", messages=MESSAGES, temperature=0.0, max_tokens=9, seed=1)
    return {
        "upload_file": lambda: backend.upload_file(path, filename="x.jsonl"),
        "retrieve_file": lambda: backend.retrieve_file("file-1"),
        "list_files": backend.list_files,
        "create_job": lambda: backend.create_job(spec),
        "retrieve_job": lambda: backend.retrieve_job("ftjob-1"),
        "list_jobs": lambda: backend.list_jobs(after="ftjob-1"),
        "cancel_job": lambda: backend.cancel_job("ftjob-1"),
        "pause_job": lambda: backend.pause_job("ftjob-1"),
        "resume_job": lambda: backend.resume_job("ftjob-1"),
        "list_events": lambda: backend.list_events("ftjob-1", after="e-1"),
        "list_checkpoints": lambda: backend.list_checkpoints("ftjob-1"),
        "start_upload": lambda: backend.start_upload("x.jsonl", size_bytes=10, purpose="fine-tune"),
        "upload_part": lambda: backend.upload_part("upload-1", part),
        "complete_upload": lambda: backend.complete_upload("upload-1", part_ids=("p",), md5="0" * 32),
        "cancel_upload": lambda: backend.cancel_upload("upload-1"),
        "create_batch": lambda: backend.create_batch("file-1", metadata={"a": "b"}),
        "retrieve_batch": lambda: backend.retrieve_batch("batch-1"),
        "list_batches": backend.list_batches,
        "complete": lambda: backend.complete(request),
        "shutdown_date": lambda: backend.shutdown_date("gpt-4o"),
    }


def test_prism_finds_every_request_legal(prism: OpenAIBackend, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(ROW * 10)
    for name, send in requests(prism, tmp_path / "x.jsonl").items():
        try:
            send()
        except Exception as error:  # noqa: BLE001 - which request was refused, and why
            pytest.fail(f"{name}: {error}")
