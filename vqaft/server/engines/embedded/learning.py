"""How the engine learns: what can be prepared before the epochs, and the epochs themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqaft.server.engines.embedded.classifier import IN_TEXT, ClassifierLearner, recurring
from vqaft.server.engines.embedded.descent import Learner, run_epoch
from vqaft.server.engines.embedded.evidence import evidence
from vqaft.server.engines.embedded.exam import Exam
from vqaft.server.engines.embedded.frame import Frame
from vqaft.server.engines.embedded.knowledge import Knowledge
from vqaft.server.engines.embedded.lines import Line
from vqaft.server.engines.embedded.pairs import Pair
from vqaft.server.engines.embedded.ranker import SpanRanker
from vqaft.server.engines.embedded.text_lesson import TextLesson, text_lesson
from vqaft.server.engines.embedded.text_skill import TextSkill, find
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
        self._text = text_lesson(lesson.pairs, lesson.lines) if lesson.lines else None
        self._in_text = self._text.cases.keys() if self._text else frozenset[int]()
        beside_text = [pair.answer for number, pair in enumerate(lesson.pairs) if number not in self._in_text]
        self._answers = recurring(beside_text)
        if self._text:
            self._add_evidence(self._text)
        self._classifying = self._classifier()
        self._ranking = self._text.learner(range(len(lesson.pairs)), rate=rate) if self._text else None

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
            text=self._skill(self._text, self._ranking.model) if self._text and self._ranking else None,
        )

    def exam(self) -> Exam:
        """The lesson as an exam."""
        pages = self._text.pages if self._text else {}
        pairs = self._lesson.pairs
        return Exam(pairs=pairs, cases=self._cases, pages=[pages.get(pair.image) for pair in pairs], has_evidence=True)

    def _skill(self, text: TextLesson, ranker: SpanRanker) -> TextSkill:
        return TextSkill(ranker=ranker, probes=text.probes, spelling=text.spelling)

    def _classifier(self) -> ClassifierLearner:
        everything = range(len(self._lesson.pairs))
        answers = (*([IN_TEXT] if self._in_text else []), *self._answers.values())
        index = {answer.casefold(): place for place, answer in enumerate(answers)}
        keys = [IN_TEXT if n in self._in_text else self._lesson.pairs[n].answer.casefold() for n in everything]
        known = [(self._cases[n], index[key]) for n, key in zip(everything, keys, strict=True) if key in index]
        cases, targets = [case for case, _ in known], [target for _, target in known]
        return ClassifierLearner(answers, cases, targets, rate=self._rate)

    def _add_evidence(self, text: TextLesson) -> None:
        """Add to each case the evidence of its image, found by a ranker that has not seen the image."""
        rng = np.random.default_rng(self._seed)
        for train, test in self._folds(rng):
            learner = text.learner(train, rate=self._rate)
            for _ in range(FOLD_EPOCHS):
                run_epoch([learner], batch_size=FOLD_BATCH, rng=rng)
            images = sorted({self._lesson.pairs[number].image for number in test})
            findings = {image: find(learner.model, text.probes, text.pages[image]) for image in images}
            for number in test:
                pair = self._lesson.pairs[number]
                self._cases[number] |= evidence(pair.question, text.probes, findings[pair.image])

    def _folds(self, rng: np.random.Generator) -> Iterator[tuple[list[int], list[int]]]:
        images = sorted(self._lesson.features)
        fold = dict(zip(images, rng.permutation(len(images)) % FOLDS, strict=True))
        of_pair = [fold[pair.image] for pair in self._lesson.pairs]
        for number in range(FOLDS):
            train = [n for n, own in enumerate(of_pair) if own != number]
            yield train, [n for n, own in enumerate(of_pair) if own == number]
