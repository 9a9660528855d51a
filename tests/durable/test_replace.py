"""A file is whole or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vqaft.durable import atomic_writer, write_atomically


def break_half_way(path: Path) -> None:
    with atomic_writer(path) as file:
        file.write(b"new")
        raise RuntimeError("half way")


def test_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with atomic_writer(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, b"old")
    with pytest.raises(RuntimeError, match="half way"):
        break_half_way(path)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_run_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from vqaft.durable import atomic_writer\n"
        "with atomic_writer(Path(sys.argv[1])) as file:\n"
        "    file.write(b'new'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], check=False)  # noqa: S603
    assert result.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_what_killed_writers_left_is_swept(tmp_path: Path) -> None:
    target = tmp_path / "train.jsonl"
    code = (
        "import os, signal, sys; from pathlib import Path; from vqaft.durable import atomic_writer\n"
        "with atomic_writer(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code, target], check=False)  # noqa: S603
    left = [path for path in tmp_path.iterdir() if path.suffix == ".part"]
    assert len(left) == 3
    mine = tmp_path / ".notes.part"
    mine.write_bytes(b"my own")
    for path in (*left[:2], mine):
        os.utime(path, (0, 0))  # the third is young: its writer may be about to lock it
    write_atomically(target, b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([left[2].name, mine.name, target.name])


def test_a_living_writer_keeps_its_file(tmp_path: Path) -> None:
    with atomic_writer(tmp_path / "train.jsonl") as file:
        file.write(b"half")
        [part] = [path for path in tmp_path.iterdir() if path.suffix == ".part"]
        os.utime(part, (0, 0))
        code = "import sys; from pathlib import Path; from vqaft.durable import write_atomically\n"
        code += "write_atomically(Path(sys.argv[1]), b'other')"
        subprocess.run([sys.executable, "-c", code, tmp_path / "train.jsonl"], check=True)  # noqa: S603
        assert part.exists()
    assert (tmp_path / "train.jsonl").read_bytes() == b"half"
