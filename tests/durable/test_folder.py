"""A folder is replaced as a whole, or not at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from vqaft.durable import atomic_folder, recover_folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(params=["swap", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "two renames":  # as on a file system that cannot swap
        monkeypatch.setattr("vqaft.durable.folder._swap", lambda *_: False)


@pytest.mark.usefixtures("way")
def test_a_new_folder_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    for name in ("one", "two"):
        with atomic_folder(target) as staging:
            (staging / "below").mkdir()
            (staging / "below" / name).write_text(name)
    assert names(target / "below") == {"two"}
    assert names(target.parent) == {"out"}


@pytest.mark.usefixtures("way")
def test_an_error_leaves_the_old_folder(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "out") as staging:
        (staging / "old").touch()
    with pytest.raises(FileNotFoundError), atomic_folder(tmp_path / "out") as staging:
        (staging / "missing" / "new").touch()
    assert names(tmp_path / "out") == {"old"}
    assert names(tmp_path) == {"out"}


def test_a_kill_between_two_renames_is_completed(tmp_path: Path) -> None:
    for suffix in (".ready", ".old"):
        (tmp_path / f".out.host-1-a{suffix}").mkdir()
        (tmp_path / f".out.host-1-a{suffix}" / suffix).touch()
    recover_folder(tmp_path / "out")
    assert names(tmp_path) == {"out"}
    assert names(tmp_path / "out") == {".ready"}


def test_a_kill_after_the_first_rename_without_the_new_folder_restores_the_old(tmp_path: Path) -> None:
    (tmp_path / ".out.host-1-a.old").mkdir()
    (tmp_path / ".out.host-1-a.old" / "old").touch()
    recover_folder(tmp_path / "out")
    assert names(tmp_path / "out") == {"old"}


def test_what_dead_processes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    dead, mine = 2**22 + 1, os.getpid()  # no system has a process of that number
    host = socket.gethostname()
    kept = [f".out.{host}-{mine}-a.part", ".out.elsewhere-1-a.part", f".other.{host}-{dead}-a.part"]
    for name in (f".out.{host}-{dead}-a.part", f".out.{host}-{dead}-a.ready", *kept):
        (tmp_path / name).mkdir()
    with atomic_folder(tmp_path / "out"):
        pass
    assert names(tmp_path) == {"out", *kept}
