"""How the engine learns: what can be prepared before the epochs, and the epochs themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.classifier import IN_QUESTION, IN_TEXT, ClassifierLearner, recurring
from vqaft.engines.embedded.descent import Epoch, Learner
from vqaft.engines.embedded.evidence import evidence
from vqaft.engines.embedded.exam import Exam
from vqaft.engines.embedded.frame import Frame
from vqaft.engines.embedded.knowledge import Knowledge
from vqaft.engines.embedded.lines import Line
from vqaft.engines.embedded.pairs import Pair
from vqaft.engines.embedded.ranker import RankerLearner
from vqaft.engines.embedded.text_lesson import TextLesson, text_lesson, wording_lesson
from vqaft.engines.embedded.text_skill import TextSkill, find
from vqaft.engines.embedded.vision import learn_vision

MOST_MEASURED = 300
"""Training pairs that the model is measured by after each epoch."""
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
        self._wording = wording_lesson(lesson.pairs)
        self._targets = self._find_targets()
        self._answers = recurring(target for target in self._targets if target not in {IN_TEXT, IN_QUESTION})
        if self._text:
            self._add_evidence(self._text)
        everything = range(len(lesson.pairs))
        self._classifying = self._classifier()
        self._reading = self._text.learner(everything, rate=rate) if self._text else None
        self._listening = self._wording.learner(everything, rate=rate) if self._wording else None

    @property
    def learners(self) -> list[Learner]:
        """Who takes part in an epoch."""
        return [learner for learner in (self._classifying, self._reading, self._listening) if learner is not None]

    def knowledge(self) -> Knowledge:
        """The model as it is now; it changes with further epochs."""
        return Knowledge(
            frame=self._lesson.frame,
            vision=self._vision,
            classifier=self._classifying.model,
            text=_skill(self._text, self._reading),
            wording=_skill(self._wording, self._listening),
        )

    def exam(self) -> Exam:
        """The lesson as an exam; of a long lesson a sample of 300 pairs."""
        pages = self._text.pages if self._text else {}
        order = np.random.default_rng(self._seed).permutation(len(self._cases))
        sample = sorted(map(int, order[:MOST_MEASURED]))
        pairs = [self._lesson.pairs[number] for number in sample]
        return Exam(
            pairs=pairs,
            cases=[self._cases[number] for number in sample],
            pages=[pages.get(pair.image) for pair in pairs],
            has_evidence=True,
        )

    def _find_targets(self) -> list[str]:
        """What the classifier should say to each pair: the answer, or where it stands."""
        in_text = self._text.cases if self._text else {}
        in_question = self._wording.cases if self._wording else {}
        return [
            IN_TEXT if number in in_text else IN_QUESTION if number in in_question else pair.answer
            for number, pair in enumerate(self._lesson.pairs)
        ]

    def _classifier(self) -> ClassifierLearner:
        places = [place for place in (IN_TEXT, IN_QUESTION) if place in self._targets]
        answers = (*places, *self._answers.values())
        index = {answer.casefold(): number for number, answer in enumerate(answers)}
        known = [number for number, target in enumerate(self._targets) if target.casefold() in index]
        targets = [index[self._targets[number].casefold()] for number in known]
        return ClassifierLearner(answers, [self._cases[number] for number in known], targets, rate=self._rate)

    def _add_evidence(self, text: TextLesson) -> None:
        """Add to each case the evidence of its image, found by a ranker that has not seen the image."""
        rng = np.random.default_rng(self._seed)
        for train, test in self._folds(rng):
            learner = text.learner(train, rate=self._rate)
            for number in range(FOLD_EPOCHS):
                Epoch(number=number, of=FOLD_EPOCHS, batch_size=FOLD_BATCH).run([learner], rng)
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


def _skill(lesson: TextLesson | None, learner: RankerLearner | None) -> TextSkill | None:
    if lesson is None or learner is None:
        return None
    return TextSkill(ranker=learner.model, probes=lesson.probes, spelling=lesson.spelling)
