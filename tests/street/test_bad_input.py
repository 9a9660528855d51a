"""What a person gets wrong is said before money is spent, with the place and a way out."""

from __future__ import annotations

import dataclasses
import json
import socket
from pathlib import Path

import pytest
from openai import OpenAI

import vqaft
from vqaft import errors
from vqaft.data import Split
from vqaft.server import LocalServer
from vqaft.service import RetryPolicy


def test_a_missing_image(tmp_path: Path, split: Split, builder: vqaft.MessageBuilder) -> None:
    broken = dataclasses.replace(split.train[3], images=(str(tmp_path / "gone.png"),))
    with pytest.raises(errors.ImageError) as caught:
        vqaft.write_jsonl(tmp_path / "train.jsonl", map(builder.record, [*split.train[:3], broken]))
    assert caught.value.example_id == broken.id
    assert "gone.png" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(20), b"<svg/>"])
def test_an_unreadable_image(tmp_path: Path, split: Split, builder: vqaft.MessageBuilder, content: bytes) -> None:
    image = tmp_path / "broken.png"
    image.write_bytes(content)
    with pytest.raises(errors.ImageError, match=r"broken\.png"):
        builder.record(dataclasses.replace(split.train[0], images=(str(image),)))


def test_an_unreadable_image_is_a_failure_of_that_answer_alone(
    tmp_path: Path, split: Split, builder: vqaft.MessageBuilder, backend: vqaft.OpenAIBackend
) -> None:
    broken = dataclasses.replace(split.test[1], images=(str(tmp_path / "gone.png"),))
    examples = [split.test[0], broken, split.test[2]]
    predictions = vqaft.Predictor(backend, builder, model="embedded-vqa", progress=False).predict(examples)
    assert [prediction.failure is None for prediction in predictions] == [True, False, True]
    evaluation = vqaft.Evaluator({"exact": vqaft.ExactMatch()}, progress=False).evaluate(examples, predictions)
    row = evaluation.rows[1]
    assert row.failure is not None
    assert row.failure.kind == "image"
    assert not row.scores
    assert "1" in str(evaluation)


def test_an_empty_data_set() -> None:
    with pytest.raises(errors.DataError):
        vqaft.DatasetSplitter(train=1, validation=0, test=1).split([])


def test_a_split_larger_than_the_data(split: Split) -> None:
    with pytest.raises(errors.SplitError, match="1000"):
        vqaft.DatasetSplitter(train=1000, validation=10, test=10).split(split.train)


@pytest.mark.parametrize(
    "messages", [[], [{"role": "user", "content": "What?"}], [{"role": "robot", "content": "x"}], "text"]
)
def test_a_row_that_cannot_be_trained_on(tmp_path: Path, train_file: Path, messages: object) -> None:
    lines = train_file.read_text(encoding="utf-8").splitlines()
    bad = tmp_path / "bad.jsonl"
    bad.write_text("\n".join([*lines[:4], json.dumps({"messages": messages}), *lines[5:]]), encoding="utf-8")
    report = vqaft.check_file(bad)
    assert not report.ok
    with pytest.raises(errors.RecordError) as caught:
        report.raise_for_errors()
    assert caught.value.line == 5


def test_a_wrong_key(server: LocalServer, split: Split, builder: vqaft.MessageBuilder, train_file: Path) -> None:
    with OpenAI(base_url=server.base_url, api_key="wrong-key-1234") as client:
        backend = vqaft.OpenAIBackend(client)
        with pytest.raises(errors.AuthenticationError) as caught:
            vqaft.FineTuneClient(backend, progress=False).upload(train_file)
        assert "wrong-key-1234" not in str(caught.value)
        with pytest.raises(errors.AuthenticationError):
            vqaft.Predictor(backend, builder, model="embedded-vqa", progress=False).predict(split.test)


def test_a_server_that_is_not_there(train_file: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none") as client:
        policy = RetryPolicy(unavailable_timeout_s=0)
        tuning = vqaft.FineTuneClient(vqaft.OpenAIBackend(client), retry=policy, progress=False)
        with pytest.raises(errors.ServiceUnreachableError, match=r"127\.0\.0\.1"):
            tuning.upload(train_file)


def test_a_job_that_fails(tmp_path: Path, backend: vqaft.OpenAIBackend, train_file: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    lines = train_file.read_bytes().splitlines(keepends=True)
    bad.write_bytes(b"".join([*lines[:12], b'{"messages": [{"role": "user", "content": "no answer"}]}\n']))
    uploaded = backend.upload_file(bad, filename="bad.jsonl")  # past the client, which checks first
    job = backend.create_job(vqaft.JobSpec(model="embedded-vqa", training_file=uploaded.id))
    with pytest.raises(errors.JobFailedError, match="Line 13") as caught:
        vqaft.FineTuneClient(backend, progress=False).wait(job.id)
    assert caught.value.code == "invalid_training_file"


def test_a_model_that_is_not_there(backend: vqaft.OpenAIBackend, split: Split, builder: vqaft.MessageBuilder) -> None:
    with pytest.raises(errors.VqaftError, match="no-such-model"):
        vqaft.Predictor(backend, builder, model="no-such-model", progress=False).predict(split.test)


def test_a_model_that_cannot_be_trained_is_found_out_before_anything_is_uploaded(
    tmp_path: Path, client: OpenAI, backend: vqaft.OpenAIBackend, train_file: Path
) -> None:
    before = [file.id for file in client.files.list()]
    tuning = vqaft.FineTuneClient(backend, ledger=tmp_path / "ledger.jsonl", progress=False)
    with pytest.raises(errors.ModelRetiredError, match=r"no-such-model.*can be trained: embedded-vqa"):
        tuning.start(train_file, model="no-such-model")
    assert [file.id for file in client.files.list()] == before
