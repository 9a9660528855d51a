"""The embedded engine: learns to answer questions about images from a training file alone, in seconds, on a CPU.

Read this file first. What training does, with scikit-learn throughout:

1.  Read the chat JSONL: pairs of question and answer, and their images (`inputs.py`).
2.  Compute color, shape and layout features of each image (`image_features.py`).
3.  Fit detectors for answers that exclude each other, such as colors (`detectors.py`: LogisticRegression); score the
    training images by models that have not seen them (cross_val_predict).
4.  Where answers stand in the text of a sample of the images, read the text of all (`ocr.py`) and learn which span of
    it answers a question (`spans.py`, `text_reader.py`: FeatureHasher, SGDClassifier on pairs of spans).
5.  Classify each question (`answers.py`: DictVectorizer, SGDClassifier) by its words, what is detected, and what the
    text says: a known answer, or "a span of the text". Each epoch is a `partial_fit`; the models of the last
    three are stored as checkpoints. `model.py` puts the parts together to answer, `base_model.py` answers untrained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vqaft.engines.embedded.answers import plain, recurring, shared_words
from vqaft.engines.embedded.base_model import BaseChatModel
from vqaft.engines.embedded.detectors import fit_detectors
from vqaft.engines.embedded.inputs import Dataset
from vqaft.engines.embedded.model import IN_IMAGE, IN_QUESTION, EmbeddedModel, FoundSpan, TrainedChatModel, View, best
from vqaft.engines.embedded.ocr import TextRecognizer, may_hold_text
from vqaft.engines.embedded.spans import find_spans, normalized
from vqaft.engines.embedded.text_reader import int32_indices, learn_to_read, lines_of
from vqaft.engines.engine import ChatModel, Progress, TrainingMetrics, TrainingNote, TrainingResult, TrainingTask
from vqaft.errors import RecordError
from vqaft.typed import typed_call

AUTO_EPOCHS, AUTO_BATCH_SIZE = 25, 16
KEPT_CHECKPOINTS = 3
LEARNING_RATE = 0.1
SAMPLE = 16
"""Images that are read to find out whether text helps."""
MIN_SHARE = 0.05
"""The share of the sample's answers that must stand in the text for all images to be read."""
MIN_LENGTH = 4
"""Shorter answers stand in a text by chance."""
MAX_MEASURED = 100
"""Training pairs that metrics are computed on."""
TEXT_NOT_READ = (
    "Text in the images is not read, because the extra 'ocr' is not installed: pip install 'vqaft[ocr]'. Without it, "
    "answers that stand in an image cannot be learned."
)
MANY = 500
"""Pairs from which on features that occur only once are left out."""
OTHER = ""
"""A class without examples, so that there are always at least two."""


