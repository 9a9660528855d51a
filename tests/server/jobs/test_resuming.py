"""What engines can do beside training: resume, check, warn, fail with a code, describe themselves."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.server.odd_engines import Resuming
from vqaft.testing import ThreadServer


@pytest.fixture
def serve() -> Callable[[Path], ThreadServer]:
    engines = {"resuming": Resuming(step_s=0.15), "failing": Resuming(failure="nan_loss")}
    return lambda folder: ThreadServer(folder, engines=engines, judges={})


@pytest.fixture
def running(tmp_path: Path, serve: Callable[[Path], ThreadServer]) -> Iterator[ThreadServer]:
    with serve(tmp_path / "state") as server:
        yield server


@pytest.fixture
def client(running: ThreadServer) -> Iterator[OpenAI]:
    with connect(running) as made:
        yield made


def connect(server: ThreadServer) -> OpenAI:
    return OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0, _strict_response_validation=True)


def start(client: OpenAI, rows: bytes, model: str = "resuming", **extra: Any) -> str:
    file = client.files.create(file=("rows.jsonl", rows), purpose="fine-tune").id
    return client.fine_tuning.jobs.create(model=model, training_file=file, extra_body=extra).id


def until(client: OpenAI, job: str, done: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + 60
    while not done(found := client.fine_tuning.jobs.retrieve(job)):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def ended(client: OpenAI, job: str) -> Any:
    return until(client, job, lambda found: found.status in {"succeeded", "failed", "cancelled"})


def messages(client: OpenAI, job: str) -> list[str]:
    return [event.message for event in client.fine_tuning.jobs.list_events(job, limit=100)][::-1]


def reached(client: OpenAI, job: str, step: int) -> None:
    until(client, job, lambda _: any(words.startswith(f"Step {step}/") for words in messages(client, job)))


def steps_of(client: OpenAI, job: Any) -> list[str]:
    table = csv.DictReader(io.StringIO(client.files.content(job.result_files[0]).text))
    return [row["step"] for row in table]


def test_a_paused_job_keeps_its_checkpoints_and_continues(client: OpenAI, rows: bytes) -> None:
    job = start(client, rows)
    reached(client, job, 2)
    client.fine_tuning.jobs.pause(job)
    paused = client.fine_tuning.jobs.retrieve(job)
    assert (paused.status, paused.estimated_finish) == ("queued", None)
    assert len(client.fine_tuning.jobs.checkpoints.list(job).data) >= 2
    client.fine_tuning.jobs.resume(job)
    found = ended(client, job)
    assert found.status == "succeeded"
    assert "Fine-tuning job continues from its last checkpoint" in messages(client, job)
    assert "From step 0" in messages(client, job)
    assert any(words in messages(client, job) for words in ("From step 2", "From step 3"))
    assert steps_of(client, found) == ["1", "2", "3", "4", "5"]
    assert [kept.step_number for kept in client.fine_tuning.jobs.checkpoints.list(job).data] == [5, 4, 3, 2, 1]


def test_a_job_whose_server_stopped_continues(
    tmp_path: Path, serve: Callable[[Path], ThreadServer], rows: bytes
) -> None:
    with serve(tmp_path) as server, connect(server) as client:
        job = start(client, rows)
        reached(client, job, 2)
    with serve(tmp_path) as server, connect(server) as client:
        found = ended(client, job)
        assert found.status == "succeeded"
        assert "The server was restarted; the job continues from its last checkpoint." in messages(client, job)
        assert steps_of(client, found) == ["1", "2", "3", "4", "5"]


def test_a_cancelled_job_keeps_nothing(client: OpenAI, running: ThreadServer, rows: bytes, tmp_path: Path) -> None:
    job = start(client, rows)
    reached(client, job, 1)
    client.fine_tuning.jobs.cancel(job)
    assert client.fine_tuning.jobs.checkpoints.list(job).data == []
    end = time.monotonic() + 30
    while any(job in names for _, names, _ in os.walk(tmp_path / "state" / "models")) and time.monotonic() < end:
        time.sleep(0.02)
    assert not (tmp_path / "state" / "models" / job).exists()


def test_events_tell_notes_and_both_accuracies(client: OpenAI, rows: bytes) -> None:
    job = start(client, rows)
    ended(client, job)
    events = list(client.fine_tuning.jobs.list_events(job, limit=100))
    assert [event.level for event in events if event.message == "From step 0"] == ["warn"]
    data: Any = next(event.data for event in events if event.type == "metrics")
    assert (data["train_answer_accuracy"], data["train_mean_token_accuracy"]) == (0.5, 0.75)


def test_a_failure_keeps_the_engines_code(client: OpenAI, rows: bytes) -> None:
    found = ended(client, start(client, rows, "failing"))
    assert found.status == "failed"
    assert (found.error.code, found.error.param) == ("nan_loss", None)
    assert found.error.message == "the loss became nan. Lower the rate."


def test_options_are_checked_before_a_job_is_made(client: OpenAI, rows: bytes) -> None:
    with pytest.raises(openai.BadRequestError, match=r"wings: unknown\. Known fields: speed") as caught:
        start(client, rows, wings=2)
    assert caught.value.param == "wings"
    assert ended(client, start(client, rows, speed="low")).status == "succeeded"


def test_rows_are_checked_by_the_engine_before_the_job_waits(client: OpenAI, rows: bytes) -> None:
    found = ended(client, start(client, rows, speed="too high"))
    assert (found.error.code, found.error.param) == ("invalid_training_file", "training_file")
    assert found.error.message == "Line 2: the row is too fast."
    assert not any(words.startswith("Fine-tuning job started") for words in messages(client, found.id))


def test_a_model_says_what_its_engine_says(client: OpenAI) -> None:
    described: Any = client.models.retrieve("resuming")
    assert described.metadata == {"license": "mit"}


def test_the_estimated_finish_is_known_while_it_runs(client: OpenAI, rows: bytes) -> None:
    job = start(client, rows)
    found = until(client, job, lambda job: job.estimated_finish is not None or job.status == "succeeded")
    assert found.status == "running"
    assert found.estimated_finish >= found.created_at
    assert ended(client, job).estimated_finish is None


def test_a_job_waits_for_a_server_that_serves_its_model(
    tmp_path: Path, serve: Callable[[Path], ThreadServer], rows: bytes
) -> None:
    with serve(tmp_path) as server, connect(server) as client:
        first = ended(client, start(client, rows)).fine_tuned_model
        job = start(client, rows)
        reached(client, job, 2)
    with ThreadServer(tmp_path, engines={}, judges={}) as server, connect(server) as client:
        message = "This server does not serve 'resuming'; resume the job when it does"
        until(client, job, lambda _: message in messages(client, job))
        assert client.fine_tuning.jobs.retrieve(job).status == "queued"
        with pytest.raises(openai.APIStatusError, match="does not serve its base model 'resuming'") as caught:
            client.chat.completions.create(model=first, messages=[{"role": "user", "content": "What?"}])
        assert caught.value.status_code == 503
    with serve(tmp_path) as server, connect(server) as client:
        client.fine_tuning.jobs.resume(job)
        found = ended(client, job)
        assert steps_of(client, found) == ["1", "2", "3", "4", "5"]
