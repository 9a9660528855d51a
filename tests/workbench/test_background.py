"""Slow reads in the background: once for all askers, again where the file has changed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.answered import write_project
from tests.workbench.running import RunningWorkbench
from vqaft.errors import DataError, StateError
from vqaft.testing import QuickEngine
from vqaft.workbench.background import BackgroundReader, Report
from vqaft.workbench.folder import ProjectFolder


@pytest.fixture
def reader() -> Iterator[BackgroundReader]:
    made = BackgroundReader(max_results=2)
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"content")
    return tmp_path / "file"


def test_a_file_is_read_once_as_long_as_it_is_the_same(reader: BackgroundReader, path: Path) -> None:
    reads: list[int] = []

    def read(report: Report) -> bytes:
        reads.append(1)
        report(3)
        return path.read_bytes()

    assert reader.known("it", path) is None
    first = reader.ask("it", path, read)
    assert first.finished.wait(10)
    assert (first.status, first.value) == ("done", b"content")
    assert first.share == pytest.approx(3 / 7)
    assert reader.ask("it", path, read) is first
    assert reader.known("it", path) is first
    os.utime(path, ns=(1, 1))
    second = reader.ask("it", path, read)
    assert second is not first
    assert second.finished.wait(10)
    assert len(reads) == 2


def test_failures_are_words_and_end_nothing(reader: BackgroundReader, path: Path) -> None:
    def refuse(_: Report) -> None:
        raise DataError("no such luck")

    def break_down(_: Report) -> None:
        raise ValueError("odd")

    for name, read, words in (("a", refuse, "no such luck"), ("b", break_down, "ValueError: odd")):
        reading = reader.ask(name, path, read)
        assert reading.finished.wait(10)
        assert (reading.status, reading.error) == ("failed", words)
    with pytest.raises(StateError, match="cannot be read"):
        reader.ask("c", path.with_name("none"), refuse)
    assert reader.known("c", path.with_name("none")) is None


def test_old_results_are_forgotten(reader: BackgroundReader, path: Path) -> None:
    for name in ("a", "b", "c"):
        assert reader.ask(name, path, lambda _: name).finished.wait(10)  # noqa: B023 - read at once
    assert reader.known("a", path) is None
    assert reader.known("c", path) is not None


def test_closing_ends_a_read_in_progress(path: Path) -> None:
    reader, begun, go_on = BackgroundReader(), threading.Event(), threading.Event()

    def read(report: Report) -> None:
        begun.set()
        go_on.wait(10)
        report(1)
        pytest.fail("it went on")

    reading = reader.ask("it", path, read)
    assert begun.wait(10)
    assert reading.status == "running"
    reader.close()
    go_on.set()
    assert reading.finished.wait(10)
    assert reading.value is None


def test_a_server_that_stops_ends_its_readers(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    project = tmp_path / "project"
    project.mkdir()
    write_project(project)
    with RunningWorkbench.started(tmp_path / "state", engines={"quick": QuickEngine()}, project=project) as bench:
        with bench.signed_in() as page:
            (file,) = ProjectFolder(project).files(["comparison"])
            while "<iframe" not in page.get(f"/workbench/reports/{file.id}").text:
                time.sleep(0.05)
        readers = {thread for thread in threading.enumerate() if thread.name == "vqaft-workbench-reader"} - before
        assert len(readers) == 1
    assert not [thread for thread in readers if thread.is_alive()]
