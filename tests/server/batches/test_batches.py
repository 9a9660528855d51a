"""Batches: every request is answered once, and joined by its id."""

from __future__ import annotations

import json
import time
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types import Batch


def line(name: str, **body: Any) -> dict[str, Any]:
    asked = {"model": "quick", "messages": [{"role": "user", "content": "What?"}], **body}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": asked}


def create(client: OpenAI, content: bytes) -> Batch:
    file = client.files.create(file=("b.jsonl", content), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"a": "b"}
    )


def ended(client: OpenAI, batch: Batch) -> Batch:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = client.batches.retrieve(batch.id)
        if found.status in {"completed", "failed", "cancelled"}:
            return found
        time.sleep(0.02)
    pytest.fail("the batch did not end")


def entries(client: OpenAI, file: str | None) -> dict[str, Any]:
    assert file is not None
    lines = client.files.content(file).read().decode().splitlines()
    return {entry["custom_id"]: entry for entry in map(json.loads, lines)}


def test_answers_and_failures_in_files_of_their_own(client: OpenAI) -> None:
    lines = [line(f"good-{number}") for number in range(20)]
    lines[7:7] = [line("no-model", model="none"), line("no-messages", messages=[]), line("huge", seed=10**30)]
    batch = ended(client, create(client, "\n".join(map(json.dumps, lines)).encode()))
    assert batch.status == "completed"
    assert batch.request_counts is not None
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (23, 21, 2)
    good = entries(client, batch.output_file_id)
    assert good.keys() == {"huge", *(f"good-{number}" for number in range(20))}
    assert good["good-3"]["response"]["body"]["choices"][0]["message"]["content"] == "untrained"
    bad = entries(client, batch.error_file_id)
    assert {name: entry["response"]["status_code"] for name, entry in bad.items()} == {
        "no-model": 404,
        "no-messages": 400,
    }


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", 0),
        (b"not json\n", 1),
        (json.dumps(line("a")).encode() + b"\n" + json.dumps(line("a")).encode(), 2),
        (json.dumps({**line("a"), "url": "/v1/embeddings"}).encode(), 1),
        (json.dumps({**line("a"), "custom_id": ""}).encode(), 1),
    ],
)
def test_a_file_that_is_no_batch(client: OpenAI, content: bytes, where: int) -> None:
    batch = ended(client, create(client, content))
    assert batch.status == "failed"
    assert batch.errors is not None
    assert batch.errors.data is not None
    assert batch.errors.data[0].line == where


def test_cancel(client: OpenAI) -> None:
    lines = "\n".join(json.dumps(line(str(number))) for number in range(5000)).encode()
    made = create(client, lines)
    assert client.batches.cancel(made.id).status in {"cancelling", "cancelled"}
    batch = ended(client, made)
    assert batch.status == "cancelled"
    assert batch.request_counts is not None
    assert batch.request_counts.completed < 5000
    assert client.batches.cancel(made.id).status == "cancelled"


def test_listing(client: OpenAI) -> None:
    made = [create(client, json.dumps(line("a")).encode()).id for _ in range(3)]
    assert [batch.id for batch in client.batches.list(limit=2)][:3] == made[::-1]


def test_refuses_a_file_of_another_purpose(client: OpenAI) -> None:
    file = client.files.create(file=("b.jsonl", b"{}"), purpose="fine-tune")
    with pytest.raises(openai.BadRequestError) as caught:
        client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    assert caught.value.param == "input_file_id"
