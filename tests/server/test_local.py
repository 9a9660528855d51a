"""The server as a context manager: a process that ends when it should."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openai import OpenAI

from vqaft.backends import OpenAIBackend
from vqaft.errors import DataError, StateError
from vqaft.server import LocalServer
from vqaft.tuning import FineTuneClient, Hyperparameters


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


def reached(server: LocalServer) -> tuple[str, str]:
    with server:
        return server.base_url, server.api_key


def test_a_folder_is_the_same_account_at_every_start(tmp_path: Path) -> None:
    first = reached(LocalServer(folder=tmp_path / "a"))
    assert LocalServer(folder=str(tmp_path / "a")).api_key == first[1]
    assert LocalServer(folder=tmp_path / "b").api_key != first[1]
    (tmp_path / "a").rename(tmp_path / "moved")
    assert reached(LocalServer(folder=tmp_path / "moved")) == first


def test_token_and_port_can_be_chosen_and_are_kept(tmp_path: Path) -> None:
    with LocalServer(folder=tmp_path, port=0, api_key="mine") as server:
        base_url = server.base_url
        assert server.api_key == "mine"
    assert reached(LocalServer(folder=tmp_path)) == (base_url, "mine")
    for port in (-1, 65_536):
        with pytest.raises(DataError, match="port"):
            LocalServer(port=port)


def test_a_port_that_is_taken_is_said_with_a_remedy(tmp_path: Path) -> None:
    with LocalServer(folder=tmp_path) as server:
        port = int(server.base_url.rpartition(":")[2].partition("/")[0])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(StateError, match=f"port {port} of 127.0.0.1 is not available.*Choose another port"),
    ):
        LocalServer(folder=tmp_path).start()


def test_a_stored_access_that_is_damaged_is_said(tmp_path: Path) -> None:
    reached(LocalServer(folder=tmp_path))
    (tmp_path / "access.json").write_text("{")
    with pytest.raises(StateError, match="stored access is damaged"):
        LocalServer(folder=tmp_path).start()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_only_the_owner_can_read_what_a_server_writes(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with (
            LocalServer(folder=tmp_path / "kept") as server,
            OpenAI(base_url=server.base_url, api_key=server.api_key) as client,
        ):
            client.files.create(file=("a.jsonl", b"patient data"), purpose="fine-tune")
            paths = [tmp_path / "kept", *(tmp_path / "kept").rglob("*")]
            modes = {path.name: path.stat().st_mode & 0o077 for path in paths}
    finally:
        os.umask(old)
    assert {"access.json", "server.log", "state.sqlite", "vqaft-server.json"} <= modes.keys()
    assert set(modes.values()) == {0}, modes


def test_starting_the_same_job_twice_over_a_restart_trains_once(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "red"}]}
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for _ in range(10)))
    jobs = set()
    for _ in range(2):
        with (
            LocalServer(folder=tmp_path / "server") as server,
            OpenAI(base_url=server.base_url, api_key=server.api_key) as client,
        ):
            tuning = FineTuneClient(OpenAIBackend(client), ledger=tmp_path / "ledger.jsonl", progress=False)
            jobs.add(tuning.start(file, model="embedded-vqa", hyperparameters=Hyperparameters(n_epochs=1)).id)
            assert len([*client.fine_tuning.jobs.list()]) == 1
    assert len(jobs) == 1


def test_a_large_log_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_bytes(b"x" * 5_000_001)
    reached(LocalServer(folder=tmp_path))
    assert (tmp_path / "server.log").stat().st_size < 5_000
    assert (tmp_path / "server.log.1").stat().st_size == 5_000_001
