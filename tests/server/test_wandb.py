"""Jobs whose integrations name Weights & Biases, by its own library where it is installed."""

from __future__ import annotations

import importlib.util
import json
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.server.jobs.test_jobs import finished, upload
from vqaft.testing import ThreadServer

KEY = "0123456789abcdef0123456789abcdef01234567"
INTEGRATIONS: Any = [{"type": "wandb", "wandb": {"project": "receipts", "name": "first", "tags": ["a"]}}]
MakeServer = Callable[[Path], ThreadServer]
needs_wandb = pytest.mark.skipif(
    importlib.util.find_spec("wandb") is None, reason="wandb is not installed (extra wandb)"
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_DIR"):
        monkeypatch.delenv(name, raising=False)


def run_job(server: ThreadServer, rows: bytes, *, model: str = "quick", until: str = "") -> tuple[str, list[str]]:
    """Run a job to its end, and until an event says something; return its status and its warnings and messages."""
    with OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        job = client.fine_tuning.jobs.create(
            model=model, training_file=upload(client, rows), integrations=INTEGRATIONS, seed=3
        )
        status = finished(client, job.id).status
        end = time.monotonic() + 60
        while True:
            messages = [f"{event.level}: {event.message}" for event in client.fine_tuning.jobs.list_events(job.id)]
            if any(until in message for message in messages) or time.monotonic() > end:
                return status, messages
            time.sleep(0.05)


def recorded(folder: Path) -> list[Any]:
    """Read the one file of records that the library wrote: a log in the format of LevelDB, after a head of 7 bytes."""
    from wandb.proto import wandb_internal_pb2

    (path,) = folder.rglob("*.wandb")
    log, place, data, records = path.read_bytes(), 7, b"", []
    while place + 7 <= len(log):
        if (left := 32_768 - place % 32_768) < 7:  # the rest of a block, in which no head has room
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", log[place : place + 7])
        data += log[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in {1, 4}:  # whole, or the last piece
            records.append(wandb_internal_pb2.Record.FromString(data))
            data = b""
    return records


@needs_wandb
def test_a_job_s_numbers_are_in_the_run(
    tmp_path: Path, rows: bytes, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with make_server(tmp_path) as server:
        status, messages = run_job(server, rows, until="kept for Weights & Biases")
    assert status == "succeeded"
    (said,) = [message for message in messages if "Weights & Biases" in message]
    assert said.startswith("info: Numbers of this job are kept for Weights & Biases in wandb/offline-run-")
    records = recorded(tmp_path / "wandb")
    history = [
        {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
        for record in records
        if record.HasField("history")
    ]
    assert [row["training_step"] for row in history] == sorted({row["training_step"] for row in history})
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    (run,) = [record.run for record in records if record.HasField("run")][:1]
    assert (run.project, run.display_name, list(run.tags)) == ("receipts", "first", ["a"])
    config = {update.key: json.loads(update.value_json) for update in run.config.update}
    assert (config["model"], config["seed"]) == ("quick", 3)
    summaries = [update for record in records if record.HasField("summary") for update in record.summary.update]
    summary = {update.key: json.loads(update.value_json) for update in summaries}
    assert summary["status"] == "succeeded"
    assert summary["fine_tuned_model"].startswith("ft:quick:local:")
    assert [record.exit.exit_code for record in records if record.HasField("exit")] == [0]
    assert KEY not in "".join(messages)
    assert not [*tmp_path.rglob("requirements.txt"), *tmp_path.rglob("wandb-metadata.json")]  # nor about the machine
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@needs_wandb
def test_a_service_that_is_not_there_holds_nothing_up(
    tmp_path: Path, rows: bytes, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    began = time.monotonic()
    with make_server(tmp_path) as server:
        assert run_job(server, rows)[0] == "succeeded"
    assert time.monotonic() - began < 40  # the library alone waits 90 seconds


@needs_wandb
def test_what_the_library_refuses_is_an_event(
    tmp_path: Path, rows: bytes, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "wandb-is-a-file"))
    (tmp_path / "wandb-is-a-file").write_bytes(b"")
    with make_server(tmp_path / "state") as server:
        status, messages = run_job(server, rows, until="Nothing more is sent")
    assert status == "succeeded"
    assert [message for message in messages if message.startswith("warn: Nothing more is sent to Weights & Biases")]


@needs_wandb
@pytest.mark.parametrize(
    ("name", "value", "why"), [("", "", "WANDB_API_KEY is not set"), ("MODE", "disabled", "WANDB_MODE is")]
)
def test_nothing_is_sent_unless_the_server_s_environment_says_so(
    running: ThreadServer, rows: bytes, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    if name:
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        monkeypatch.setenv(f"WANDB_{name}", value)
    status, messages = run_job(running, rows)
    assert status == "succeeded"
    (said,) = [message for message in messages if "Weights & Biases" in message]
    assert said.startswith("warn: This server keeps the integrations of a job and sends nothing")
    assert why in said
