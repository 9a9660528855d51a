"""The server as a context manager: a process that ends when it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openai import OpenAI

from vqaft.errors import StateError
from vqaft.server import LocalServer


def test_serves_and_leaves_nothing_behind() -> None:
    with LocalServer() as server:
        with OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
            assert "embedded-vqa" in [model.id for model in client.models.list()]
        folder = server.folder
        assert folder.is_dir()
        assert server.api_key not in repr(server)
    assert not folder.exists()
    with pytest.raises(StateError, match="not running"):
        _ = server.base_url


def test_keeps_what_it_is_told_to_keep(tmp_path: Path) -> None:
    for expected in ([], ["a.jsonl"]):
        with (
            LocalServer(folder=tmp_path / "kept") as server,
            OpenAI(base_url=server.base_url, api_key=server.api_key) as client,
        ):
            assert [file.filename for file in client.files.list()] == expected
            client.files.create(file=("a.jsonl", b"{}"), purpose="fine-tune")


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    with pytest.raises(StateError, match="not a database"):
        LocalServer(folder=tmp_path).start()


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_ends_with_the_process_that_started_it() -> None:
    code = (
        "import time; from vqaft.server import LocalServer\n"
        "server = LocalServer().start(); print(server.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert running(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 20
    while running(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not running(child)
