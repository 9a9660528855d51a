"""The embedded engine: learns from a training file alone, in seconds, on a processor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vqaft.engines.embedded.descent import steps_per_epoch
from vqaft.engines.embedded.exam import Exam, validation_exam
from vqaft.engines.embedded.frame import Frame
from vqaft.engines.embedded.learning import Lesson, Student
from vqaft.engines.embedded.material import Material, gather, read_text, text_helps
from vqaft.engines.embedded.models import BaseModel, TrainedModel
from vqaft.engines.embedded.pairs import Pair
from vqaft.engines.embedded.reading import Reader
from vqaft.engines.embedded.storage import load, store
from vqaft.engines.embedded.training_run import TrainingRun
from vqaft.engines.engine import ChatModel, TrainingMetrics, TrainingResult, TrainingTask
from vqaft.errors import RecordError

AUTO_STEPS = 200
"""Steps that "auto" epochs come to at least."""
AUTO_EPOCHS = 25, 40
"""Epochs that "auto" means, at least and at most."""
AUTO_BATCH_SIZE = 16


class EmbeddedEngine:
    """Trains and loads the embedded models.

    Args:
        cache_folder: Where the text read in images is kept, by the content of the image; None keeps it in memory.
    """

    def __init__(self, *, cache_folder: Path | None = None) -> None:
        self._reader = Reader(cache_folder)

    def load(self, folder: Path | None) -> ChatModel:
        """Load a model; see `vqaft.server.engines.Engine`."""
        return BaseModel(self._reader) if folder is None else TrainedModel(load(folder), self._reader)

    def train(self, task: TrainingTask, on_step: Callable[[TrainingMetrics], None]) -> TrainingResult:
        """Train and store a model; see `vqaft.server.engines.Engine`.

        The models of the last three epochs are stored too, in `epoch-<number>` of the task's folder.
        """
        material = gather(task.training_file)
        if not material.pairs:
            raise RecordError("no row holds an answer to learn from", path=task.training_file)
        rate = 1.0 if task.learning_rate_multiplier is None else task.learning_rate_multiplier
        student = Student(self._lesson(material, seed=task.seed), rate=rate, seed=task.seed)
        batch_size = task.batch_size or AUTO_BATCH_SIZE
        run = TrainingRun(
            student=student,
            valid=self._exam(student, task.validation_file),
            folder=task.folder,
            n_epochs=task.n_epochs or _auto_epochs(student, batch_size),
            batch_size=batch_size,
            seed=task.seed,
        )
        for metrics in run.epochs():
            on_step(metrics)
        store(student.knowledge(), task.folder)
        return TrainingResult(
            trained_tokens=material.tokens * run.n_epochs,
            n_epochs=run.n_epochs,
            batch_size=run.batch_size,
            learning_rate_multiplier=rate,
            examples=len(material.pairs),
        )

    def _lesson(self, material: Material, *, seed: int) -> Lesson:
        frame = Frame.of(pair.question for pair in material.pairs)
        pairs = [
            Pair(image=pair.image, question=frame.question(pair.question), answer=pair.answer)
            for pair in material.pairs
        ]
        use_text = text_helps(material, self._reader, seed=seed)
        lines = read_text(material, self._reader) if use_text else {}
        return Lesson(frame=frame, pairs=pairs, features=material.features, lines=lines)

    def _exam(self, student: Student, path: Path | None) -> Exam | None:
        if path is None:
            return None
        material, knowledge = gather(path), student.knowledge()
        lines = read_text(material, self._reader) if knowledge.text else {}
        return validation_exam(knowledge, material, lines)


def _auto_epochs(student: Student, batch_size: int) -> int:
    least, most = AUTO_EPOCHS
    return min(most, max(least, -(-AUTO_STEPS // steps_per_epoch(student.learners, batch_size=batch_size))))
