"""The server is stopped or killed in the middle of a training."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import OpenAI

from tests.server.jobs.test_jobs import finished, upload, wait_for_metrics
from vqaft.testing import ThreadServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs process groups and SIGKILL")

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def killable(folder: Path) -> Iterator[tuple[subprocess.Popen[str], OpenAI]]:
    """A server that leads a process group of its own; nothing of the group is left at the end."""
    command = [sys.executable, "-m", "tests.server.killable_server", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            with OpenAI(base_url=process.stdout.readline().strip(), api_key=ThreadServer.api_key) as client:
                yield process, client
        finally:
            if group_lives(process.pid):
                os.killpg(process.pid, signal.SIGKILL)


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "receiver"),
    [(signal.SIGKILL, "server"), (signal.SIGTERM, "server"), (signal.SIGTERM, "group"), (signal.SIGINT, "group")],
)
def test_a_job_starts_again_as_if_for_the_first_time(
    tmp_path: Path, rows: bytes, make_server: Callable[[Path], ThreadServer], number: signal.Signals, receiver: str
) -> None:
    with killable(tmp_path) as (process, client):
        made = client.fine_tuning.jobs.create(model="slow", training_file=upload(client, rows))
        wait_for_metrics(client, made.id)
        (os.killpg if receiver == "group" else os.kill)(process.pid, number)
        process.wait()
    with make_server(tmp_path) as server, OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        job = finished(client, made.id)
        assert (job.status, job.error) == ("succeeded", None)
        assert [point.step_number for point in client.fine_tuning.jobs.checkpoints.list(job.id)] == [36, 24, 12]
        table = client.files.content(job.result_files[0]).read().decode()
        assert [row["step"] for row in csv.DictReader(io.StringIO(table))] == ["12", "24", "36"]
        assert len([model for model in client.models.list() if job.id[-8:] in model.id]) == 4
        events = [event.id for event in client.fine_tuning.jobs.list_events(job.id)]
        assert len(set(events)) == len(events)


def test_a_training_ends_with_its_server(tmp_path: Path, rows: bytes) -> None:
    with killable(tmp_path) as (process, client):
        made = client.fine_tuning.jobs.create(model="sleeping", training_file=upload(client, rows))
        wait_for_metrics(client, made.id)
        process.kill()
        process.wait()
        end = time.monotonic() + 20
        while group_lives(process.pid) and time.monotonic() < end:
            time.sleep(0.02)
        assert not group_lives(process.pid)
