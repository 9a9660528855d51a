"""Where questions stand to each other: a few numbers for each, near for questions that use the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.question_features import grams, words
from vqaft.engines.embedded.vocabulary import Vocabulary

MOST_AXES = 8


@dataclass(frozen=True, kw_only=True)
class QuestionSpace:
    """The main axes of the words in the training questions (a truncated singular value decomposition).

    Attributes:
        vocabulary: The words and pairs of words.
        axes: Words × axes, scaled so that the training questions lie about 1 from the origin.
    """

    vocabulary: Vocabulary = field(repr=False)
    axes: NDArray[np.float32] = field(repr=False)

    @classmethod
    def of(cls, questions: Sequence[str]) -> QuestionSpace:
        """Learn the axes from the questions of the training data."""
        distinct = sorted(set(questions))
        cases = [grams(words(question), "q") for question in distinct]
        vocabulary = Vocabulary.of([case] for case in cases)
        matrix = vocabulary.matrix(cases).toarray().astype(np.float64)
        if not matrix.size:
            return cls(vocabulary=vocabulary, axes=np.zeros((matrix.shape[1], 0), dtype=np.float32))
        _, strengths, axes = np.linalg.svd(matrix, full_matrices=False)
        kept = min(MOST_AXES, int((strengths > 1e-6 * strengths[0]).sum()))
        scale = np.sqrt(len(distinct) / max(kept, 1)) / strengths[:kept]
        return cls(vocabulary=vocabulary, axes=(axes[:kept].T * scale).astype(np.float32))

    def vector(self, question: str) -> NDArray[np.float32]:
        """Place a question: 1, then its coordinates on the axes."""
        place = (self.vocabulary.matrix([grams(words(question), "q")]) @ self.axes)[0]
        return np.concatenate([np.ones(1, dtype=np.float32), np.clip(place, -3.0, 3.0)])
