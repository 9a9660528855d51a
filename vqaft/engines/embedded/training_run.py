"""The epochs of a training, with what is measured after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vqaft.engines.embedded.descent import Epoch, steps_per_epoch
from vqaft.engines.embedded.exam import Exam
from vqaft.engines.embedded.knowledge import Knowledge
from vqaft.engines.embedded.learning import Student
from vqaft.engines.embedded.storage import store
from vqaft.engines.engine import TrainingMetrics

KEPT_CHECKPOINTS = 3
"""How many of the latest epochs' models are kept."""


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """A student, and how long and in which steps it learns.

    Attributes:
        student: Who learns.
        valid: What it is measured by beside its own lesson, where there is something.
        folder: Where models are stored.
        n_epochs: Passes over the lesson.
        batch_size: Cases a step.
        seed: Draws the order.
    """

    student: Student
    valid: Exam | None
    folder: Path
    n_epochs: int
    batch_size: int
    seed: int

    def epochs(self) -> Iterator[TrainingMetrics]:
        """Learn, epoch by epoch.

        Yields:
            What was measured after each epoch. The measures on the training data rate concepts by models that have
            not seen the image, so they lie nearer to those on new images than is usual.
        """
        rng = np.random.default_rng(self.seed)
        total = self.n_epochs * steps_per_epoch(self.student.learners, batch_size=self.batch_size)
        own, step = self.student.exam(), 0
        for epoch in range(1, self.n_epochs + 1):
            step += Epoch(number=epoch - 1, of=self.n_epochs, batch_size=self.batch_size).run(
                self.student.learners, rng
            )
            knowledge = self.student.knowledge()
            train_loss, train_accuracy = own.take(knowledge)
            valid = (None, None) if self.valid is None else self.valid.take(knowledge)
            yield TrainingMetrics(
                epoch=epoch,
                n_epochs=self.n_epochs,
                step=step,
                total_steps=total,
                train_loss=train_loss,
                train_accuracy=train_accuracy,
                valid_loss=valid[0],
                valid_accuracy=valid[1],
                checkpoint=self._checkpoint(knowledge, epoch),
            )

    def _checkpoint(self, knowledge: Knowledge, epoch: int) -> Path | None:
        """Store the last epochs' models."""
        if epoch <= self.n_epochs - KEPT_CHECKPOINTS:
            return None
        folder = self.folder / f"epoch-{epoch}"
        store(knowledge, folder)
        return folder
