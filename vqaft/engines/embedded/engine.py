"""The embedded engine: learns to answer questions about images from a training file alone, in seconds, on a CPU.

Read this file first. What training does, with scikit-learn throughout:

1.  Read the chat JSONL: pairs of question and answer, and their images (`inputs.py`).
2.  Compute color, shape and layout features of each image (`image_features.py`); standardize them (StandardScaler).
3.  Fit detectors for answers that exclude each other, such as colors (`detectors.py`: LogisticRegression); score the
    training images by models that have not seen them (cross_val_predict).
4.  Where answers stand in the text of a sample of the images, read the text of all (`ocr.py`) and learn which span of
    it answers a question (`span_ranker.py`: SGDClassifier on pairs of spans; `text_reader.py`).
5.  Classify the question (`answers.py`: DictVectorizer, SGDClassifier) by its words, what is detected, and what the
    text says: a known answer, or "a span of the image's text", or "words of the question".
6.  Each epoch is a `partial_fit` of the classifier and the ranker. The last three are stored as checkpoints
    (`storage.py`). `model.py` puts the parts together to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vqaft.engines.embedded.answers import AnswerClassifier, question_features, recurring
from vqaft.engines.embedded.detectors import fit_detectors
from vqaft.engines.embedded.inputs import Dataset, Pair, PromptTemplate
from vqaft.engines.embedded.model import BaseChatModel, EmbeddedModel, TrainedChatModel, View, best
from vqaft.engines.embedded.ocr import Line, TextRecognizer, may_hold_text
from vqaft.engines.embedded.spans import find_spans, normalized
from vqaft.engines.embedded.storage import load, store
from vqaft.engines.embedded.text_reader import TextTrainer
from vqaft.engines.engine import ChatModel, Progress, TrainingMetrics, TrainingNote, TrainingResult, TrainingTask
from vqaft.errors import RecordError

AUTO_EPOCHS, AUTO_BATCH_SIZE = 25, 16
KEPT_CHECKPOINTS = 3
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


class EmbeddedEngine:
    """Trains and loads the embedded models.

    Args:
        cache_folder: Where the text of images is cached, by the content of the image; None caches it in memory.
    """

    def __init__(self, *, cache_folder: Path | None = None) -> None:
        self._recognizer = TextRecognizer(cache_folder)

    def load(self, folder: Path | None) -> ChatModel:
        """Load a model; see `vqaft.engines.Engine`."""
        if folder is None:
            return BaseChatModel(self._recognizer)
        return TrainedChatModel(load(folder), self._recognizer)

    def train(self, task: TrainingTask, on_step: Callable[[Progress], None]) -> TrainingResult:
        """Train and store a model; see `vqaft.engines.Engine`.

        The models of the last three epochs are stored too, in `epoch-<number>` of the task's folder. The optimizer
        updates after each pair; `batch_size` only sets how steps are counted.
        """
        dataset = Dataset.read(task.training_file)
        if not dataset.pairs:
            raise RecordError("no row holds an answer to learn from", path=task.training_file)
        if not self._recognizer.is_available() and any(map(may_hold_text, dataset.pictures.values())):
            on_step(TrainingNote(message=TEXT_NOT_READ, level="warn"))
        rate = 1.0 if task.learning_rate_multiplier is None else task.learning_rate_multiplier
        trainer = Trainer(dataset, self._recognizer, rate=rate, seed=task.seed)
        exams = [trainer.exam(dataset, sample=MAX_MEASURED)]
        if task.validation_file is not None:
            exams.append(trainer.exam(Dataset.read(task.validation_file)))
        n_epochs, batch_size = task.n_epochs or AUTO_EPOCHS, task.batch_size or AUTO_BATCH_SIZE
        steps = -(-len(dataset.pairs) // batch_size)
        for epoch in range(1, n_epochs + 1):
            model = trainer.run_epoch()
            own, *others = [exam.measure(model) for exam in exams]
            valid_loss, valid_accuracy = others[0] if others else (None, None)
            checkpoint = task.folder / f"epoch-{epoch}" if epoch > n_epochs - KEPT_CHECKPOINTS else None
            if checkpoint is not None:
                store(model, checkpoint)
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
        store(model, task.folder)
        return TrainingResult(
            trained_tokens=dataset.tokens * n_epochs,
            n_epochs=n_epochs,
            batch_size=batch_size,
            learning_rate_multiplier=rate,
            examples=len(dataset.pairs),
        )


class Trainer:
    """Holds a model while it is trained.

    Args:
        dataset: The training file.
        recognizer: Reads text in images.
        rate: Factor on the learning rate.
        seed: Of everything that is drawn at random.
    """

    def __init__(self, dataset: Dataset, recognizer: TextRecognizer, *, rate: float, seed: int) -> None:
        self._recognizer, self._seed = recognizer, seed
        self._template = PromptTemplate.of(pair.question for pair in dataset.pairs)
        pairs, features = self._questions(dataset), dataset.features
        self._detectors, detected = fit_detectors(pairs, features, seed=seed)
        summaries = self._detectors.summary(self._detectors.scaled(np.stack(list(features.values()))))
        lines = self._lines(dataset) if text_helps(dataset, recognizer, seed=seed) else {}
        self._text = TextTrainer(pairs, lines, rate=rate, seed=seed)
        seen = {
            key: (dict(zip(self._detectors.names, detected[n], strict=True)), summaries[n])
            for n, key in enumerate(features)
        }
        evidence = self._text.held_out_evidence()
        cases = [
            question_features(pair.question, *seen[pair.image]) | found
            for pair, found in zip(pairs, evidence, strict=True)
        ]
        targets = [self._text.sources.get(number, pair.answer.casefold()) for number, pair in enumerate(pairs)]
        answers = recurring(pair.answer for number, pair in enumerate(pairs) if number not in self._text.sources)
        answers |= dict.fromkeys(self._text.sources.values(), "")
        known = [number for number, target in enumerate(targets) if target in answers]
        self._targets = [targets[number] for number in known]
        self._classifier = AnswerClassifier.untrained(
            answers, [cases[number] for number in known], rate=rate, seed=seed
        )
        self._rows = self._classifier.vectorizer.transform([cases[number] for number in known])

    @property
    def model(self) -> EmbeddedModel:
        """The model as it is now; it changes with further epochs."""
        return EmbeddedModel(
            template=self._template, detectors=self._detectors, classifier=self._classifier, reader=self._text.reader
        )

    def run_epoch(self) -> EmbeddedModel:
        """Run an epoch and return the model as it is now."""
        self._classifier.learn(self._rows, self._targets)
        self._text.learn()
        return self.model

    def exam(self, dataset: Dataset, *, sample: int | None = None) -> Exam:
        """Return evaluation pairs of a file, or a sample of them."""
        pairs = self._questions(dataset)
        order = np.random.default_rng(self._seed).permutation(len(pairs))[:sample]
        chosen = [pairs[number] for number in sorted(order)]
        model, views = self.model, {}
        for key in sorted({pair.image for pair in chosen}):
            picture = dataset.pictures.get(key)
            views[key] = model.view(dataset.features[key], model.read(picture, self._recognizer))
        return Exam(pairs=chosen, views=views)

    def _questions(self, dataset: Dataset) -> list[Pair]:
        return [replace(pair, question=self._template.question(pair.question)) for pair in dataset.pairs]

    def _lines(self, dataset: Dataset) -> dict[str, Sequence[Line]]:
        return {key: self._recognizer.read(picture) for key, picture in sorted(dataset.pictures.items())}


def text_helps(dataset: Dataset, recognizer: TextRecognizer, *, seed: int) -> bool:
    """Return whether answers stand in the text of a sample of the images, before all are read."""
    keys = sorted(dataset.pictures)
    sample = [keys[number] for number in np.random.default_rng(seed).permutation(len(keys))[:SAMPLE]]
    texts = {
        key: {normalized(span.text) for span in find_spans(recognizer.read(dataset.pictures[key]))} for key in sample
    }
    answers = [(pair.image, normalized(pair.answer)) for pair in dataset.pairs if pair.image in texts]
    found = [len(answer) >= MIN_LENGTH and answer in texts[key] for key, answer in answers]
    return sum(found) >= max(1, MIN_SHARE * len(found))


@dataclass(frozen=True, kw_only=True)
class Exam:
    """Questions (without the template) with right answers to measure a model by, and what is seen in their images."""

    pairs: Sequence[Pair] = field(repr=False)
    views: Mapping[str, View] = field(repr=False)

    def measure(self, model: EmbeddedModel) -> tuple[float, float]:
        """Return the mean loss and the share of right answers.

        The loss is -log of the probability of the right answer (of at least 0.0001); an answer is right that equals the
        reference but for blanks and letter case.
        """
        views = {key: model.renewed(view) for key, view in self.views.items()}
        losses, right = [], []
        for pair in self.pairs:
            answers, wanted = model.weigh(pair.question, views[pair.image]), normalized(pair.answer)
            losses.append(-np.log(max(answers.get(wanted, ("", 0.0))[1], 1e-4)))
            right.append(normalized(best(answers)) == wanted)
        return float(np.mean(losses)), float(np.mean(right))
