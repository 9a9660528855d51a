"""A job's numbers reach the trackers, by their own libraries where they are installed."""

from __future__ import annotations

import warnings
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from vqaft.service import RetryPolicy
from vqaft.tuning import (
    FineTuneClient,
    JobEvent,
    JobSpec,
    MLflowCallback,
    StepMetrics,
    TensorBoardCallback,
    WandbCallback,
)

EVENTS = [
    JobEvent(
        id=f"e{step}",
        created_at=1_700_000_000 + step,
        level="info",
        type="metrics",
        message="",
        data={"step": step, "total_steps": 3, "train_loss": 1 / step, "odd:name": 2.0, "words": "none"},
    )
    for step in (1, 2, 3)
]
TALK = JobEvent(id="t", created_at=1, level="info", type="message", message="hello")


class Recorder:
    """Takes what any of the three trackers is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def define_metric(self, name: str, *, step_metric: str) -> None:
        self.told.append((name, step_metric))

    def log(self, data: dict[str, Any]) -> None:
        self.told.append(data)

    def log_metric(self, run_id: str, key: str, value: float, *, timestamp: int, step: int) -> None:
        self.told.append((run_id, key, value, timestamp, step))

    def add_scalar(self, tag: str, scalar_value: float, *, global_step: int, walltime: float | None) -> None:
        self.told.append((tag, scalar_value, global_step, walltime))


def test_each_tracker_is_told_step_by_step() -> None:
    wandb, mlflow, board = Recorder(), Recorder(), Recorder()
    for callback in (WandbCallback(wandb), MLflowCallback(mlflow, "run"), TensorBoardCallback(board, "job/")):
        for event in (TALK, EVENTS[1]):
            callback(event)
    assert wandb.told == [("*", "training_step"), {"train_loss": 0.5, "odd:name": 2.0, "training_step": 2}]
    moment = 1_700_000_002
    assert mlflow.told == [
        ("run", "train_loss", 0.5, 1000 * moment, 2),
        ("run", "odd_name", 2.0, 1000 * moment, 2),
    ]
    assert board.told == [("job/train_loss", 0.5, 2, moment), ("job/odd:name", 2.0, 2, moment)]


def test_metrics_without_events_are_logged_too() -> None:
    recorder = Recorder()
    TensorBoardCallback(recorder).log_metrics([StepMetrics(step=7, values={"loss": 0.25})])
    assert recorder.told == [("loss", 0.25, 7, None)]


@pytest.fixture
def job(service: Any) -> str:
    service.statuses = deque(["queued", "running", "succeeded"])
    service.events = list(EVENTS)
    found: str = service.create_job(JobSpec(model="base", training_file="file-1")).id
    return found


@pytest.fixture
def client(service: Any, retry: RetryPolicy, tmp_path: Path) -> FineTuneClient:
    return FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)


def test_wait_passes_every_event_on_once(client: FineTuneClient, job: str) -> None:
    seen: list[JobEvent] = []
    assert client.wait(job, progress=False, on_event=seen.append).status == "succeeded"
    assert seen == EVENTS


def test_what_a_callback_raises_ends_the_wait(client: FineTuneClient, job: str) -> None:
    def broken(_: JobEvent) -> None:
        raise LookupError("no tracker")

    with pytest.raises(LookupError, match="no tracker"):
        client.wait(job, progress=False, on_event=broken)


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    board = pytest.importorskip("tensorboardX", reason="tensorboardX is not installed (extra tensorboard)")
    with board.SummaryWriter(str(tmp_path)) as writer:
        callback = TensorBoardCallback(writer)
        for event in EVENTS:
            callback(event)
    assert b"train_loss" in next(tmp_path.glob("events.*")).read_bytes()


def test_mlflow_has_the_curve_once_however_often_it_is_followed(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed (extra mlflow)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
        experiment = client.create_experiment("vqaft", artifact_location=str(tmp_path))
        run_id = client.create_run(experiment).info.run_id
        callback = MLflowCallback(client, run_id)
        for event in [*EVENTS, *EVENTS]:
            callback(event)
        history = client.get_metric_history(run_id, "train_loss")
    assert [(point.step, point.value) for point in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_wandb_takes_the_numbers_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb", reason="wandb is not installed (extra wandb)")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with wandb.init(mode="offline", project="vqaft", dir=str(tmp_path)) as run:
            callback = WandbCallback(run)
            for event in EVENTS:
                callback(event)
            assert run.summary["train_loss"] == 1 / 3
            assert run.summary["training_step"] == 3
    assert list(tmp_path.rglob("*.wandb"))
