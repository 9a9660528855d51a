"""Requests in Fireworks' shape."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import respx

from vqaft.backends import FireworksBackend
from vqaft.backends.fireworks import dataset_id_of
from vqaft.errors import RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.inference import ChatRequest
from vqaft.service import KEY, PollingPolicy, RetryPolicy
from vqaft.tuning import FineTuneClient, Hyperparameters, JobSpec

URL = "https://api.fireworks.ai/v1/accounts/me"
STAMP = "0123456789abcdef01234567-1"
JOB = {
    "name": f"accounts/me/supervisedFineTuningJobs/vq-{STAMP}",
    "state": "JOB_STATE_RUNNING",
    "baseModel": "accounts/fireworks/models/qwen2p5-vl-7b-instruct",
    "dataset": "accounts/me/datasets/train",
    "outputModel": "accounts/me/models/shapes",
    "createTime": "2026-11-20T17:35:45Z",
}


@respx.mock
def test_creates_a_job_under_an_id_of_its_own(fireworks_backend: FireworksBackend) -> None:
    route = respx.post(f"{URL}/supervisedFineTuningJobs").respond(json=JOB)
    spec = JobSpec(
        model=JOB["baseModel"],
        training_file=JOB["dataset"],
        hyperparameters=Hyperparameters(n_epochs=2),
        suffix="shapes",
        metadata={KEY: STAMP},
        extra={"loraRank": 16},
    )
    job = fireworks_backend.create_job(spec)
    sent = route.calls.last.request
    assert sent.url.params["supervisedFineTuningJobId"] == f"vq-{STAMP}"
    assert json.loads(sent.content) == {
        "baseModel": JOB["baseModel"],
        "dataset": JOB["dataset"],
        "displayName": "shapes",
        "epochs": 2,
        "loraRank": 16,
    }
    assert (job.id, job.status, dict(job.metadata)) == (f"vq-{STAMP}", "running", {KEY: STAMP})


@respx.mock
def test_a_job_that_is_there_already_is_adopted(fireworks_backend: FireworksBackend, tmp_path: Path) -> None:
    create = respx.post(f"{URL}/supervisedFineTuningJobs").respond(409, json={"error": {"message": "exists"}})

    def listed(_request: httpx.Request) -> httpx.Response:
        name = create.calls.last.request.url.params["supervisedFineTuningJobId"]
        job = {**JOB, "name": f"accounts/me/supervisedFineTuningJobs/{name}"}
        return httpx.Response(200, json={"supervisedFineTuningJobs": [job], "nextPageToken": ""})

    respx.get(f"{URL}/supervisedFineTuningJobs").mock(side_effect=listed)
    client = FineTuneClient(fireworks_backend, ledger=tmp_path / "ledger.jsonl", progress=False)
    assert client.create(JobSpec(model="m", training_file="f")).status == "running"
    assert create.call_count == 1


@respx.mock
def test_makes_a_dataset_of_a_file(fireworks_backend: FireworksBackend, file: Path) -> None:
    announce = respx.post(f"{URL}/datasets").respond(409)
    upload = respx.post(f"{URL}/datasets/train-12ab-jsonl:upload").respond(json={})
    respx.get(f"{URL}/datasets/train-12ab-jsonl").respond(
        json={"name": "accounts/me/datasets/train-12ab-jsonl", "displayName": "Train_12ab.jsonl", "state": "READY"}
    )
    respx.get(f"{URL}/datasets").respond(json={"datasets": [{"name": "accounts/me/datasets/x", "state": "UPLOADING"}]})
    remote = fireworks_backend.upload_file(file, filename="Train_12ab.jsonl")
    assert remote.id == "accounts/me/datasets/train-12ab-jsonl"
    assert json.loads(announce.calls.last.request.content) == {
        "datasetId": "train-12ab-jsonl",
        "dataset": {"displayName": "Train_12ab.jsonl", "userUploaded": {}},
    }
    assert file.read_bytes() in upload.calls.last.request.content
    assert fireworks_backend.retrieve_file(remote.id).status == "processed"
    assert fireworks_backend.list_files().entries[0].status == "uploading"


STORAGE = "https://storage.example/bucket/large?X-Goog-SignedHeaders=content-type%3Bhost%3Bx-goog-content-length-range"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(150_000_001)
    return path


@respx.mock
def test_a_large_file_goes_to_the_storage_that_is_named(fireworks_backend: FireworksBackend, large: Path) -> None:
    dataset = f"{URL}/datasets/large-jsonl"
    respx.post(f"{URL}/datasets").respond(json={})
    ask = respx.post(f"{dataset}:getUploadEndpoint").respond(json={"filenameToSignedUrls": {"large.jsonl": STORAGE}})
    stored = respx.put(STORAGE).respond(200)
    finish = respx.post(f"{dataset}:validateUpload").respond(json={})
    told: list[int] = []
    remote = fireworks_backend.upload_file(large, filename="large.jsonl", on_bytes=told.append)
    assert remote.id == "accounts/me/datasets/large-jsonl"
    assert json.loads(ask.calls.last.request.content) == {"filenameToSize": {"large.jsonl": "150000001"}}
    assert finish.called
    sent = stored.calls.last.request
    assert "authorization" not in sent.headers
    assert sent.headers["content-length"] == "150000001"
    assert sent.headers["x-goog-content-length-range"] == "150000001,150000001"
    assert sent.headers["content-type"] == "application/octet-stream"
    assert sum(told) == len(sent.content) == 150_000_001


@respx.mock
def test_a_storage_that_fails_is_not_taken_for_done(fireworks_backend: FireworksBackend, large: Path) -> None:
    dataset = f"{URL}/datasets/large-jsonl"
    respx.post(f"{URL}/datasets").respond(json={})
    ask = respx.post(f"{dataset}:getUploadEndpoint").respond(json={"filenameToSignedUrls": {"large.jsonl": STORAGE}})
    stored = respx.put(STORAGE)
    finish = respx.post(f"{dataset}:validateUpload").respond(json={})
    for answer, kind in ((httpx.ConnectError("reset"), ServiceUnreachableError), (httpx.Response(503), ServiceError)):
        stored.mock(side_effect=[answer])
        with pytest.raises(kind) as caught:
            fireworks_backend.upload_file(large, filename="large.jsonl")
        assert "X-Goog" not in str(caught.value)
    for named in ({}, {"large.jsonl": "http://storage.example/large"}):
        ask.respond(json={"filenameToSignedUrls": named})
        with pytest.raises(ServiceError, match="address"):
            fireworks_backend.upload_file(large, filename="large.jsonl")
    assert not finish.called


@respx.mock
def test_a_large_file_is_waited_for_until_fireworks_has_looked_at_it(
    fireworks_backend: FireworksBackend, large: Path, tmp_path: Path
) -> None:
    waited: list[float] = []
    retry = RetryPolicy(sleep=waited.append)
    client = FineTuneClient(fireworks_backend, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)
    respx.post(f"{URL}/datasets").respond(json={})
    respx.post(path__regex=":getUploadEndpoint$").respond(json={"filenameToSignedUrls": {"x": STORAGE}})
    respx.put(STORAGE).respond(200)
    respx.post(path__regex=":validateUpload$").respond(json={})
    look = respx.get(path__regex="/datasets/.+")
    states = ["UPLOADING", "UPLOADING", "READY"]
    states_left = iter(states)
    look.mock(
        side_effect=lambda sent: httpx.Response(
            200, json={"name": sent.url.path.removeprefix("/v1/"), "state": next(states_left)}
        )
    )
    assert client.upload(large).status == "processed"
    assert (look.call_count, waited) == (3, [2.0, 2.0, 2.0])


@pytest.mark.parametrize("filename", ["train-12ab.jsonl", "2026.jsonl", "é", "-" * 90 + "x" * 90, "a" * 59 + "-b" * 9])
def test_a_dataset_id_is_one_that_fireworks_takes(filename: str) -> None:
    assert re.fullmatch(r"[a-z](-?[a-z0-9])*", dataset_id_of(filename))
    assert len(dataset_id_of(filename)) <= 63


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("JOB_STATE_COMPLETED", "succeeded"),
        ("JOB_STATE_FAILED", "failed"),
        ("JOB_STATE_PENDING", "queued"),
        ("JOB_STATE_WRITING_RESULTS", "writing_results"),
        ("JOB_STATE_EARLY_STOPPED", "succeeded"),
        ("JOB_STATE_RE_QUEUEING", "queued"),
        ("JOB_STATE_DELETING_CLEANING_UP", "cancelled"),
    ],
)
@respx.mock
def test_states_are_called_as_everywhere(fireworks_backend: FireworksBackend, state: str, wanted: str) -> None:
    problem = {"code": "INVALID_ARGUMENT", "message": "row 3"}
    respx.get(f"{URL}/supervisedFineTuningJobs/vq-{STAMP}").respond(json={**JOB, "state": state, "status": problem})
    job = fireworks_backend.retrieve_job(f"vq-{STAMP}")
    assert job.status == wanted
    assert (job.fine_tuned_model is not None) == (wanted == "succeeded")
    assert job.error_message == ("row 3" if wanted == "failed" else None)


@respx.mock
def test_cancels_and_asks(fireworks_backend: FireworksBackend) -> None:
    respx.get(f"{URL}/supervisedFineTuningJobs/vq-{STAMP}").respond(json=JOB)
    gone = respx.delete(f"{URL}/supervisedFineTuningJobs/vq-{STAMP}").respond(json={})
    reply = {"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]}
    route = respx.post("https://api.fireworks.ai/inference/v1/chat/completions").respond(json=reply)
    assert fireworks_backend.cancel_job(f"vq-{STAMP}").status == "cancelled"
    assert gone.called
    assert fireworks_backend.complete(ChatRequest(model="m", messages=b"[]", max_tokens=9)).text == "red"
    assert orjson.loads(route.calls.last.request.content)["max_tokens"] == 9


@respx.mock
def test_a_model_without_a_name_is_called_as_its_job(fireworks_backend: FireworksBackend) -> None:
    job = {**JOB, "state": "JOB_STATE_COMPLETED", "outputModel": ""}
    respx.get(f"{URL}/supervisedFineTuningJobs/vq-{STAMP}").respond(json=job)
    assert fireworks_backend.retrieve_job(f"vq-{STAMP}").fine_tuned_model == f"accounts/me/models/vq-{STAMP}"


@respx.mock
def test_how_far_a_job_is_comes_once_a_step(fireworks_backend: FireworksBackend, tmp_path: Path) -> None:
    far = [{"epoch": 0, "percent": 40}, {"epoch": 0, "percent": 40}, {"epoch": 1, "percent": 40}]
    running = [{**JOB, "jobProgress": progress, "updateTime": "2026-11-20T17:36:45Z"} for progress in far]
    looks = iter([job for job in [JOB, *running, {**JOB, "state": "JOB_STATE_COMPLETED"}] for _ in range(2)])
    respx.get(f"{URL}/supervisedFineTuningJobs/vq-{STAMP}").mock(
        side_effect=lambda _: httpx.Response(200, json=next(looks))
    )
    pace = PollingPolicy(shortest_s=0, longest_s=0)
    client = FineTuneClient(fireworks_backend, ledger=tmp_path / "ledger.jsonl", pace=pace, progress=False)
    seen = list(client.watch(f"vq-{STAMP}"))
    assert [event.message for event in seen] == ["40 % of epoch 0", "40 % of epoch 1"]
    assert seen[0].data == {"step": 40, "total_steps": 100}


@respx.mock
def test_lets_a_paused_job_go_on(fireworks_backend: FireworksBackend) -> None:
    route = respx.post(f"{URL}/supervisedFineTuningJobs/j:resume").respond(json=JOB)
    assert fireworks_backend.resume_job("j").status == "running"
    assert route.called


def test_says_what_fireworks_has_not(fireworks_backend: FireworksBackend) -> None:
    assert fireworks_backend.list_checkpoints("j").entries == ()
    assert "canary" not in repr(fireworks_backend) + fireworks_backend.account
    for refused in (fireworks_backend.pause_job, fireworks_backend.download_file):
        with pytest.raises(RequestRefusedError):
            refused("j")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"method": "dpo"}, "dpo"),
        ({"seed": 0}, "seed"),
        ({"hyperparameters": Hyperparameters(learning_rate_multiplier=2.0)}, "learning_rate_multiplier"),
        ({"integrations": ({"type": "wandb"},)}, "integrations"),
        ({"metadata": {"team": "blue"}}, "metadata"),
        ({"extra": {"dataset": "another"}}, "dataset"),
    ],
)
def test_a_setting_that_fireworks_has_not_is_refused(
    fireworks_backend: FireworksBackend, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(RequestRefusedError, match=named):
        fireworks_backend.create_job(JobSpec(model="m", training_file="f", **given))
