"""Engines that show what stands around a training in moments that seldom come."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqaft.engines import ChatModel, Progress, TrainingMetrics, TrainingNote, TrainingResult, TrainingTask
from vqaft.errors import DataError, RecordError, TrainingError
from vqaft.testing import QuickEngine

ANSWER_FILE = "answer.txt"  # what QuickEngine loads


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


@dataclass(frozen=True, kw_only=True)
class Resuming:
    """Counts steps into a file and continues from there; knows one option; says what else an engine may say.

    Attributes:
        step_s: Seconds that a step takes.
        failure: Code of the failure that it ends with after the last step.
    """

    step_s: float = 0.0
    failure: str | None = None

    def can_resume(self, folder: Path) -> bool:
        return (folder / "step").is_file()

    def check_options(self, options: Mapping[str, Any]) -> None:
        if unknown := sorted(options.keys() - {"speed"}):
            raise DataError(f"{unknown[0]}: unknown", hint="Known fields: speed")

    def check(self, task: TrainingTask) -> None:
        if task.options.get("speed") == "too high":
            raise RecordError("the row is too fast", path=task.training_file, line=2)

    def describe(self) -> Mapping[str, Any]:
        return {"license": "mit"}

    def train(self, task: TrainingTask, on_step: Callable[[Progress], None]) -> TrainingResult:
        done = int((task.folder / "step").read_text()) if self.can_resume(task.folder) else 0
        on_step(TrainingNote(message=f"From step {done}", level="warn"))
        for step in range(done + 1, 6):
            time.sleep(self.step_s)
            kept = task.folder / f"epoch-{step}"
            kept.mkdir(exist_ok=True)
            (kept / ANSWER_FILE).write_text(f"after {step}")
            (task.folder / "step").write_text(str(step))
            loss = 1 / step
            on_step(
                TrainingMetrics(
                    step=step,
                    total_steps=5,
                    epoch=step,
                    n_epochs=5,
                    train_loss=loss,
                    train_accuracy=0.5,
                    train_token_accuracy=0.75,
                    checkpoint=kept,
                )
            )
        if self.failure is not None:
            raise TrainingError("the loss became nan", code=self.failure, hint="Lower the rate.")
        (task.folder / ANSWER_FILE).write_text("whole")
        return TrainingResult(trained_tokens=5, n_epochs=5, batch_size=1, learning_rate_multiplier=1.0, examples=1)

    def load(self, folder: Path | None) -> ChatModel:
        return quick(0).load(folder)
