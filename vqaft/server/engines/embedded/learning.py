"""How the engine learns: what can be prepared before the epochs, and the epochs themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqaft.server.engines.embedded.classifier import AnswerClassifier, ClassifierLearner, recurring
from vqaft.server.engines.embedded.descent import Learner, run_epoch
from vqaft.server.engines.embedded.exam import Exam
from vqaft.server.engines.embedded.frame import Frame
from vqaft.server.engines.embedded.gate import Gate, gate_features, learn_gate
from vqaft.server.engines.embedded.knowledge import Knowledge
from vqaft.server.engines.embedded.lines import Line
from vqaft.server.engines.embedded.pairs import Pair
from vqaft.server.engines.embedded.ranker import SpanRanker
from vqaft.server.engines.embedded.span_features import squeezed
from vqaft.server.engines.embedded.text_lesson import TextLesson, text_lesson
from vqaft.server.engines.embedded.vision import learn_vision

FOLDS = 4
FOLD_EPOCHS = 10
FOLD_BATCH = 16

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What is to be learnt.

    Attributes:
        frame: What surrounds the questions.
        pairs: Questions, without their frame, and answers; each once.
        features: Image features by key.
        lines: Text by key of the image; empty where text is not to be used.
    """

    frame: Frame
    pairs: Sequence[Pair]
    features: Mapping[str, Mapping[str, Floats]] = field(repr=False)
    lines: Mapping[str, tuple[Line, ...]] = field(repr=False)


class Student:
    """Holds a model while it learns.

    Args:
        lesson: What is to be learnt.
        rate: Factor on the step length.
        seed: Of everything that is drawn by chance.
    """

    def __init__(self, lesson: Lesson, *, rate: float, seed: int) -> None:
        self._lesson, self._rate, self._seed = lesson, rate, seed
        self._vision, self._cases = learn_vision(lesson.pairs, lesson.features, seed=seed)
        self._answers = recurring(pair.answer for pair in lesson.pairs)
        self._text = text_lesson(lesson.pairs, lesson.lines) if lesson.lines else None
        everything = range(len(lesson.pairs))
        self._classifying = self._classifier(everything)
        self._ranking = self._text.learner(everything, rate=rate) if self._text else None
        self._gate = self._learn_gate(self._text) if self._text else Gate(weights=np.array([20.0, 0.0, 0.0]))

    @property
    def learners(self) -> list[Learner]:
        """Who takes part in an epoch."""
        return [self._classifying, self._ranking] if self._ranking else [self._classifying]

    def knowledge(self) -> Knowledge:
        """The model as it is now; it changes with further epochs."""
        return Knowledge(
            frame=self._lesson.frame,
            vision=self._vision,
            classifier=self._classifying.model,
            ranker=self._ranking.model if self._ranking else None,
            gate=self._gate,
            letter_case=self._text.letter_case if self._text else "kept",
        )

    def exam(self) -> Exam:
        """The lesson as an exam."""
        pages = self._text.pages if self._text else {}
        pairs = self._lesson.pairs
        return Exam(pairs=pairs, cases=self._cases, pages=[pages.get(pair.image) for pair in pairs])

    def _classifier(self, numbers: Sequence[int]) -> ClassifierLearner:
        index = {answer: place for place, answer in enumerate(self._answers)}
        found = [(n, index.get(self._lesson.pairs[n].answer.casefold())) for n in numbers]
        known = [(self._cases[n], target) for n, target in found if target is not None]
        cases, targets = [case for case, _ in known], [target for _, target in known]
        return ClassifierLearner(tuple(self._answers.values()), cases, targets, rate=self._rate)

    def _learn_gate(self, text: TextLesson) -> Gate:
        """Learn whom to trust from models that have not seen the image."""
        features, known_is_right = [], []
        rng = np.random.default_rng(self._seed)
        for train, test in self._folds(rng):
            classifying, ranking = self._classifier(train), text.learner(train, rate=self._rate)
            for _ in range(FOLD_EPOCHS):
                run_epoch([classifying, ranking], batch_size=FOLD_BATCH, rng=rng)
            for number in test:
                known, span = self._rivals(number, classifying.model, ranking.model, text)
                if known[0] != span[0]:
                    place = ranking.model.space.vector(self._lesson.pairs[number].question)
                    features.append(gate_features(known[1], span[1], place))
                    known_is_right.append(known[0])
        return learn_gate(features, known_is_right)

    def _folds(self, rng: np.random.Generator) -> Iterator[tuple[list[int], list[int]]]:
        images = sorted(self._lesson.features)
        fold = dict(zip(images, rng.permutation(len(images)) % FOLDS, strict=True))
        of_pair = [fold[pair.image] for pair in self._lesson.pairs]
        for number in range(FOLDS):
            train = [n for n, own in enumerate(of_pair) if own != number]
            yield train, [n for n, own in enumerate(of_pair) if own == number]

    def _rivals(
        self, number: int, classifier: AnswerClassifier, ranker: SpanRanker, text: TextLesson
    ) -> tuple[tuple[bool, float], tuple[bool, float]]:
        """Whether the best known answer and the best span are right, each with its probability."""
        pair = self._lesson.pairs[number]
        wanted = squeezed(pair.answer)
        known = classifier.probabilities([self._cases[number]])[0]
        spans = ranker.rank(text.pages[pair.image], pair.question)
        first = squeezed(classifier.answers[int(known.argmax())]) == wanted, float(known.max())
        second = (squeezed(spans[0].text) == wanted, spans[0].probability) if spans else (False, 0.0)
        return first, second
