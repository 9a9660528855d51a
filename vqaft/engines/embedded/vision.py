"""What is learnt of images by themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.concepts import Concepts, learn_concepts
from vqaft.engines.embedded.pairs import Pair
from vqaft.engines.embedded.question_features import question_features
from vqaft.engines.embedded.scaling import Scaling

Floats = NDArray[np.float64]
NEGLIGIBLE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Vision:
    """What is learnt of images by themselves.

    Attributes:
        scaling: Of the image features.
        concepts: What can be seen by name.
        axes: Features × axes: the main differences between the training images.
    """

    scaling: Scaling
    concepts: Concepts
    axes: Floats = field(repr=False)

    def case(self, image: Mapping[str, Floats], question: str) -> dict[str, float]:
        """Describe a question about an image for the classifier."""
        row = self.scaling.apply([image])
        return self.describe(question, self.concepts.scores(row)[0], (row @ self.axes)[0])

    def describe(self, question: str, scores: Floats, glimpse: Floats) -> dict[str, float]:
        """Describe a question about an image of which the scores of the concepts and the glimpse are known."""
        seen = dict(zip(self.concepts.names, map(float, scores), strict=True))
        return question_features(question, seen, [float(value) for value in glimpse])


def learn_vision(
    pairs: Sequence[Pair], images: Mapping[str, Mapping[str, Floats]], *, seed: int
) -> tuple[Vision, list[dict[str, float]]]:
    """Learn what images show.

    Args:
        pairs: Questions, without their frame, and answers.
        images: Image features by key.
        seed: Of the folds.

    Returns:
        What was learnt, and the description of each pair, in which concepts are scored by a model that did not see
        the pair's image.
    """
    keys = sorted(images)
    scaling = Scaling.of([images[key] for key in keys])
    rows = scaling.apply([images[key] for key in keys])
    concepts, scores = learn_concepts(rows, keys, _answers_by_image(pairs), seed=seed)
    vision = Vision(scaling=scaling, concepts=concepts, axes=_main_axes(rows))
    glimpses = rows @ vision.axes
    place = {key: number for number, key in enumerate(keys)}
    return vision, [
        vision.describe(pair.question, scores[place[pair.image]], glimpses[place[pair.image]]) for pair in pairs
    ]


def _answers_by_image(pairs: Sequence[Pair]) -> dict[str, dict[str, set[str]]]:
    answers: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for pair in pairs:
        answers[pair.image][pair.question.casefold()].add(pair.answer.casefold())
    return answers


def _main_axes(rows: Floats, *, most: int = 8) -> Floats:
    """The directions in which images differ most, scaled so that a glimpse has a spread of 0.3."""
    _, strengths, axes = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    kept = min(most, int((strengths > NEGLIGIBLE).sum()))
    scaled: Floats = axes[:kept].T * (0.3 * np.sqrt(len(rows)) / strengths[:kept])
    return scaled
