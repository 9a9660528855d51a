"""An engine that learns the commonest answer, in no time: for tests of what stands around a training."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vqaft.chat import AssistantMessage, read_jsonl
from vqaft.engines import ChatAnswer, ChatModel, ChatTurn, TrainingMetrics, TrainingResult, TrainingTask
from vqaft.typed import Amount, typed

ANSWER_FILE = "answer.txt"


@dataclass(frozen=True)
@typed
class FixedAnswer:
    """A model that always says the same.

    Attributes:
        text: What it says.
    """

    text: str

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Return the fixed answer; a message counts as a token."""
        return ChatAnswer(text=self.text, prompt_tokens=len(turn.messages), completion_tokens=1)


@dataclass(frozen=True, kw_only=True)
@typed
class QuickEngine:
    """Learns which answer is the commonest. Its losses are made up: 1 / epoch; a row counts as seven tokens.

    Attributes:
        epoch_s: Seconds that an epoch takes, so that a job can be stopped on the way.
        dies: Whether its process ends without a word, as one does that the system kills.
    """

    epoch_s: Amount = 0.0
    dies: bool = False

    def train(self, task: TrainingTask, on_step: Callable[[TrainingMetrics], None]) -> TrainingResult:
        """Train and store a model, and one after every epoch; see `vqaft.server.engines.Engine`."""
        if self.dies:
            raise SystemExit(9)
        rows = list(read_jsonl(task.training_file))
        said = Counter(
            str(message.content) for row in rows for message in row.messages if isinstance(message, AssistantMessage)
        )
        n_epochs = task.n_epochs or 3
        for epoch in range(1, n_epochs + 1):
            time.sleep(self.epoch_s)
            on_step(_metrics(task, epoch, n_epochs, len(rows)))
        _store(task.folder, said.most_common(1)[0][0])
        return TrainingResult(
            trained_tokens=7 * len(rows) * n_epochs,
            n_epochs=n_epochs,
            batch_size=task.batch_size or 1,
            learning_rate_multiplier=task.learning_rate_multiplier or 1.0,
            examples=len(rows),
        )

    def load(self, folder: Path | None) -> ChatModel:
        """Load a model; see `vqaft.server.engines.Engine`."""
        return FixedAnswer("untrained" if folder is None else (folder / ANSWER_FILE).read_text(encoding="utf-8"))


def _metrics(task: TrainingTask, epoch: int, n_epochs: int, rows: int) -> TrainingMetrics:
    folder = task.folder / f"epoch-{epoch}"
    _store(folder, f"after {epoch}")
    return TrainingMetrics(
        epoch=epoch,
        n_epochs=n_epochs,
        step=epoch * rows,
        total_steps=n_epochs * rows,
        train_loss=1 / epoch,
        train_accuracy=1 - 1 / epoch,
        valid_loss=2 / epoch if task.validation_file else None,
        valid_accuracy=0.5 if task.validation_file else None,
        checkpoint=folder,
    )


def _store(folder: Path, answer: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / ANSWER_FILE).write_text(answer, encoding="utf-8")
