"""Engines that show what stands around a training in moments that seldom come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vqaft.engines import ChatModel, TrainingMetrics, TrainingResult, TrainingTask
from vqaft.testing import QuickEngine


def quick(epoch_s: float) -> QuickEngine:
    return QuickEngine(epoch_s=epoch_s)


@dataclass(frozen=True)
class AtItsStart:
    """Trains quickly; does something in the server's own process at the moment when the training's is made.

    Attributes:
        do: What to do.
        epoch_s: Seconds that an epoch takes.
    """

    do: Callable[[], object]
    epoch_s: float = 0.0

    def __reduce__(self) -> tuple[Callable[[float], QuickEngine], tuple[float]]:
        self.do()
        return quick, (self.epoch_s,)

    def train(self, task: TrainingTask, on_step: Callable[[TrainingMetrics], None]) -> TrainingResult:
        return quick(self.epoch_s).train(task, on_step)

    def load(self, folder: Path | None) -> ChatModel:
        return quick(0).load(folder)


@dataclass(frozen=True)
class Breaking:
    """Breaks after the first epoch."""

    def train(self, task: TrainingTask, on_step: Callable[[TrainingMetrics], None]) -> TrainingResult:
        def first(metrics: TrainingMetrics) -> None:
            on_step(metrics)
            raise FileNotFoundError(2, "No such file", str(task.folder))

        return quick(0).train(task, first)

    def load(self, folder: Path | None) -> ChatModel:
        return quick(0).load(folder)


@dataclass(frozen=True)
class Sleeping:
    """Ends one epoch, and sleeps."""

    def train(self, task: TrainingTask, on_step: Callable[[TrainingMetrics], None]) -> TrainingResult:
        on_step(TrainingMetrics(epoch=1, n_epochs=9, step=1, total_steps=9, train_loss=1.0, train_accuracy=0.0))
        time.sleep(600)
        return quick(0).train(task, on_step)

    def load(self, folder: Path | None) -> ChatModel:
        return quick(0).load(folder)
