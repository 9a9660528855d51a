"""The answers that recur: which of them fits an image and a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.descent import Adam, Weights, softmax
from vqaft.engines.embedded.vocabulary import Features, Vocabulary

RATE = 0.05
DECAY = 3e-4
MOST_ANSWERS = 300
IN_TEXT, IN_QUESTION = "\0text", "\0question"
"""Stand for "the answer is to be found in the text of the image", and "among the words of the question"."""
FEW_CASES = 500
"""With more cases than this, features that occur once are left out."""


@dataclass(frozen=True, kw_only=True)
class AnswerClassifier:
    """A linear softmax over known answers.

    Attributes:
        answers: What it can answer; `IN_TEXT` and `IN_QUESTION` may be among them.
        vocabulary: The features that it knows.
        weights: Features × answers.
    """

    answers: tuple[str, ...]
    vocabulary: Vocabulary = field(repr=False)
    weights: Weights = field(repr=False)

    def probabilities(self, cases: Sequence[Features]) -> Weights:
        """Probability of each answer, a row a case."""
        return softmax(self.vocabulary.matrix(cases) @ self.weights)


def recurring(answers: Iterable[str]) -> dict[str, str]:
    """Find the answers that are given more than once.

    Args:
        answers: All answers of the training data.

    Returns:
        By the answer without letter case, its most frequent spelling; at most the 300 most frequent, in their order.
    """
    spellings: dict[str, Counter[str]] = {}
    for answer in answers:
        spellings.setdefault(answer.casefold(), Counter())[answer] += 1
    several = {key: found for key, found in spellings.items() if found.total() > 1} or spellings
    ranked = sorted(several, key=lambda key: (-several[key].total(), key))[:MOST_ANSWERS]
    return {key: min(several[key], key=lambda answer: (-several[key][answer], answer)) for key in ranked}


class ClassifierLearner:
    """Learns an `AnswerClassifier` by small steps.

    Args:
        answers: What can be answered.
        cases: Features of each case.
        targets: Index of the right answer of each case.
        rate: Factor on the step length.
    """

    def __init__(
        self, answers: Sequence[str], cases: Sequence[Features], targets: Sequence[int], *, rate: float = 1.0
    ) -> None:
        vocabulary = Vocabulary.of(([case] for case in cases), least=1 if len(cases) <= FEW_CASES else 2)
        self._matrix: Any = vocabulary.matrix(cases)
        self._targets = np.asarray(targets, dtype=int)
        shape = len(vocabulary.names), len(answers)
        self._adam = Adam(shape, rate=RATE * rate, decay=DECAY)
        self.model = AnswerClassifier(
            answers=tuple(answers), vocabulary=vocabulary, weights=np.zeros(shape, dtype=np.float32)
        )

    @property
    def size(self) -> int:
        """How many cases there are."""
        return len(self._targets)

    def step(self, batch: NDArray[np.int_], pace: float) -> None:
        """Learn from the cases with these numbers, by softmax cross-entropy."""
        rows = self._matrix[batch]
        errors = softmax(rows @ self.model.weights)
        errors[np.arange(len(batch)), self._targets[batch]] -= 1.0
        self._adam.step(self.model.weights, rows.T @ (errors / np.float32(len(batch))), pace)
