"""Callbacks that pass a job's events on to experiment trackers: Weights & Biases, MLflow, TensorBoard.

Each takes a run, client or writer that the caller made by the tracker's own library, and writes through it; nothing is
started or finished here. They fit `FineTuneClient.wait(job, on_event=…)`. A job that is followed again gives its events
again from the beginning; numbers are logged by their training step, in MLflow and TensorBoard also at the event's own
time, so that the curves stay the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vqaft.tuning.job import JobEvent
from vqaft.tuning.metrics import StepMetrics, numbers_of
from vqaft.typed import typed

STEP = "training_step"
"""The column of the step in Weights & Biases."""

_NOT_IN_A_NAME = re.compile(r"[^\w\-. /]", re.ASCII)


class WandbRun(Protocol):
    """What a run of `wandb.init` can do that is used here."""

    def define_metric(self, name: str, *, step_metric: str) -> Any:
        """Plot a metric against another one."""
        ...

    def log(self, data: dict[str, Any]) -> Any:
        """Log numbers."""
        ...


class MLflowRunClient(Protocol):
    """What an `mlflow.MlflowClient` can do that is used here."""

    def log_metric(self, run_id: str, key: str, value: float, *, timestamp: int, step: int) -> Any:
        """Log a number of a run; the timestamp is in milliseconds."""
        ...


class ScalarWriter(Protocol):
    """What a `SummaryWriter` (tensorboardX, or torch.utils.tensorboard) can do that is used here."""

    def add_scalar(self, tag: str, scalar_value: float, *, global_step: int, walltime: float | None) -> Any:
        """Log a number."""
        ...


class _Callback:
    """Splits events into numbers of steps; the subclasses write them."""

    def __call__(self, event: JobEvent) -> None:
        """Log the numbers of an event; one without a step and a number is ignored.

        Args:
            event: What happened in a job.
        """
        numbers = numbers_of(event)
        step = numbers.pop("step", None)
        if step is not None and numbers:
            self.log(int(step), numbers, time_s=event.created_at)

    def log_metrics(self, metrics: Iterable[StepMetrics], *, time_s: int = 0) -> None:
        """Log what was measured, for a service whose events hold no numbers.

        Args:
            metrics: What `FineTuneClient.metrics` returned.
            time_s: Seconds since 1970 that the numbers are logged at.
        """
        for row in metrics:
            self.log(row.step, row.values, time_s=time_s)

    def log(self, step: int, numbers: Mapping[str, float], *, time_s: int) -> None:
        """Write the numbers of one step.

        Args:
            step: The training step.
            numbers: The numbers by name.
            time_s: Seconds since 1970.
        """
        raise NotImplementedError


@dataclass(frozen=True)
@typed
class WandbCallback(_Callback):
    """Logs a job's numbers to a run of Weights & Biases, plotted against the training step.

    Attributes:
        run: What `wandb.init(…)` returned; online, offline or disabled.
    """

    run: WandbRun

    def __post_init__(self) -> None:
        self.run.define_metric("*", step_metric=STEP)

    def log(self, step: int, numbers: Mapping[str, float], *, time_s: int) -> None:  # noqa: ARG002 - W&B has its own clock
        """Write the numbers of one step; see `log_metrics`."""
        self.run.log({**numbers, STEP: step})


@dataclass(frozen=True)
@typed
class MLflowCallback(_Callback):
    """Logs a job's numbers to a run of MLflow.

    Attributes:
        client: An `mlflow.MlflowClient`.
        run_id: The run's id, e.g. `mlflow.start_run().info.run_id`.
    """

    client: MLflowRunClient
    run_id: str

    def log(self, step: int, numbers: Mapping[str, float], *, time_s: int) -> None:
        """Write the numbers of one step; characters that MLflow refuses in a name become underscores."""
        for name, value in numbers.items():
            key = _NOT_IN_A_NAME.sub("_", name)
            self.client.log_metric(self.run_id, key, value, timestamp=1000 * time_s, step=step)


@dataclass(frozen=True)
@typed
class TensorBoardCallback(_Callback):
    """Logs a job's numbers as scalars of TensorBoard.

    Attributes:
        writer: A `SummaryWriter`, of tensorboardX or torch.utils.tensorboard.
        prefix: Stands before each tag.
    """

    writer: ScalarWriter
    prefix: str = ""

    def log(self, step: int, numbers: Mapping[str, float], *, time_s: int) -> None:
        """Write the numbers of one step."""
        for name, value in numbers.items():
            self.writer.add_scalar(self.prefix + name, value, global_step=step, walltime=time_s or None)
