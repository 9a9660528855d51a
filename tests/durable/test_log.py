"""A log loses no whole entry, whatever happens to its file."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.durable import AppendLog, FileLock
from vqaft.durable.append_log import entry_of, line_of
from vqaft.errors import StateError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('aé😀\ud800\u2028\x00\n\r"\\{}')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text().filter(lambda name: name != "crc"), JSON, min_size=1, max_size=4))
def test_a_line_gives_its_entry_back(entry: dict[str, Any]) -> None:
    assert entry_of(line_of(entry).rstrip(b"\n")) == entry


@given(st.integers(0, 60), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    line = bytearray(line_of({"kind": "upload", "id": "file-123", "n": 17}).rstrip(b"\n"))
    line[place % len(line)] ^= change
    assert entry_of(bytes(line)) is None


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        AppendLog(tmp_path / "log.jsonl", kind="log").append({"loss": float("nan")})


def test_a_line_that_broke_off_is_cut_away(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    AppendLog(path, kind="log").append({"n": 1})
    path.write_bytes(path.read_bytes() + line_of({"n": 2})[:7])
    log = AppendLog(path, kind="log")
    assert list(log.entries()) == [{"n": 1}]
    log.append({"n": 3})
    assert list(log.entries()) == [{"n": 1}, {"n": 3}]


def test_a_first_line_that_broke_off_is_cut_away(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(line_of({"format": "vqaft-log/1", "text": "x" * 200_000})[:-9])
    AppendLog(path, kind="log").append({"n": 1})
    assert list(AppendLog(path, kind="log").entries()) == [{"n": 1}]


def test_a_damaged_line_is_warned_of_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = AppendLog(path, kind="log")
    for number in range(3):
        log.append({"n": number})
    damaged = path.read_bytes().replace(b'"n":1', b'"n":7')
    path.write_bytes(damaged)
    with pytest.warns(UserWarning, match=r"log\.jsonl:2: damaged"):
        assert list(log.entries()) == [{"n": 0}, {"n": 2}]
    assert path.read_bytes() == damaged


def test_a_second_holder_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with AppendLog(path, kind="log", exclusive=True), pytest.raises(StateError, match=f"process {os.getpid()} on "):
        AppendLog(path, kind="log", exclusive=True)
    AppendLog(path, kind="log", exclusive=True).close()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from vqaft.durable import FileLock\n"
        "FileLock(Path(sys.argv[1])).acquire(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "lock"
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -signal.SIGKILL  # noqa: S603
    with FileLock(path):
        pass


def test_threads_and_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    logs = [AppendLog(path, kind="log"), AppendLog(path, kind="log")]

    def write(worker: int) -> None:
        for number in range(20):
            logs[worker % 2].append({"worker": worker, "n": number})

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(logs[0].entries())
    for worker in range(6):
        assert [entry["n"] for entry in entries if entry["worker"] == worker] == list(range(20))


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs limits on file sizes")
    path = tmp_path / "log.jsonl"
    code = (
        "import resource, signal, sys; from pathlib import Path; from vqaft.durable import AppendLog\n"
        "from vqaft.errors import StateError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
        "log = AppendLog(Path(sys.argv[1]), kind='log'); log.append({'text': 'a' * 150})\n"
        "try:\n    log.append({'text': 'b' * 200})\nexcept StateError as error:\n    print(error)\n"
    )
    assert resource.RLIMIT_FSIZE >= 0
    output = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)  # noqa: S603
    assert "an entry cannot be written: the file may not grow further" in output.stdout
    assert [entry["text"][0] for entry in AppendLog(path, kind="log").entries()] == ["a"]
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("place", ["before", "torn", "after"])
@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_kill_in_any_write_loses_no_whole_entry(tmp_path: Path, number: int, place: str) -> None:
    path = tmp_path / "log.jsonl"
    code = (
        "import sys; from pathlib import Path; from vqaft.durable import AppendLog\n"
        "from vqaft.testing import kill_at_write\n"
        "log = AppendLog(Path(sys.argv[1]), kind='log')\n"
        "with kill_at_write(int(sys.argv[2]), sys.argv[3]):\n"
        "    for n in range(8):\n        log.append({'n': n}); print(n, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(path), str(number), place]
    run = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    assert run.returncode == -signal.SIGKILL
    confirmed = [int(line) for line in run.stdout.split()]
    assert confirmed == list(range(number - 1))
    kept = [entry["n"] for entry in AppendLog(path, kind="log").entries()]
    assert kept == list(range(number if place == "after" else number - 1))
    log = AppendLog(path, kind="log")
    log.append({"n": -1})
    assert [entry["n"] for entry in log.entries()] == [*kept, -1]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_a_log_that_is_forgotten_keeps_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    AppendLog(path, kind="log").append({"a": 1})
    gc.collect()
    opened = [entry.readlink() for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    assert path not in opened


def test_a_system_without_positioned_reads_keeps_a_log_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pread")  # Windows has none
    path = tmp_path / "log"
    with AppendLog(path, kind="ledger") as log:
        log.append({"a": 1})
    with path.open("ab") as file:
        file.write(b'{"format":"vqaft-ledger/1","torn')
    with AppendLog(path, kind="ledger") as log:
        log.append({"a": 2})
        assert [entry["a"] for entry in log.entries()] == [1, 2]
    assert path.read_bytes().count(b"\n") == 2
