"""The moments between the steps of a job: the server stops, a user stops it, something breaks."""

from __future__ import annotations

import errno
import io
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from tests.server.odd_engines import AtItsStart, Breaking, Sleeping
from vqaft.engines import Engine
from vqaft.errors import DataError
from vqaft.server import State
from vqaft.server.jobs.record import JobRecord, create_job
from vqaft.server.jobs.request import JobBody
from vqaft.server.jobs.runner import JobRunner
from vqaft.server.store.documents import Document
from vqaft.testing import QuickEngine

ENGINES: dict[str, Engine] = {"quick": QuickEngine(), "breaking": Breaking(), "sleeping": Sleeping()}


class Hooked(State):
    """Does something before it notes an event."""

    before_event: Callable[[str], object] = staticmethod(lambda _: None)

    def add_event(self, job: str, message: str, *, level: str = "info", data: dict[str, Any] | None = None) -> None:
        self.before_event(message)
        super().add_event(job, message, level=level, data=data)


class Run:
    """A runner and its state; `engines` are added to those that every test has."""

    def __init__(self, folder: Path, rows: bytes, **engines: Engine) -> None:
        self.state = Hooked(folder)
        self.file = self.state.add_file(io.BytesIO(rows), filename="rows", purpose="fine-tune")["id"]
        self.runner = JobRunner(self.state, {**ENGINES, **engines})

    def __enter__(self) -> Self:
        self.runner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.stop()
        self.state.close()

    def create(self, model: str = "quick") -> str:
        body = JobBody(model=model, training_file=self.file)
        name = str(create_job(self.state, body)["id"])
        self.runner.submit(name)
        return name

    def job(self, name: str) -> Document:
        return self.state.documents.get("job", name) or {}

    def until(self, name: str, *status: str) -> Document:
        end = time.monotonic() + 30
        while self.job(name)["status"] not in status and time.monotonic() < end:
            time.sleep(0.01)
        assert self.job(name)["status"] in status
        return self.job(name)

    def messages(self, name: str) -> list[str]:
        return [event["message"] for event in self.state.documents.page("event", parent=name, limit=100).documents]

    def leaves_nothing(self, name: str) -> bool:
        """Whether no model of a job is left; the folder goes last."""
        end = time.monotonic() + 30
        while (self.state.folder / "models" / name).exists() and time.monotonic() < end:
            time.sleep(0.01)
        kinds = [*self.state.documents.page("checkpoint", parent=name).documents]
        kinds += [model for model in self.state.documents.page("model").documents if name in model["_folder"]]
        return not kinds and not (self.state.folder / "models" / name).exists()


def training_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "vqaft-train"}


def test_a_server_that_stops_as_a_training_begins_takes_it_up_again(tmp_path: Path, rows: bytes) -> None:
    stopper = threading.Thread(target=lambda: run.runner.stop())  # noqa: PLW0108 - the run is made after it

    def stop() -> None:
        stopper.start()
        stopper.join(timeout=0.3)  # it comes as far as it can while the training is not yet there to be killed

    others = training_threads()
    run = Run(tmp_path, rows, stopping=AtItsStart(stop, epoch_s=600))
    with run:
        name = run.create("stopping")
        run.until(name, "running")
        for thread in training_threads() - others:
            thread.join(timeout=30)
        stopper.join()
        assert run.job(name)["status"] == "running"
        assert run.job(name)["error"] is None
        assert training_threads() <= others
    with Run(tmp_path, rows, stopping=QuickEngine()) as again:
        assert again.until(name, "succeeded", "failed")["status"] == "succeeded"


@pytest.mark.parametrize(("stop", "status"), [("cancel", "cancelled"), ("pause", "queued")])
def test_a_job_that_is_stopped_as_its_training_begins(tmp_path: Path, rows: bytes, stop: str, status: str) -> None:
    engine = AtItsStart(lambda: getattr(run.runner, stop)(name), epoch_s=600)
    with Run(tmp_path, rows, held=engine) as run:
        name = run.create("held")
        assert run.until(run.create(), "succeeded", "failed")["status"] == "succeeded"
        assert run.job(name)["status"] == status
        assert run.leaves_nothing(name)


def test_a_cancelled_job_stays_cancelled_though_its_training_comes_to_its_end(tmp_path: Path, rows: bytes) -> None:
    with Run(tmp_path, rows) as run:
        rivals: list[threading.Thread] = []

        def cancel(message: str) -> None:
            if message.startswith("New fine-tuned model"):
                rivals.append(threading.Thread(target=run.runner.cancel, args=(name,)))
                rivals[0].start()
                rivals[0].join(timeout=0.2)

        run.state.before_event = cancel
        name = run.create()
        job = run.until(name, "succeeded", "failed", "cancelled")
        rivals[0].join()
        assert run.job(name) == job
        assert (job["fine_tuned_model"] is not None) == (job["status"] == "succeeded")
        assert bool(run.state.documents.page("model").documents) == (job["status"] == "succeeded")
        assert ("Fine-tuning job cancelled" in run.messages(name)) == (job["status"] == "cancelled")


