"""A watch outlives the server that it watches: killed in mid-training, started again, and followed to the end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import OpenAI

import vqaft
from vqaft.errors import ServiceUnreachableError
from vqaft.service import PollingPolicy, RetryPolicy

KEY = "key-of-this-test"


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A server on a given port, killed without warning at the end of the block."""
    command = [sys.executable, "-m", "vqaft", "serve", "--folder", str(folder), "--port", str(port)]
    environment = {**os.environ, "VQAFT_API_KEY": KEY}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("export OPENAI_BASE_URL=")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_job_is_followed_through_a_killed_server(tmp_path: Path, builder: vqaft.MessageBuilder) -> None:
    # Single rows make a training of seconds, watched every 50 ms: the server is killed long before it would have ended.
    split = vqaft.DatasetSplitter(train=100, validation=0, test=10, seed=5).split(vqaft.load_easy_vqa("test"))
    vqaft.write_jsonl(train_file := tmp_path / "train.jsonl", map(builder.record, split.train))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY) as client:
        retry = RetryPolicy(first_wait_s=0.05, max_wait_s=0.2)
        backend = vqaft.OpenAIBackend(client)
        tuning = vqaft.FineTuneClient(
            backend,
            ledger=tmp_path / "ledger.jsonl",
            retry=retry,
            progress=False,
            pace=PollingPolicy(shortest_s=0.05, longest_s=0.05),
        )
        with serving(tmp_path / "state", port):
            settings = vqaft.Hyperparameters(n_epochs=50, batch_size=1)
            job = tuning.start(train_file, model="embedded-vqa", hyperparameters=settings, seed=1)
            events = tuning.watch(job.id)
            seen = [next(events)]
            while seen[-1].type != "metrics":
                seen.append(next(events))
        with pytest.raises(ServiceUnreachableError):
            backend.retrieve_job(job.id)
        with serving(tmp_path / "state", port):
            seen += events
            model = tuning.wait(job.id, progress=False).fine_tuned_model
    assert (model or "").startswith("ft:embedded-vqa:")
    assert len({event.id for event in seen}) == len(seen)
    messages = [event.message for event in seen]
    assert "The server was restarted; the job starts again." in messages
    assert messages[-1] == "The job has successfully completed"
