"""The steps of a job, by several threads at once: what has ended stays ended, and only what succeeded has a model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.watched_documents import WatchedDocuments
from vqaft.engines import TrainingMetrics, TrainingResult
from vqaft.server import State
from vqaft.server.jobs.process import TrainingFailure
from vqaft.server.jobs.record import JobRecord, create_job
from vqaft.server.jobs.request import JobBody

FAILURE = TrainingFailure(code="server_error", message="broken")
RESULT = TrainingResult(trained_tokens=1, n_epochs=1, batch_size=1, learning_rate_multiplier=1.0, examples=1)
ENDS = {"succeeded", "failed", "cancelled"}


def epoch(number: int = 1) -> TrainingMetrics:
    return TrainingMetrics(
        epoch=number,
        n_epochs=3,
        step=number,
        total_steps=3,
        train_loss=1.0,
        train_accuracy=0.0,
        checkpoint=Path(f"epoch-{number}"),
    )


STEPS: dict[str, Callable[[JobRecord], object]] = {
    "restart": JobRecord.restart,
    "reject": lambda record: record.reject(FAILURE),
    "queue": JobRecord.queue,
    "begin": JobRecord.begin,
    "step": lambda record: record.step(epoch()),
    "succeed": lambda record: record.succeed(RESULT),
    "fail": lambda record: record.fail(FAILURE),
    "lost": JobRecord.lost,
    "cancel": JobRecord.cancel,
    "pause": JobRecord.pause,
    "resume": JobRecord.resume,
}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path)
    yield made
    made.close()


def new_job(state: State) -> JobRecord:
    return JobRecord(state, create_job(state, JobBody(model="quick", training_file="file-a"))["id"])


def running_job(state: State) -> JobRecord:
    record = new_job(state)
    record.queue()
    assert record.begin() is not None
    return record


def everything(state: State) -> dict[str, Any]:
    kinds = ("job", "event", "model", "checkpoint", "file")
    return {kind: state.documents.page(kind, limit=10_000).documents for kind in kinds}


@pytest.mark.parametrize("end", ["succeed", "fail", "cancel"])
@pytest.mark.parametrize("step", STEPS)
def test_a_job_that_has_ended_stays_as_it_is(state: State, end: str, step: str) -> None:
    record = running_job(state)
    assert STEPS[end](record)
    before = everything(state)
    assert not STEPS[step](record)
    assert everything(state) == before


@pytest.mark.parametrize("step", ["restart", "reject", "queue", "begin", "step", "succeed", "fail", "lost", "pause"])
def test_nothing_that_was_under_way_touches_a_paused_job(state: State, step: str) -> None:
    record = running_job(state)
    record.pause()
    before = everything(state)
    assert not STEPS[step](record)
    assert everything(state) == before


@pytest.mark.parametrize("stop", ["restart", "fail", "lost", "cancel", "pause"])
def test_who_stops_a_training_discards_what_it_saved(state: State, stop: str) -> None:
    record = running_job(state)
    record.step(epoch())
    assert everything(state)["checkpoint"]
    assert STEPS[stop](record)
    assert not everything(state)["checkpoint"]
    assert not everything(state)["model"]


def test_only_the_latest_try_is_in_the_results(state: State) -> None:
    record = running_job(state)
    record.step(epoch(1))
    record.step(epoch(2))
    for step in ("restart", "queue", "begin"):
        assert STEPS[step](record)
    for number in (1, 2, 3):
        record.step(epoch(number))
    record.succeed(RESULT)
    table = state.file_path(record.read()["result_files"][0]).read_text(encoding="utf-8")
    assert [row.split(",")[0] for row in table.splitlines()] == ["step", "1", "2", "3"]
    assert [checkpoint["step_number"] for checkpoint in everything(state)["checkpoint"]] == [3, 2, 1]
    assert len(everything(state)["model"]) == 4


class Breaking(State):
    """Breaks when it shall note an event with these words."""

    words = "nothing that is ever said"

    def add_event(self, job: str, message: str, *, level: str = "info", data: dict[str, Any] | None = None) -> None:
        if self.words in message:
            raise KeyboardInterrupt
        super().add_event(job, message, level=level, data=data)


@pytest.mark.parametrize("words", ["New fine-tuned model", "successfully completed"])
def test_a_server_that_ends_in_a_step_leaves_none_of_it(tmp_path: Path, words: str) -> None:
    state = Breaking(tmp_path)
    record = running_job(state)
    before = everything(state)
    state.words = words
    with pytest.raises(KeyboardInterrupt):
        record.succeed(RESULT)
    assert everything(state) == before
    state.close()


@pytest.mark.parametrize(
    "rivals",
    [
        ("succeed", "cancel"),
        ("succeed", "pause"),
        ("lost", "pause"),
        ("lost", "cancel"),
        ("fail", "cancel", "succeed"),
        ("step", "cancel"),
        ("pause", "resume", "cancel", "queue", "begin", "step", "succeed"),
    ],
    ids="-".join,
)
def test_rivals_leave_one_whole_end(state: State, rivals: tuple[str, ...]) -> None:
    state.documents.close()
    state.documents = watched = WatchedDocuments(state.folder / "state.sqlite")
    for _ in range(15):
        record = running_job(state)
        barrier = threading.Barrier(len(rivals))
        threads = [threading.Thread(target=run_step, args=(barrier, record, name)) for name in rivals]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        whole(state, record)
    assert not [change for change in watched.seen if change[0] in ENDS]


def run_step(barrier: threading.Barrier, record: JobRecord, name: str) -> None:
    barrier.wait()
    STEPS[name](record)


def whole(state: State, record: JobRecord) -> None:
    job = record.read()
    models = [model["id"] for model in everything(state)["model"] if record.job[-8:] in model["id"]]
    assert (job["fine_tuned_model"] in models) == bool(job["result_files"]) == (job["status"] == "succeeded")
    assert not models or job["status"] in {"running", "succeeded"}
    assert (job["finished_at"] is not None) == (job["status"] in ENDS)
    assert not job["_paused"] or job["status"] == "queued"
    for file in job["result_files"]:
        assert state.documents.get("file", file) is not None
    events = state.documents.page("event", parent=record.job, limit=1000).documents
    assert len({event["id"] for event in events}) == len(events)
    last = {"succeeded": "successfully", "failed": "failed", "cancelled": "cancelled"}
    assert last.get(job["status"], "") in events[0]["message"]