def test_a_training_that_breaks_leaves_nothing(tmp_path: Path, rows: bytes) -> None:
    with Run(tmp_path, rows) as run:
        name = run.create("breaking")
        error = run.until(name, "failed")["error"]
        assert error == {"code": "server_error", "message": "FileNotFoundError: No such file", "param": None}
        assert run.leaves_nothing(name)


def test_a_training_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, rows: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise RuntimeError("no more processes")

    with Run(tmp_path, rows, refused=AtItsStart(refuse)) as run:
        name = run.create("refused")
        assert run.until(name, "failed")["error"]["message"] == "RuntimeError: no more processes"
        assert run.leaves_nothing(name)
        assert run.until(run.create(), "succeeded", "failed")["status"] == "succeeded"
    assert "Traceback" in caplog.text
    assert name in caplog.text


def test_a_failure_that_cannot_be_noted_stops_no_other_job(
    tmp_path: Path, rows: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(message: str) -> None:
        if message.startswith("The job failed"):
            raise OSError(28, "No space left on device")

    with Run(tmp_path, rows) as run:
        run.state.before_event = refuse
        run.create("breaking")
        assert run.until(run.create(), "succeeded", "failed")["status"] == "succeeded"
    assert "No space left" in caplog.text


def test_a_check_that_breaks_fails_its_job_and_no_other(
    tmp_path: Path, rows: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(path: Path, *, at_least: int) -> int:
        raise RecursionError("too deep")

    with Run(tmp_path, rows) as run:
        with monkeypatch.context() as patch:
            patch.setattr("vqaft.server.jobs.runner.check_rows", breaks)
            name = run.create()
            error = run.until(name, "failed")["error"]
        assert error["code"] == "server_error"
        assert error["message"] == "The files could not be checked (RecursionError: too deep)."
        assert run.until(run.create(), "succeeded", "failed")["status"] == "succeeded"
    assert [record.levelno for record in caplog.records if name in record.message] == [logging.ERROR]
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("wrapped", [False, True])
def test_trouble_of_the_machine_is_not_called_a_bad_file(
    tmp_path: Path, rows: bytes, monkeypatch: pytest.MonkeyPatch, *, wrapped: bool
) -> None:
    def breaks(path: Path, *, at_least: int) -> int:
        error = OSError(errno.EMFILE, "Too many open files", str(path))
        if wrapped:
            raise DataError("the file cannot be read", path=path) from error
        raise error

    with Run(tmp_path, rows) as run:
        monkeypatch.setattr("vqaft.server.jobs.runner.check_rows", breaks)
        error = run.until(run.create(), "failed")["error"]
    assert error["code"] == "server_error"
    assert "Too many open files" in error["message"]
    assert str(tmp_path) not in error["message"]


def test_a_file_that_is_gone_is_not_named_by_its_place(tmp_path: Path, rows: bytes) -> None:
    with Run(tmp_path, rows) as run:
        run.state.file_path(run.file).unlink()
        error = run.until(run.create(), "failed")["error"]
        assert "No such file" in error["message"]
        assert str(tmp_path) not in error["message"]
        assert error["param"] == "training_file"


def test_what_a_killed_server_left_of_a_cancelled_job_is_removed(tmp_path: Path, rows: bytes) -> None:
    with Run(tmp_path, rows) as run:
        name = run.create("sleeping")
        while not any(message.startswith("Step") for message in run.messages(name)):
            time.sleep(0.01)
        run.runner.cancel(name)
        assert run.leaves_nothing(name)
    left = tmp_path / "models" / name
    left.mkdir()
    with Run(tmp_path, rows):
        assert not left.exists()


def test_a_pause_that_is_slow_does_not_stop_the_job_that_was_resumed(
    tmp_path: Path, rows: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[None] = []
    paused, begun_again = threading.Event(), threading.Event()

    def at_start() -> None:
        starts.append(None)
        if len(starts) > 1:
            begun_again.set()

    whole_pause = JobRecord.pause

    def slow_pause(record: JobRecord, *, resumable: bool) -> bool:
        made = whole_pause(record, resumable=resumable)
        paused.set()
        begun_again.wait(1.5)  # as far as the others can come before the training is killed
        return made

    monkeypatch.setattr(JobRecord, "pause", slow_pause)
    with Run(tmp_path, rows, slow=AtItsStart(at_start, epoch_s=0.1)) as run:
        name = run.create("slow")
        while not any(message.startswith("Step") for message in run.messages(name)):
            time.sleep(0.01)
        rival = threading.Thread(target=run.runner.pause, args=(name,))
        rival.start()
        paused.wait(30)
        run.runner.resume(name)
        assert run.until(name, "succeeded", "failed")["status"] == "succeeded"
        rival.join()
