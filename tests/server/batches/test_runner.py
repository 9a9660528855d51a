"""The moments between the steps of a batch: it is cancelled, the server stops, something breaks."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Self

import pytest

from tests.server.watched_documents import WatchedDocuments
from vqaft.engines import ChatAnswer, ChatTurn
from vqaft.server import State
from vqaft.server.batches.record import BatchRecord
from vqaft.server.batches.runner import BatchRunner
from vqaft.server.models import ModelCache
from vqaft.server.store.documents import Document
from vqaft.testing import FixedAnswer

ENDS = {"completed", "failed", "cancelled"}
LINES = b"".join(
    json.dumps(
        {
            "custom_id": str(number),
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "fixed", "messages": [{"role": "user", "content": "What?"}]},
        }
    ).encode()
    + b"\n"
    for number in range(3)
)


class Hooked(State):
    """Does something before it keeps a file; remembers the status of batches."""

    before_file: Callable[[str], object] = staticmethod(lambda _: None)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.documents.close()
        self.documents = self.watched = WatchedDocuments(folder / "state.sqlite")

    def add_file(self, content: IO[bytes], *, filename: str, purpose: str) -> Document:
        self.before_file(filename)
        return super().add_file(content, filename=filename, purpose=purpose)


class Run:
    """A runner and its state; the model `fixed` does something before it answers."""

    def __init__(self, folder: Path) -> None:
        self.state = Hooked(folder)
        self.before_answer: Callable[[], object] = lambda: None
        self.runner = BatchRunner(self.state, ModelCache(self.state, engines={}, judges={"fixed": self}))

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        self.before_answer()
        return FixedAnswer("ok").answer(turn)

    def __enter__(self) -> Self:
        self.runner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.stop()
        self.state.close()

    def create(self, content: bytes = LINES) -> BatchRecord:
        file = self.state.add_file(io.BytesIO(content), filename="in", purpose="batch")
        record = BatchRecord(self.state, f"batch_{file['id']}")
        document = {"id": record.batch, "input_file_id": file["id"], "status": "validating"}
        self.state.documents.insert("batch", document)
        return record

    def ended(self, record: BatchRecord) -> Document:
        self.runner.submit(record.batch)
        end = time.monotonic() + 30
        while record.read()["status"] not in ENDS and time.monotonic() < end:
            time.sleep(0.01)
        assert record.read()["status"] in ENDS
        return record.read()

    def outputs(self) -> list[str]:
        files = self.state.documents.page("file", limit=1000).documents
        return sorted(file["filename"] for file in files if file["purpose"] == "batch_output")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run(tmp_path) as made:
        yield made


def test_every_step_is_shown(run: Run) -> None:
    batch = run.ended(run.create())
    assert [new for _, new in run.state.watched.status_changes] == ["in_progress", "finalizing", "completed"]
    assert {f"{status}_at" for status in ("in_progress", "finalizing", "completed")} <= batch.keys()


@pytest.mark.parametrize("moment", ["answer", "file"])
def test_cancelled_at_the_last_moment(run: Run, moment: str) -> None:
    record = run.create()
    run.before_answer = record.cancel if moment == "answer" else run.before_answer
    run.state.before_file = (lambda _: record.cancel()) if moment == "file" else run.state.before_file
    batch = run.ended(record)
    assert batch["status"] == "cancelled"
    assert [new for _, new in run.state.watched.status_changes][-2:] == ["cancelling", "cancelled"]
    assert batch["output_file_id"]
    assert not record.cancel()


def test_cancelled_before_its_turn(run: Run) -> None:
    record = run.create()
    record.cancel()
    batch = run.ended(record)
    assert batch["status"] == "cancelled"
    assert batch["request_counts"] == {"total": 3, "completed": 0, "failed": 0}


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_a_batch_that_has_ended_stays_as_it_is(run: Run, end: str) -> None:
    record = run.create()
    if end == "cancelled":
        record.cancel()
    before = run.ended(record) if end != "failed" else run.ended(record := run.create(b"no batch\n"))
    assert before["status"] == end
    files = run.outputs()
    run.runner.submit(record.batch)
    run.ended(run.create(b"no batch\n"))  # by then the other one has had its turn
    steps = [record.begin(9), record.finalize(), record.complete({}), record.fail(code="x", message="y")]
    assert [*steps, record.cancel(), record.count({})] == [False] * 6
    assert record.read() == before
    assert run.outputs() == files


def test_rivals_leave_one_end(run: Run) -> None:
    for _ in range(20):
        record = run.create()
        record.begin(3)
        steps = (record.cancel, record.finalize, lambda record=record: record.complete({}))
        barrier = threading.Barrier(3)
        threads = [
            threading.Thread(target=lambda step=step, barrier=barrier: (barrier.wait(), step())) for step in steps
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert record.read()["status"] in {"completed", "cancelled"}
    assert not [change for change in run.state.watched.status_changes if change[0] in ENDS]


def test_an_error_nobody_thought_of_fails_its_batch_and_no_other(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(filename: str) -> None:
        if "error" in filename:
            raise OSError(28, "No space left on device", "/secret/place")

    run.state.before_file = refuse
    wrong = LINES.replace(b"fixed", b"other", 1)
    batch = run.ended(run.create(wrong))
    assert batch["status"] == "failed"
    assert batch["errors"]["data"][0]["code"] == "server_error"
    assert "secret" not in json.dumps(batch)
    assert "output_file_id" not in batch
    assert run.outputs() == []
    assert "Traceback" in caplog.text
    assert run.ended(run.create())["status"] == "completed"


def test_an_input_that_is_gone_is_not_named_by_its_place(run: Run) -> None:
    record = run.create()
    run.state.file_path(record.read()["input_file_id"]).unlink()
    batch = run.ended(record)
    assert batch["status"] == "failed"
    assert batch["errors"]["data"] == [
        {
            "code": "invalid_batch",
            "message": "The input file cannot be read (No such file or directory).",
            "param": None,
            "line": None,
        }
    ]


def test_a_server_that_is_killed_as_it_keeps_the_answers_keeps_them_once(tmp_path: Path) -> None:
    with Run(tmp_path) as run:
        record = run.create()
        record.begin(3)
        record.finalize()
        run.state.add_file(io.BytesIO(b"{}"), filename=f"{record.batch}_output.jsonl", purpose="batch_output")
    with Run(tmp_path) as again:
        record = BatchRecord(again.state, record.batch)
        end = time.monotonic() + 30
        while record.read()["status"] not in ENDS and time.monotonic() < end:
            time.sleep(0.01)
        assert record.read()["status"] == "completed"
        assert again.outputs() == [f"{record.batch}_output.jsonl"]


def test_a_server_that_stops_in_a_batch_goes_on_with_it(tmp_path: Path) -> None:
    with Run(tmp_path) as run:
        asked = threading.Event()
        stopped = threading.Event()

        def wait() -> None:
            asked.set()
            stopped.wait(30)

        run.before_answer = wait
        record = run.create()
        run.runner.submit(record.batch)
        assert asked.wait(30)
        stopper = threading.Thread(target=run.runner.stop)
        stopper.start()
        stopper.join(timeout=0.2)
        stopped.set()
        stopper.join()
        assert record.read()["status"] == "in_progress"
        assert run.outputs() == []
    with Run(tmp_path) as again:
        batch = again.ended(BatchRecord(again.state, record.batch))
        assert batch["request_counts"] == {"total": 3, "completed": 3, "failed": 0}
