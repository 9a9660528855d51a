"""A durable file is one file, and whatever is wrong with it is told by its true cause, with a remedy."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import pytest

from vqaft.durable import AppendLog, FileLock, atomic_writer, read_file, write_atomically
from vqaft.durable.append_log import line_of
from vqaft.errors import DataError, StateError
from vqaft.inference import Journal, Prediction, Predictions
from vqaft.service import Ledger


def opened(path: Path) -> AppendLog:
    return AppendLog(path, kind="log", exclusive=True)


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / "j"


IMPOSSIBLE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "below a file": (below_a_file, "a part of the path is a file"),
    "a folder": (lambda folder: folder, "this is a folder"),
    "a name too long": (lambda folder: folder / ("n" * 300), "the name is too long"),
    "a NUL": (lambda folder: folder / "a\0b", "no path may hold"),
    "below a device": (lambda _: Path("/dev/null/x"), "a part of the path is a file"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
@pytest.mark.parametrize("use", [Journal, opened, lambda path: write_atomically(path, b"x"), Predictions([]).write])
def test_an_impossible_path_is_told(tmp_path: Path, name: str, use: Callable[[Path], Any]) -> None:
    make, words = IMPOSSIBLE[name]
    with pytest.raises((DataError, StateError), match=words):
        use(make(tmp_path))


@pytest.mark.parametrize("read", [Predictions.read, read_file])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(StateError, match="there is no such file"):
        read(tmp_path / "nothing")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EACCES, errno.EIO])
def test_a_lock_that_fails_is_not_called_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(filelock.FileLock, "acquire", fail)
    with pytest.raises(StateError) as caught:
        FileLock(tmp_path / "lock").acquire()
    assert "in use" not in str(caught.value)
    assert ("does not support locks" in str(caught.value)) == (number in {errno.ENOLCK, errno.EOPNOTSUPP})


def test_what_fails_to_open_keeps_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.mkdir()
    with pytest.raises(StateError, match="folder"):
        opened(path)
    path.rmdir()
    opened(path).close()


def test_a_log_of_another_kind_or_version_is_refused(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger").record("note", account="a")
    with pytest.raises(StateError, match="this is a ledger of vqaft, not a journal"):
        Journal(tmp_path / "ledger")
    newer = line_of({"format": "vqaft-journal/2", "key": "k", "prediction": {}})
    (tmp_path / "newer").write_bytes(newer)
    with pytest.raises(StateError, match=r"another version of vqaft \(vqaft-journal/2\)"):
        Journal(tmp_path / "newer")
    assert (tmp_path / "newer").read_bytes() == newer


def test_a_prediction_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    value = {"example_id": "e", "model": "m", "answer": "red", "certainty": 0.5}
    (tmp_path / "j").write_bytes(line_of({"format": "vqaft-journal/1", "key": "k", "prediction": value}))
    with Journal(tmp_path / "j") as journal, pytest.raises(StateError, match="certainty"):
        journal.find("k", example_id="e")


@pytest.mark.parametrize(
    "content", [b"x", b"my thesis\nline 2\n", b"\0" * 5000, b'{"format":"other/1"}\n', b"{}\n" * 9]
)
def test_a_strangers_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thesis"
    path.write_bytes(content)
    with pytest.raises(StateError, match="not a log of vqaft"):
        opened(path)
    assert path.read_bytes() == content


def test_a_file_with_two_names_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "a").close()
    os.link(tmp_path / "a", tmp_path / "b")
    for name in ("a", "b"):
        with pytest.raises(StateError, match="second name"):
            opened(tmp_path / name)


def test_a_named_pipe_does_not_make_it_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StateError, match="not a regular file"):
        opened(tmp_path / "pipe")


def test_two_names_of_one_journal_are_one_lock(tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to("j")
    with Journal(tmp_path / "j"), pytest.raises(StateError, match="in use by process"):
        Journal(tmp_path / "alias")


@pytest.mark.parametrize("how", ["replaced", "moved", "removed"])
def test_a_file_that_is_taken_away_while_it_is_open_loses_nothing(tmp_path: Path, how: str) -> None:
    path = tmp_path / "j"
    with opened(path) as log:
        log.append({"n": 1})
        copy = path.read_bytes()
        log.append({"n": 2})
        if how == "moved":
            path.rename(tmp_path / "elsewhere")
        else:
            path.unlink()
        if how == "replaced":
            path.write_bytes(copy)
        with pytest.warns(UserWarning, match="moved or replaced"):
            log.append({"n": 3})
        assert [entry["n"] for entry in log.entries()] == [1, 2, 3]


def test_a_closed_log_takes_nothing_more(tmp_path: Path) -> None:
    log = opened(tmp_path / "j")
    log.close()
    with pytest.raises(StateError, match="closed"):
        log.append({"n": 1})


def test_what_holds_answers_is_private_and_what_is_exported_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with Journal(tmp_path / "new" / "journal") as journal:
            journal.keep("k", Prediction(example_id="e", model="m", answer="red"))
        Ledger(tmp_path / "ledger").record("note", account="a")
        Predictions([]).write(tmp_path / "predictions")
        write_atomically(tmp_path / "report.html", b"x")
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ledger", "predictions", "report.html")}
    assert modes == {"ledger": 0o600, "predictions": 0o600, "report.html": 0o644}
    assert stat.S_IMODE((tmp_path / "new" / "journal").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_another_files_error_in_the_block_stays_its_own(tmp_path: Path) -> None:
    def write() -> None:
        with atomic_writer(tmp_path / "out"):
            (tmp_path / "nothing").read_bytes()

    with pytest.raises(FileNotFoundError):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs strace")
def test_a_file_system_without_locks_is_named(tmp_path: Path) -> None:
    import shutil

    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    code = (
        "from vqaft.errors import StateError; from vqaft.inference.journal import Journal\n"
        "try:\n    Journal('j')\nexcept StateError as error:\n    print(error)\n"
    )
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", "inject=flock:error=ENOLCK"]
    command = [*trace, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    if "not permitted" in done.stderr or done.returncode:
        pytest.skip("strace may not trace here")
    assert "does not support locks" in done.stdout


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_threads_see_a_replacement_once(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with opened(path) as log:
        log.append({"n": -1})
        path.unlink()
        threads = [threading.Thread(target=log.append, args=({"n": number},)) for number in range(8)]
        with pytest.warns(UserWarning, match="moved or replaced"):
            run_all(threads)
        assert sorted(entry["n"] for entry in log.entries()) == list(range(-1, 8))
