"""Requests in OpenAI's and Azure's shape, and answers of every shape."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import respx
import yaml
from jsonschema import Draft202012Validator

from vqaft.backends import OpenAIBackend
from vqaft.backends.openai.wire import job_body, reply_from
from vqaft.errors import AuthenticationError, RateLimitError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.inference import ChatRequest
from vqaft.service import FilePart, paginate
from vqaft.tuning import Hyperparameters, JobSpec

URL = "https://api.openai.com/v1"
SECRET = "sk-canary-0123456789"
MESSAGES = b'[{"role":"user","content":[{"type":"text","text":"q"}]}]'
REQUEST = ChatRequest(model="m", messages=MESSAGES, temperature=0.0, max_tokens=9, seed=3)
REPLY = {
    "id": "c",
    "model": "m-1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "red"}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8},
}
JOB = {"id": "ftjob-1", "status": "running", "model": "m", "metadata": {"a": "b"}, "result_files": []}
SPEC = JobSpec(
    model="m",
    training_file="file-1",
    validation_file="file-2",
    hyperparameters=Hyperparameters(n_epochs=3, learning_rate_multiplier=0.5),
    seed=7,
    suffix="shapes",
    metadata={"a": "b"},
    integrations=({"type": "wandb", "wandb": {"project": "p"}},),
)


@respx.mock
def test_asks_with_the_bytes_it_was_given(openai_backend: OpenAIBackend) -> None:
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s"}
    route = respx.post(f"{URL}/chat/completions").respond(json=REPLY, headers=headers)
    reply = openai_backend.complete(REQUEST)
    sent = route.calls.last.request
    assert sent.content == REQUEST.body()
    assert orjson.loads(sent.content) == {
        "model": "m",
        "temperature": 0.0,
        "max_completion_tokens": 9,
        "seed": 3,
        "messages": json.loads(MESSAGES),
    }
    assert (sent.headers["authorization"], sent.headers["content-type"]) == (f"Bearer {SECRET}", "application/json")
    assert (reply.text, reply.model, reply.prompt_tokens, reply.completion_tokens) == ("red", "m-1", 7, 1)
    assert reply.pause_s == 2.0


@respx.mock
def test_names_the_deployment_to_azure(azure_backend: OpenAIBackend) -> None:
    url = "https://me.openai.azure.com/openai/deployments/my%20model/chat/completions"
    route = respx.post(url, params={"api-version": "2024-10-21"}).respond(json=REPLY)
    assert azure_backend.complete(ChatRequest(model="my model", messages=MESSAGES)).text == "red"
    assert route.calls.last.request.headers["api-key"] == SECRET


@respx.mock
def test_trains_at_azure_without_a_deployment(azure_backend: OpenAIBackend) -> None:
    route = respx.post("https://me.openai.azure.com/openai/fine_tuning/jobs").respond(json=JOB)
    assert azure_backend.create_job(replace(SPEC, extra={"trainingType": "globalStandard"})).id == "ftjob-1"
    assert json.loads(route.calls.last.request.content)["trainingType"] == "globalStandard"
    with pytest.raises(RequestRefusedError, match="metadata"):
        azure_backend.create_job(replace(SPEC, extra={"metadata": {}}))


@respx.mock
def test_creates_a_job(openai_backend: OpenAIBackend) -> None:
    route = respx.post(f"{URL}/fine_tuning/jobs").respond(json=JOB)
    job = openai_backend.create_job(SPEC)
    assert json.loads(route.calls.last.request.content) == {
        "model": "m",
        "training_file": "file-1",
        "validation_file": "file-2",
        "seed": 7,
        "suffix": "shapes",
        "metadata": {"a": "b"},
        "integrations": [{"type": "wandb", "wandb": {"project": "p"}}],
        "method": {
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": 0.5}},
        },
    }
    assert (job.id, job.status, dict(job.metadata)) == ("ftjob-1", "running", {"a": "b"})


@respx.mock
def test_uploads_a_file_in_one_piece(openai_backend: OpenAIBackend, file: Path) -> None:
    route = respx.post(f"{URL}/files").respond(json={"id": "file-1", "filename": "x.jsonl", "bytes": 48})
    told: list[int] = []
    remote = openai_backend.upload_file(file, filename="x.jsonl", on_bytes=told.append)
    sent = route.calls.last.request
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    for part in (b'name="purpose"\r\n\r\nfine-tune', b'name="file"; filename="x.jsonl"', file.read_bytes()):
        assert part in sent.content
    assert (remote.id, remote.size_bytes, sum(told)) == ("file-1", 48, 48)


@respx.mock
def test_uploads_a_file_in_parts(openai_backend: OpenAIBackend, file: Path) -> None:
    start = respx.post(f"{URL}/uploads").respond(json={"id": "upload-1"})
    part = respx.post(f"{URL}/uploads/upload-1/parts").respond(json={"id": "part-1"})
    done = respx.post(f"{URL}/uploads/upload-1/complete").respond(json={"file": {"id": "file-1", "bytes": 48}})
    cancel = respx.post(f"{URL}/uploads/upload-1/cancel").respond(json={"id": "upload-1"})
    upload = openai_backend.start_upload("x.jsonl", size_bytes=48, purpose="fine-tune")
    piece = FilePart(path=file, index=1, offset=16, length=20)
    assert openai_backend.upload_part(upload, piece) == "part-1"
    assert openai_backend.complete_upload(upload, part_ids=("part-0", "part-1"), md5="0f").id == "file-1"
    openai_backend.cancel_upload(upload)
    assert json.loads(start.calls.last.request.content) == {
        "filename": "x.jsonl",
        "bytes": 48,
        "purpose": "fine-tune",
        "mime_type": "application/jsonl",
    }
    assert b"\r\n\r\n" + file.read_bytes()[16:36] + b"\r\n--" in part.calls.last.request.content
    assert json.loads(done.calls.last.request.content) == {"part_ids": ["part-0", "part-1"], "md5": "0f"}
    assert cancel.called


@respx.mock
def test_reads_lists_page_by_page(openai_backend: OpenAIBackend) -> None:
    first = {"data": [{"id": "a"}, {"id": "b"}], "has_more": True}
    for path in ("fine_tuning/jobs", "fine_tuning/jobs/j/events", "fine_tuning/jobs/j/checkpoints", "files"):
        respx.get(f"{URL}/{path}", params={"after": "b"}).respond(json={"data": [{"id": "c"}], "has_more": False})
        respx.get(f"{URL}/{path}").respond(json=first)
    fetchers = (
        openai_backend.list_jobs,
        lambda after=None: openai_backend.list_events("j", after=after),
        lambda after=None: openai_backend.list_checkpoints("j", after=after),
        openai_backend.list_files,
    )
    for fetch in fetchers:
        page = fetch()
        assert [entry.id for entry in page.entries] == ["a", "b"]
        page = fetch(after=page.after)
        assert ([entry.id for entry in page.entries], page.after) == (["c"], None)


@respx.mock
def test_changes_and_describes(openai_backend: OpenAIBackend) -> None:
    for verb in ("cancel", "pause", "resume"):
        respx.post(f"{URL}/fine_tuning/jobs/ftjob-1/{verb}").respond(json={**JOB, "status": verb})
        assert getattr(openai_backend, f"{verb}_job")("ftjob-1").status == verb
    respx.get(f"{URL}/fine_tuning/jobs/ftjob-1").respond(json=JOB)
    respx.get(f"{URL}/files/file-1").respond(json={"id": "file-1", "status": "error"})
    respx.get(f"{URL}/files/file-1/content").respond(content=b"step\n\xff")
    respx.get(f"{URL}/models/m").respond(json={"id": "m", "shutdown_date": "2027-01-14"})
    respx.get(f"{URL}/fine_tuning/model_limits").respond(json={"data": [{"model": "other"}]})
    assert openai_backend.retrieve_job("ftjob-1").id == "ftjob-1"
    assert openai_backend.retrieve_file("file-1").status == "error"
    assert openai_backend.download_file("file-1") == b"step\n\xff"
    assert str(openai_backend.shutdown_date("m")) == "2027-01-14"
    assert openai_backend.refuses_training("m")
    assert openai_backend.refuses_training("other") is None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html>captive portal</html>", ServiceUnreachableError),
        (b'{"choices": [{"messa', ServiceUnreachableError),
        (b"", ServiceUnreachableError),
        (b"[]", ServiceUnreachableError),
        (b"null", ServiceUnreachableError),
        (b"{}", ServiceUnreachableError),
        (b'{"choices": null}', ServiceUnreachableError),
        (b'{"choices": []}', ServiceUnreachableError),
        (b'{"choices": ["x"]}', ServiceUnreachableError),
    ],
)
@respx.mock
def test_an_answer_that_is_none_is_one_that_may_come(
    openai_backend: OpenAIBackend, content: bytes, kind: type[ServiceError]
) -> None:
    route = respx.post(f"{URL}/chat/completions").respond(content=content)
    with pytest.raises(kind):
        openai_backend.complete(REQUEST)
    assert route.call_count == 1


@pytest.mark.parametrize("text", ["a\ud800b", "\x00", "\u2028", "😀", "x" * 1_000_000])
@respx.mock
def test_any_text_is_read_as_it_was_written(openai_backend: OpenAIBackend, text: str) -> None:
    reply = {"choices": [{"message": {"content": text}}]}
    respx.post(f"{URL}/chat/completions").respond(content=json.dumps(reply).encode())
    assert openai_backend.complete(REQUEST).text == text


@pytest.mark.parametrize("status", [500, 502, 429, 408, 409])
@respx.mock
def test_the_clients_own_retries_are_off(openai_backend: OpenAIBackend, status: int) -> None:
    route = respx.post(f"{URL}/fine_tuning/jobs").respond(status)
    with pytest.raises((ServiceUnreachableError, RateLimitError)):
        openai_backend.create_job(SPEC)
    assert route.call_count == 1


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("late"), httpx.ReadError("reset")])
@respx.mock
def test_a_broken_connection_says_where_to(openai_backend: OpenAIBackend, error: Exception) -> None:
    route = respx.post(f"{URL}/fine_tuning/jobs").mock(side_effect=error)
    with pytest.raises(ServiceUnreachableError, match=r"no answer from https://api\.openai\.com/v1"):
        openai_backend.create_job(SPEC)
    assert route.call_count == 1


@respx.mock
def test_images_do_not_follow_a_redirect(openai_backend: OpenAIBackend) -> None:
    respx.post(f"{URL}/chat/completions").respond(307, headers={"location": "https://elsewhere.example/"})
    elsewhere = respx.route(host="elsewhere.example").respond(json=REPLY)
    with pytest.raises(RequestRefusedError, match="307"):
        openai_backend.complete(REQUEST)
    assert not elsewhere.called


@respx.mock
def test_the_key_is_in_no_text(openai_backend: OpenAIBackend) -> None:
    words = {"error": {"message": f"Incorrect API key provided: {SECRET}.", "code": "invalid_api_key"}}
    respx.post(f"{URL}/chat/completions").respond(401, json=words)
    with pytest.raises(AuthenticationError, match="Check the API key") as caught:
        openai_backend.complete(REQUEST)
    for text in (str(caught.value), repr(caught.value), repr(caught.value.__cause__), repr(openai_backend)):
        assert SECRET not in text
    assert SECRET not in openai_backend.account


@pytest.mark.parametrize("key", ["sk-with-newline\n", "sk-kéy"])
def test_a_key_that_cannot_be_sent_is_not_shown(key: str) -> None:
    from openai import OpenAI

    with socket.create_server(("127.0.0.1", 0)) as listener:
        backend = OpenAIBackend(OpenAI(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1", api_key=key))
        with pytest.raises(AuthenticationError) as caught:
            backend.complete(REQUEST)
    assert key.strip() not in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("CreateFineTuningJobRequest", job_body(SPEC)),
        ("CreateFineTuningJobRequest", job_body(JobSpec(model="m", training_file="file-1", method="dpo"))),
        ("CreateChatCompletionRequest", orjson.loads(REQUEST.body())),
    ],
)
def test_requests_keep_to_the_published_contract(shared: Path, schema: str, value: dict[str, Any]) -> None:
    contract = yaml.safe_load((shared / "contract" / "openai-fine-tuning.yaml").read_text(encoding="utf-8"))
    judge = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": contract["components"]})
    assert [error.message for error in judge.iter_errors(value)] == []


@respx.mock
def test_a_list_without_has_more_goes_on_until_a_page_is_empty(openai_backend: OpenAIBackend) -> None:
    respx.get(f"{URL}/files", params={"after": "a3"}).respond(json={"data": []})
    respx.get(f"{URL}/files", params={"after": "a1"}).respond(json={"data": [{"id": "a2"}, {"id": "a3"}]})
    respx.get(f"{URL}/files").respond(json={"data": [{"id": "a0"}, {"id": "a1"}]})
    found = paginate(lambda after: openai_backend.list_files(after=after))
    assert [file.id for file in found] == ["a0", "a1", "a2", "a3"]


@respx.mock
def test_a_service_that_ignores_cursors_lists_nothing_twice(openai_backend: OpenAIBackend) -> None:
    respx.get(f"{URL}/files").respond(json={"data": [{"id": "a0"}, {"id": "a1"}]})
    found = paginate(lambda after: openai_backend.list_files(after=after))
    assert [file.id for file in found] == ["a0", "a1"]


@pytest.mark.parametrize(
    ("message", "text", "refusal"),
    [
        ({"content": [{"type": "text", "text": "re"}, {"type": "text", "text": "d"}]}, "red", None),
        ({"content": ["red"]}, "red", None),
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "output_text", "text": "red"}]}, "red", None),
        ({"content": [{"type": "refusal", "refusal": "No."}]}, None, "No."),
        ({"content": []}, None, None),
        ({"content": None}, None, None),
    ],
)
def test_contents_in_parts_are_read(message: dict[str, Any], text: str | None, refusal: str | None) -> None:
    reply = reply_from({"choices": [{"message": message, "finish_reason": "something new"}]})
    assert (reply.text, reply.refusal, reply.finish_reason) == (text, refusal, "something new")


@pytest.mark.parametrize("content", [{"text": "red"}, 7, True, [{"type": "audio"}], [3]])
def test_contents_of_an_unknown_type_are_no_empty_answer(content: Any) -> None:
    with pytest.raises(ServiceUnreachableError, match="content"):
        reply_from({"choices": [{"message": {"content": content}}]})