class EmbeddedEngine:
    """Trains and loads the embedded models.

    Args:
        cache_folder: Where the text of images is cached, by the content of the image; None caches it in memory.
    """

    @typed_call
    def __init__(self, *, cache_folder: Path | None = None) -> None:
        self._recognizer = TextRecognizer(cache_folder)

    def load(self, folder: Path | None) -> ChatModel:
        """Load a model; see `vqaft.engines.Engine`."""
        if folder is None:
            return BaseChatModel(self._recognizer)
        return TrainedChatModel(EmbeddedModel.load(folder), self._recognizer)

    def train(self, task: TrainingTask, on_step: Callable[[Progress], None]) -> TrainingResult:
        """Train and store a model; see `vqaft.engines.Engine`.

        The models of the last three epochs are stored too, in `epoch-<number>` of the task's folder. The optimizer
        updates after each pair; `batch_size` only sets how steps are counted.
        """
        dataset = Dataset.read(task.training_file)
        if not dataset.pairs:
            raise RecordError("no row holds an answer to learn from", path=task.training_file)
        self._tell_unread_text(dataset, on_step)
        rate = 1.0 if task.learning_rate_multiplier is None else task.learning_rate_multiplier
        trainer = Trainer(dataset, self._recognizer, rate=rate, seed=task.seed)
        exams = [trainer.exam(dataset, sample=MAX_MEASURED)]
        if task.validation_file is not None:
            exams.append(trainer.exam(Dataset.read(task.validation_file)))
        n_epochs, batch_size = task.n_epochs or AUTO_EPOCHS, task.batch_size or AUTO_BATCH_SIZE
        steps = -(-len(dataset.pairs) // batch_size)
        for epoch in range(1, n_epochs + 1):
            trainer.run_epoch()
            own, *others = [exam.measure(trainer.model) for exam in exams]
            valid_loss, valid_accuracy = others[0] if others else (None, None)
            checkpoint = task.folder / f"epoch-{epoch}" if epoch > n_epochs - KEPT_CHECKPOINTS else None
            if checkpoint is not None:
                trainer.model.store(checkpoint)
            on_step(
                TrainingMetrics(
                    epoch=epoch,
                    n_epochs=n_epochs,
                    step=epoch * steps,
                    total_steps=n_epochs * steps,
                    train_loss=own[0],
                    train_accuracy=own[1],
                    valid_loss=valid_loss,
                    valid_accuracy=valid_accuracy,
                    checkpoint=checkpoint,
                )
            )
        trainer.model.store(task.folder)
        return TrainingResult(
            trained_tokens=dataset.tokens * n_epochs,
            n_epochs=n_epochs,
            batch_size=batch_size,
            learning_rate_multiplier=rate,
            examples=len(dataset.pairs),
        )

    def _tell_unread_text(self, dataset: Dataset, on_step: Callable[[Progress], None]) -> None:
        if not self._recognizer.is_available() and any(map(may_hold_text, dataset.pictures.values())):
            on_step(TrainingNote(message=TEXT_NOT_READ, level="warn"))


class Trainer:
    """Fits all but the classifier at once, and the classifier epoch by epoch.

    Args:
        dataset: The training file.
        recognizer: Reads text in images.
        rate: Factor on the learning rate.
        seed: Of everything that is drawn at random.

    Attributes:
        model: The model; its classifier changes with each epoch.
    """

    def __init__(self, dataset: Dataset, recognizer: TextRecognizer, *, rate: float, seed: int) -> None:
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.linear_model import SGDClassifier

        self._recognizer, self._seed = recognizer, seed
        template = shared_words(pair.question for pair in dataset.pairs)
        pairs = [replace(pair, question=plain(pair.question, template)) for pair in dataset.pairs]
        detectors, seen = fit_detectors(pairs, dataset.features, seed=seed)
        lines = {}
        if text_helps(dataset, recognizer, seed=seed):
            lines = {key: recognizer.read(picture) for key, picture in sorted(dataset.pictures.items())}
        reading = learn_to_read(pairs, lines, seed=seed)
        rest = [number for number in range(len(pairs)) if number not in reading.answered]
        asked = [replace(pairs[number], image=dataset.pairs[number].question) for number in rest]
        of_question = learn_to_read(asked, {pair.image: lines_of(pair.image) for pair in asked}, seed=seed, probe=False)
        sources = dict.fromkeys(reading.answered, IN_IMAGE)
        sources |= dict.fromkeys((rest[number] for number in of_question.answered), IN_QUESTION)
        views = {key: View(sight=sight, findings=reading.findings.get(key, ())) for key, sight in seen.items()}
        answers = recurring(pair.answer for number, pair in enumerate(pairs) if number not in sources)
        targets = [sources.get(number, pair.answer.casefold()) for number, pair in enumerate(pairs)]
        self._classes = sorted({*answers, IN_IMAGE, IN_QUESTION, OTHER})
        self.model = EmbeddedModel(
            template=template,
            detectors=detectors,
            reader=reading.reader,
            question_reader=of_question.reader,
            answers=answers,
            vectorizer=DictVectorizer(),
            classifier=SGDClassifier(
                loss="log_loss", learning_rate="constant", eta0=LEARNING_RATE * rate, average=True, random_state=seed
            ),
        )
        known = [number for number, target in enumerate(targets) if target in self._classes]
        self._targets = [targets[number] for number in known]
        cases = [self.model.case(dataset.pairs[number].question, views[pairs[number].image]) for number in known]
        counts = Counter(name for case in cases for name in case)
        least = 1 if len(cases) < MANY else 2
        self.model.vectorizer.fit([{name: 1.0 for name, count in counts.items() if count >= least}])
        self._rows = int32_indices(self.model.vectorizer.transform(cases))

    def run_epoch(self) -> None:
        """Run an epoch of stochastic gradient descent."""
        self.model.classifier.partial_fit(self._rows, self._targets, classes=self._classes)

    def exam(self, dataset: Dataset, *, sample: int | None = None) -> Exam:
        """Return evaluation pairs of a file, or a sample of them."""
        order = np.random.default_rng(self._seed).permutation(len(dataset.pairs))[:sample]
        pairs = [dataset.pairs[number] for number in sorted(order)]
        views = {
            key: self.model.view(dataset.features[key], dataset.pictures.get(key), self._recognizer)
            for key in sorted({pair.image for pair in pairs})
        }
        asked, seen = [pair.question for pair in pairs], [views[pair.image] for pair in pairs]
        return Exam(
            wanted=[normalized(pair.answer) for pair in pairs],
            rows=self.model.vectorizer.transform(list(map(self.model.case, asked, seen))),
            spans=list(map(self.model.spans, asked, seen)),
        )


def text_helps(dataset: Dataset, recognizer: TextRecognizer, *, seed: int) -> bool:
    """Return whether answers stand in the text of a sample of the images, before all are read."""
    keys = sorted(dataset.pictures)
    sample = [keys[number] for number in np.random.default_rng(seed).permutation(len(keys))[:SAMPLE]]
    spans = {key: find_spans(recognizer.read(dataset.pictures[key])) for key in sample}
    texts = {key: {normalized(span.text) for span in found} for key, found in spans.items()}
    answers = [(pair.image, normalized(pair.answer)) for pair in dataset.pairs if pair.image in texts]
    found = [len(answer) >= MIN_LENGTH and answer in texts[key] for key, answer in answers]
    return sum(found) >= max(1, MIN_SHARE * len(found))


@dataclass(frozen=True, kw_only=True)
class Exam:
    """Vectorized questions with right answers to measure a model by, and the spans that may answer them."""

    wanted: Sequence[str] = field(repr=False)
    rows: Any = field(repr=False)
    spans: Sequence[Sequence[FoundSpan]] = field(repr=False)

    def measure(self, model: EmbeddedModel) -> tuple[float, float]:
        """Return the mean loss and the share of right answers.

        The loss is -log of the probability of the right answer (of at least 0.0001); an answer is right that equals the
        reference but for blanks and letter case.
        """
        losses, right = [], []
        for weighed, wanted in zip(model.weigh(self.rows, self.spans), self.wanted, strict=True):
            losses.append(-np.log(max(weighed.get(wanted, ("", 0.0))[1], 1e-4)))
            right.append(normalized(best(weighed)) == wanted)
        return float(np.mean(losses)), float(np.mean(right))
