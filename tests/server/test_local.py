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
    with LocalServer(folder=tmp_path):
        pass
    (tmp_path / "state.sqlite").write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    with pytest.raises(StateError, match=r"did not start: .*not a database"):
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
        "server = LocalServer().start(); print(server.pid, server.folder, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert parent.stdout is not None
    pid, folder = parent.stdout.readline().split()
    assert running(int(pid))
    assert Path(folder).is_dir()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 20
    while running(int(pid)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not running(int(pid))
    assert not Path(folder).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_a_server_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqaft.server.local.STOP_S", 0.1)
    with LocalServer() as server:
        pid, folder = server.pid, server.folder
        os.kill(pid, signal.SIGSTOP)
    assert not running(pid)
    assert not folder.exists()


def test_is_started_once_at_a_time(tmp_path: Path) -> None:
    with LocalServer(folder=tmp_path) as server:
        base_url = server.base_url
        with pytest.raises(StateError, match="running already"):
            server.start()
        assert server.base_url == base_url
        assert running(server.pid)


def test_a_start_that_is_broken_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("subprocess.Popen", launch)
    server = LocalServer()
    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert not [*tmp_path.iterdir()]
