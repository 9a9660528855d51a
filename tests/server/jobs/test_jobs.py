"""A job goes from its files to a model, and can be stopped on the way."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

from vqaft.testing import ThreadServer


def upload(client: OpenAI, rows: bytes) -> str:
    return client.files.create(file=("rows.jsonl", rows), purpose="fine-tune").id


def finished(client: OpenAI, job: str, *, timeout_s: float = 120) -> FineTuningJob:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = client.fine_tuning.jobs.retrieve(job)
        if found.status in {"succeeded", "failed", "cancelled"}:
            return found
        time.sleep(0.02)
    pytest.fail(f"the job did not end: {found}")


def wait_for_metrics(client: OpenAI, job: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if any(event.type == "metrics" for event in client.fine_tuning.jobs.list_events(job)):
            return
        time.sleep(0.02)
    pytest.fail("no epoch ended")


def test_pages_by_metadata_are_full(client: OpenAI, rows: bytes) -> None:
    file = upload(client, rows)
    jobs = client.fine_tuning.jobs
    wanted = [jobs.create(model="quick", training_file=file, metadata={"of": "mine"}).id for _ in range(2)]
    for _ in range(3):
        jobs.create(model="quick", training_file=file, metadata={"of": "others"})
    page = jobs.list(metadata={"of": "mine"}, limit=1)
    assert ([job.id for job in page.data], page.has_more) == (wanted[:0:-1], True)
    assert [job.id for job in jobs.list(metadata={"of": "mine"}, limit=1)] == wanted[::-1]


def test_succeeds(client: OpenAI, rows: bytes) -> None:
    training, validation = upload(client, rows), upload(client, rows[: rows.index(b"\n") + 1])
    made = client.fine_tuning.jobs.create(
        model="quick",
        training_file=training,
        validation_file=validation,
        suffix="my model!",
        seed=7,
        metadata={"run": "1"},
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 4, "batch_size": 2}}},
    )
    assert made.status == "validating_files"
    job = finished(client, made.id)
    assert (job.status, job.seed, job.metadata) == ("succeeded", 7, {"run": "1"})
    assert job.trained_tokens == 7 * 12 * 4
    assert job.hyperparameters.n_epochs == 4
    assert job.hyperparameters.learning_rate_multiplier == 1.0
    assert job.fine_tuned_model == f"ft:quick:local:my-model-:{job.id[-8:]}"

    answer = client.chat.completions.create(model=job.fine_tuned_model, messages=[{"role": "user", "content": "What?"}])
    assert answer.choices[0].message.content == "red"
    assert job.fine_tuned_model in [model.id for model in client.models.list()]

    events = list(client.fine_tuning.jobs.list_events(job.id, limit=2))
    assert events[0].message == "The job has successfully completed"
    assert events[-1].message == f"Created fine-tuning job: {job.id}"
    metrics: list[Any] = [event.data for event in events if event.type == "metrics"]
    assert [data["train_loss"] for data in metrics[::-1]] == [1.0, 1 / 2, 1 / 3, 1 / 4]

    table = client.files.content(job.result_files[0]).read().decode()
    found = list(csv.DictReader(io.StringIO(table)))
    assert [float(row["valid_loss"]) for row in found] == [2.0, 1.0, 2 / 3, 1 / 2]

    checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id).data
    assert [checkpoint.step_number for checkpoint in checkpoints] == [48, 36, 24, 12]
    said = client.chat.completions.create(
        model=checkpoints[-1].fine_tuned_model_checkpoint, messages=[{"role": "user", "content": "What?"}]
    )
    assert said.choices[0].message.content == "after 1"


def test_a_deleted_model_is_gone(client: OpenAI, rows: bytes) -> None:
    job = finished(client, client.fine_tuning.jobs.create(model="quick", training_file=upload(client, rows)).id)
    assert job.fine_tuned_model is not None
    assert client.models.delete(job.fine_tuned_model).deleted
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model=job.fine_tuned_model, messages=[{"role": "user", "content": "?"}])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows[:300], "rows, fewer than 10"),
        (lambda rows: rows.replace(b'"assistant"', b'"robot"', 3), "Line 1"),
        (lambda rows: rows + b'{"messages": []}\n', "Line 13"),
        (lambda rows: rows + b"not json\n", "Line 13"),
        (lambda _: b"", "0 rows"),
    ],
)
def test_a_bad_file_fails_the_job(client: OpenAI, rows: bytes, spoil: Any, words: str) -> None:
    whole_rows = spoil(rows)
    if words.startswith("rows"):
        whole_rows = rows[: rows.index(b"\n") + 1] * 3
    job = finished(client, client.fine_tuning.jobs.create(model="quick", training_file=upload(client, whole_rows)).id)
    assert job.status == "failed"
    assert job.error is not None
    assert (job.error.code, job.error.param) == ("invalid_training_file", "training_file")
    assert words in (job.error.message or "")
    assert job.fine_tuned_model is None


def test_a_bad_validation_file_is_named(client: OpenAI, rows: bytes) -> None:
    names = {"training_file": upload(client, rows), "validation_file": upload(client, b"{}\n")}
    job = finished(client, client.fine_tuning.jobs.create(model="quick", **names).id)  # type: ignore[arg-type]
    assert job.error is not None
    assert job.error.param == "validation_file"


def test_a_worker_that_dies_fails_its_job_and_no_other(client: OpenAI, rows: bytes) -> None:
    training = upload(client, rows)
    dead = client.fine_tuning.jobs.create(model="dying", training_file=training)
    alive = client.fine_tuning.jobs.create(model="quick", training_file=training)
    job = finished(client, dead.id)
    assert job.status == "failed"
    assert job.error is not None
    assert "without a result" in (job.error.message or "")
    assert finished(client, alive.id).status == "succeeded"


def test_cancel_while_running(client: OpenAI, rows: bytes) -> None:
    made = client.fine_tuning.jobs.create(
        model="slow", training_file=upload(client, rows), hyperparameters={"n_epochs": 50}
    )
    wait_for_metrics(client, made.id)
    assert client.fine_tuning.jobs.cancel(made.id).status == "cancelled"
    job = finished(client, made.id)
    assert job.fine_tuned_model is None
    assert client.fine_tuning.jobs.cancel(made.id) == job  # a job that has ended stays as it is
    end = time.monotonic() + 30
    while client.fine_tuning.jobs.checkpoints.list(made.id).data and time.monotonic() < end:
        time.sleep(0.02)
    assert not [model.id for model in client.models.list() if made.id[-8:] in model.id]


def test_pause_and_resume(client: OpenAI, rows: bytes) -> None:
    made = client.fine_tuning.jobs.create(
        model="slow", training_file=upload(client, rows), hyperparameters={"n_epochs": 8}
    )
    wait_for_metrics(client, made.id)
    assert client.fine_tuning.jobs.pause(made.id).status == "queued"
    later = client.fine_tuning.jobs.create(model="quick", training_file=made.training_file)
    assert finished(client, later.id).status == "succeeded"
    assert client.fine_tuning.jobs.retrieve(made.id).status == "queued"
    assert not client.fine_tuning.jobs.checkpoints.list(made.id).data
    client.fine_tuning.jobs.resume(made.id)
    job = finished(client, made.id)
    assert job.status == "succeeded"
    table = client.files.content(job.result_files[0]).read().decode()
    steps = list(range(12, 97, 12))
    assert [int(row["step"]) for row in csv.DictReader(io.StringIO(table))] == steps
    assert [point.step_number for point in client.fine_tuning.jobs.checkpoints.list(job.id)] == steps[::-1]


def test_a_job_that_is_paused_while_it_waits_does_not_start(client: OpenAI, rows: bytes) -> None:
    training = upload(client, rows)
    first = client.fine_tuning.jobs.create(model="slow", training_file=training, hyperparameters={"n_epochs": 4})
    wait_for_metrics(client, first.id)
    second = client.fine_tuning.jobs.create(model="quick", training_file=training)
    client.fine_tuning.jobs.pause(second.id)
    later = client.fine_tuning.jobs.create(model="quick", training_file=training)
    assert finished(client, first.id).status == finished(client, later.id).status == "succeeded"
    assert client.fine_tuning.jobs.retrieve(second.id).status == "queued"
    client.fine_tuning.jobs.resume(second.id)
    assert finished(client, second.id).status == "succeeded"


def test_listing_by_metadata(client: OpenAI, rows: bytes) -> None:
    training = upload(client, rows)
    wanted = client.fine_tuning.jobs.create(model="quick", training_file=training, metadata={"who": "me"})
    client.fine_tuning.jobs.create(model="quick", training_file=training, metadata={"who": "you"})
    assert [job.id for job in client.fine_tuning.jobs.list(metadata={"who": "me"})] == [wanted.id]
    assert [job.id for job in client.fine_tuning.jobs.list(limit=1).data] != [wanted.id]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": "judge"}, "model"),
        ({"model": "none"}, "model"),
        ({"training_file": "file-none"}, "training_file"),
        ({"validation_file": "file-none"}, "validation_file"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"suffix": ""}, "suffix"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k"),
        ({"metadata": {f"k{i}": "v" for i in range(17)}}, "metadata"),
        ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size"),
        ({"hyperparameters": {"learning_rate_multiplier": 0}}, "hyperparameters.learning_rate_multiplier"),
        ({"method": {"type": "dpo"}}, "method.type"),
        ({"method": {"type": "magic"}}, "method.type"),
        ({"integrations": [{"type": "wandb", "wandb": {}}]}, "integrations"),
        ({"integrations": [{"type": "nowhere"}]}, "integrations"),
    ],
)
def test_refuses_what_it_cannot_do(client: OpenAI, rows: bytes, change: dict[str, Any], param: str) -> None:
    body = {"model": "quick", "training_file": upload(client, rows), **change}
    with pytest.raises(openai.BadRequestError) as caught:
        client.fine_tuning.jobs.create(**body)
    assert (caught.value.param or "").startswith(param)


def test_integrations_are_kept_and_a_job_says_that_nothing_is_sent(client: OpenAI, rows: bytes) -> None:
    wanted = {"type": "wandb", "wandb": {"project": "receipts", "name": "first", "entity": None, "tags": ["a"]}}
    integrations: Any = [{"type": "wandb", "wandb": {"project": "receipts", "name": "first", "tags": ["a"]}}]
    job = client.fine_tuning.jobs.create(model="quick", training_file=upload(client, rows), integrations=integrations)
    kept = client.fine_tuning.jobs.retrieve(job.id).integrations or []
    assert [integration.model_dump() for integration in kept] == [wanted]
    warned = [event for event in client.fine_tuning.jobs.list_events(job.id) if event.level == "warn"]
    assert "sends nothing to Weights & Biases itself" in warned[-1].message
    client.fine_tuning.jobs.cancel(job.id)


def test_a_job_goes_on_after_a_restart(
    tmp_path: Path, rows: bytes, make_server: Callable[[Path], ThreadServer]
) -> None:
    with make_server(tmp_path) as server, OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        made = client.fine_tuning.jobs.create(
            model="slow", training_file=upload(client, rows), hyperparameters={"n_epochs": 8}
        )
        wait_for_metrics(client, made.id)
    with make_server(tmp_path) as server, OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        assert finished(client, made.id).status == "succeeded"
        messages = [event.message for event in client.fine_tuning.jobs.list_events(made.id)]
        assert "The server was restarted; the job starts again." in messages
