"""Requests in Together's shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import respx

from vqaft.backends import TogetherBackend
from vqaft.errors import AuthenticationError, ModelRetiredError, RequestRefusedError, ServiceUnreachableError
from vqaft.inference import ChatRequest
from vqaft.service import KEY
from vqaft.tuning import FineTuneClient, Hyperparameters, JobSpec

URL = "https://api.together.ai/v1"
STAMP = "0123456789abcdef01234567-1"
JOB = {
    "id": "ft-1",
    "status": "running",
    "model": "Qwen/Qwen3-VL-8B-Instruct",
    "created_at": "2026-11-20T17:35:45.123Z",
    "training_file": "file-1",
    "model_output_name": f"me/Qwen3-VL-8B-Instruct-shapes-vq{STAMP}-9f",
    "token_count": 850_000,
}


@respx.mock
def test_creates_a_job_and_finds_its_key_again(together_backend: TogetherBackend) -> None:
    route = respx.post(f"{URL}/fine-tunes").respond(json=JOB)
    spec = JobSpec(
        model="Qwen/Qwen3-VL-8B-Instruct",
        training_file="file-1",
        validation_file="file-2",
        hyperparameters=Hyperparameters(n_epochs=3),
        suffix="shapes",
        metadata={KEY: STAMP},
    )
    job = together_backend.create_job(spec)
    assert json.loads(route.calls.last.request.content) == {
        "model": "Qwen/Qwen3-VL-8B-Instruct",
        "training_file": "file-1",
        "validation_file": "file-2",
        "n_epochs": 3,
        "n_evals": 3,
        "batch_size": "max",
        "suffix": f"shapes-vq{STAMP}",
        "training_method": {"method": "sft", "train_on_inputs": "auto"},
    }
    assert (job.status, job.fine_tuned_model, dict(job.metadata)) == ("running", None, {KEY: STAMP})


@respx.mock
def test_what_is_left_to_together_is_not_sent(together_backend: TogetherBackend) -> None:
    route = respx.post(f"{URL}/fine-tunes").respond(json=JOB)
    together_backend.create_job(JobSpec(model="m", training_file="f", validation_file="v", method="dpo"))
    sent = json.loads(route.calls.last.request.content)
    assert sent == {
        "model": "m",
        "training_file": "f",
        "validation_file": "v",
        "n_evals": 1,
        "batch_size": "max",
        "training_method": {"method": "dpo"},
    }
    together_backend.create_job(JobSpec(model="m", training_file="f"))
    assert "n_evals" not in json.loads(route.calls.last.request.content)


@pytest.mark.parametrize("suffix", [None, "s" * 64])
@respx.mock
def test_the_key_always_fits(together_backend: TogetherBackend, suffix: str | None) -> None:
    route = respx.post(f"{URL}/fine-tunes").respond(json=JOB)
    together_backend.create_job(JobSpec(model="m", training_file="f", suffix=suffix, metadata={KEY: STAMP}))
    sent = json.loads(route.calls.last.request.content)["suffix"]
    assert sent.endswith(f"vq{STAMP}")
    assert len(sent) <= 64


@respx.mock
def test_a_lost_answer_is_found_by_the_key(together_backend: TogetherBackend, tmp_path: Path) -> None:
    create = respx.post(f"{URL}/fine-tunes").mock(side_effect=httpx.ReadError("reset"))

    def listed(_request: httpx.Request) -> httpx.Response:
        suffix = json.loads(create.calls.last.request.content)["suffix"]
        return httpx.Response(200, json={"data": [{**JOB, "model_output_name": f"me/m-{suffix}-1"}]})

    respx.get(f"{URL}/fine-tunes").mock(side_effect=listed)
    respx.get(f"{URL}/fine-tunes/models/limits").respond(json={"model_name": "m"})
    client = FineTuneClient(together_backend, ledger=tmp_path / "ledger.jsonl", progress=False)
    assert client.create(JobSpec(model="m", training_file="f")).id == "ft-1"
    assert create.call_count == 1


@pytest.mark.parametrize(
    ("status", "wanted"),
    [("pending", "queued"), ("completed", "succeeded"), ("error", "failed"), ("user_error", "failed"), ("new", "new")],
)
@respx.mock
def test_states_are_called_as_everywhere(together_backend: TogetherBackend, status: str, wanted: str) -> None:
    events = [{"message": "row 3 has no image"}]
    respx.get(f"{URL}/fine-tunes/ft-1").respond(json={**JOB, "status": status, "events": events})
    job = together_backend.retrieve_job("ft-1")
    assert job.status == wanted
    assert (job.fine_tuned_model is not None) == (wanted == "succeeded")
    assert job.error_message == ("row 3 has no image" if wanted == "failed" else None)


@respx.mock
def test_uploads_lists_and_fetches_files(together_backend: TogetherBackend, file: Path) -> None:
    remote = {"id": "file-1", "filename": "x.jsonl", "bytes": 0, "purpose": "fine-tune", "Processed": False}
    upload = respx.post(f"{URL}/files/upload").respond(json=remote)
    respx.get(f"{URL}/files/file-1").respond(json={**remote, "bytes": 48, "Processed": True})
    respx.get(f"{URL}/files").respond(json={"data": [remote, {**remote, "id": "file-2", "purpose": "eval"}]})
    respx.get(f"{URL}/files/file-1/content").respond(content=b"rows")
    assert together_backend.upload_file(file, filename="x.jsonl").size_bytes is None
    sent = upload.calls.last.request.content
    for part in (b'name="purpose"\r\n\r\nfine-tune', b'name="file_name"\r\n\r\nx.jsonl', file.read_bytes()):
        assert part in sent
    assert together_backend.retrieve_file("file-1").size_bytes == 48
    assert [entry.id for entry in together_backend.list_files().entries] == ["file-1"]
    assert together_backend.download_file("file-1") == b"rows"


@respx.mock
def test_follows_a_job(together_backend: TogetherBackend) -> None:
    events = [
        {"created_at": "2026-11-20T17:35:45Z", "message": "queued", "type": "job_pending", "hash": ""},
        {
            "created_at": "2026-11-20T17:36:45Z",
            "message": "step",
            "step": 3,
            "total_steps": 9,
            "hash": "ab",
            "level": "warning",
        },
    ]
    respx.get(f"{URL}/fine-tunes/ft-1/events").respond(json={"data": events})
    respx.get(f"{URL}/fine-tunes/ft-1/checkpoints").respond(json={"data": [{"id": "x", "step": 3, "path": "s3://c"}]})
    respx.post(f"{URL}/fine-tunes/ft-1/cancel").respond(json={**JOB, "status": "cancelled"})
    newest, oldest = together_backend.list_events("ft-1").entries
    assert (newest.id, newest.level, newest.data["step"], oldest.type) == ("ab", "warn", 3, "message")
    assert together_backend.list_checkpoints("ft-1").entries[0].model == "s3://c"
    assert together_backend.cancel_job("ft-1").status == "cancelled"
    for verb in (together_backend.pause_job, together_backend.resume_job):
        with pytest.raises(RequestRefusedError):
            verb("ft-1")


@respx.mock
def test_the_numbers_come_by_a_route_of_their_own(together_backend: TogetherBackend, tmp_path: Path) -> None:
    snapshots = [
        {"train/loss": 0.5, "train/learning_rate": 1e-4, "train/global_step": 7},
        {"eval/loss": 0.75, "train/global_step": 7},
        {"train/loss": 0.25, "train/grad_norm": None, "train/global_step": 14},
        {"system/gpu": 1.0},
        None,
    ]
    respx.get(f"{URL}/fine-tunes/ft-1/metrics").respond(json={"metrics": snapshots})
    client = FineTuneClient(together_backend, ledger=tmp_path / "ledger.jsonl", progress=False)
    first, second = client.metrics("ft-1")
    assert (first.step, first.values) == (7, {"train_loss": 0.5, "train_learning_rate": 1e-4, "valid_loss": 0.75})
    assert (second.step, second.values) == (14, {"train_loss": 0.25})
    respx.get(f"{URL}/fine-tunes/ft-1/metrics").respond(json={"error": "no"})
    with pytest.raises(ServiceUnreachableError, match="metrics"):
        together_backend.list_metrics("ft-1")


@respx.mock
def test_a_model_that_together_does_not_train_is_refused_before_a_file_is_sent(
    together_backend: TogetherBackend, file: Path, tmp_path: Path
) -> None:
    limits = respx.get(f"{URL}/fine-tunes/models/limits", params={"model_name": "org/model"})
    limits.respond(404, json={"message": "Model is not supported for fine-tuning."})
    client = FineTuneClient(together_backend, ledger=tmp_path / "ledger.jsonl", progress=False)
    with pytest.raises(ModelRetiredError, match=r"org/model cannot be trained with this account.*not supported"):
        client.start(file, model="org/model")
    limits.respond(json={"model_name": "org/model"})
    assert together_backend.refuses_training("org/model") is None
    assert together_backend.shutdown_date("org/model") is None
    limits.respond(400, json={"error": {"message": "odd"}})
    with pytest.raises(RequestRefusedError, match="odd"):
        together_backend.refuses_training("org/model")


@respx.mock
def test_asks_with_the_older_name_of_the_limit(together_backend: TogetherBackend) -> None:
    reply = {"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]}
    route = respx.post(f"{URL}/chat/completions").respond(json=reply)
    assert together_backend.complete(ChatRequest(model="m", messages=b"[]", max_tokens=9)).text == "red"
    sent = route.calls.last.request
    assert orjson.loads(sent.content) == {"model": "m", "max_tokens": 9, "messages": []}
    assert sent.headers["authorization"] == "Bearer sk-canary-0123456789"


@respx.mock
def test_errors_have_their_kinds_and_no_key(together_backend: TogetherBackend) -> None:
    respx.get(f"{URL}/fine-tunes/a").respond(401, json={"error": {"message": "no"}})
    respx.get(f"{URL}/fine-tunes/b").mock(side_effect=httpx.ConnectError("refused"))
    for name, kind in (("a", AuthenticationError), ("b", ServiceUnreachableError)):
        with pytest.raises(kind) as caught:
            together_backend.retrieve_job(name)
        assert "canary" not in str(caught.value) + repr(together_backend) + together_backend.account


@respx.mock
def test_what_together_alone_has_is_said_in_its_words(together_backend: TogetherBackend) -> None:
    route = respx.post(f"{URL}/fine-tunes").respond(json=JOB)
    vision = {"train_vision": True}
    extra = {"learning_rate": 1e-4, "multimodal_params": vision, "batch_size": 8}
    together_backend.create_job(JobSpec(model="m", training_file="f", extra=extra))
    sent = json.loads(route.calls.last.request.content)
    assert (sent["learning_rate"], sent["multimodal_params"], sent["batch_size"]) == (1e-4, vision, 8)


@respx.mock
def test_a_job_is_started_with_what_together_alone_has(
    together_backend: TogetherBackend, file: Path, tmp_path: Path
) -> None:
    respx.get(f"{URL}/fine-tunes/models/limits").respond(json={"model_name": "m"})
    for route in (respx.post(f"{URL}/files/upload"), respx.get(f"{URL}/files/file-1")):
        route.respond(json={"id": "file-1", "filename": "x", "bytes": 0})

    def made(sent: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={**JOB, "model_output_name": f"me/m-{json.loads(sent.content)['suffix']}"})

    create = respx.post(f"{URL}/fine-tunes").mock(side_effect=made)
    client = FineTuneClient(together_backend, ledger=tmp_path / "ledger.jsonl", progress=False)
    for rate in (1e-4, 1e-4, 1e-5):
        client.start(file, model="m", extra={"learning_rate": rate}, check=False)
        respx.get(f"{URL}/fine-tunes/ft-1").respond(json=JOB)
    rates = [json.loads(call.request.content)["learning_rate"] for call in create.calls]
    assert rates == [1e-4, 1e-5]  # another setting is another intent, the same is the same job
    assert create.calls.last.request.content.count(b"vq") == 1


@respx.mock
def test_a_preference_keeps_its_beta(together_backend: TogetherBackend) -> None:
    route = respx.post(f"{URL}/fine-tunes").respond(json=JOB)
    chosen = Hyperparameters(beta=0.3)
    together_backend.create_job(JobSpec(model="m", training_file="f", method="dpo", hyperparameters=chosen))
    assert json.loads(route.calls.last.request.content)["training_method"] == {"method": "dpo", "dpo_beta": 0.3}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"hyperparameters": Hyperparameters(learning_rate_multiplier=2.0)}, "learning_rate_multiplier"),
        ({"integrations": ({"type": "wandb"},)}, "integrations"),
        ({"metadata": {"team": "blue"}}, "metadata"),
        ({"extra": {"suffix": "mine"}}, "suffix"),
    ],
)
def test_a_setting_that_together_has_not_is_refused(
    together_backend: TogetherBackend, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(RequestRefusedError, match=named):
        together_backend.create_job(JobSpec(model="m", training_file="f", **given))
