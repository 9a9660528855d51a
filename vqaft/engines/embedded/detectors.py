"""Detectors: answers that can be seen in an image.

"What color is it?" is answered "red" for some images and "blue" for others. From these the engine learns what red and
blue images look like, and uses it for other questions that mention them, such as "Is it not red?". Answers that were
given to the same question exclude each other, so each such family becomes one multinomial logistic regression.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.image_features import block_weights
from vqaft.engines.embedded.inputs import Pair

MIN_IMAGES = 3
"""Images that must show an answer before a detector for it is fitted."""
STRENGTH = 10.0
"""Inverse regularization strength."""
FOLDS = 4
AXES = 8
CLIP = 4.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Detectors:
    """Fitted detectors.

    Attributes:
        scaler: StandardScaler of the image features.
        axes: TruncatedSVD of the scaled features: the main differences between the training images.
        families: A LogisticRegression for each family; its classes are the answers, in lower case.
    """

    scaler: Any
    axes: Any
    families: list[Any]

    @property
    def names(self) -> list[str]:
        """The answers that are detected, in the order of the probabilities."""
        return [str(name) for family in self.families for name in family.classes_]

    def scaled(self, features: Floats) -> Floats:
        """Standardize feature vectors, a row an image, so that each block of features counts the same."""
        scaled: Floats = np.clip(self.scaler.transform(features), -CLIP, CLIP) * block_weights()
        return scaled

    def probabilities(self, scaled: Floats) -> Floats:
        """Compute the probability of each answer for each row of scaled features."""
        found = [family.predict_proba(scaled) for family in self.families]
        return np.hstack([np.zeros((len(scaled), 0)), *found])

    def summary(self, scaled: Floats) -> Floats:
        """Compute a few numbers for each image, with a standard deviation of 0.3 over the training images."""
        spread = np.sqrt(self.axes.explained_variance_) + 1e-6
        summary: Floats = 0.3 * np.clip(self.axes.transform(scaled) / spread, -CLIP, CLIP)
        return summary


def fit_detectors(pairs: Sequence[Pair], features: Mapping[str, Floats], *, seed: int) -> tuple[Detectors, Floats]:
    """Fit detectors to the training data.

    Args:
        pairs: Questions and answers.
        features: Image features by key of the image.
        seed: Draws the folds.

    Returns:
        The detectors, and the probabilities for each image (in the order of `features`) by models that were fitted
        without it.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import StandardScaler

    raw = np.stack(list(features.values()))
    detectors = Detectors(scaler=StandardScaler().fit(raw), axes=TruncatedSVD(AXES, random_state=seed), families=[])
    scaled = detectors.scaled(raw)
    with warnings.catch_warnings():  # of a single image there is no variance to explain
        warnings.simplefilter("ignore", RuntimeWarning)
        detectors.axes.fit(scaled)
    shown: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        shown[pair.image].add(pair.answer.casefold())
    held_out = [np.zeros((len(raw), 0))]
    for labels in _families(pairs, shown):
        family, probabilities = _fit_family(scaled, [labels.get(key) for key in features], seed=seed)
        detectors.families.append(family)
        held_out.append(probabilities)
    return detectors, np.hstack(held_out)


def _families(pairs: Sequence[Pair], shown: Mapping[str, set[str]]) -> Iterator[dict[str, str]]:
    """Yield the answer that each image shows, for each family of answers that exclude each other."""
    given: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        given[pair.question.casefold()].add(pair.answer.casefold())
    images = Counter(answer for answers in shown.values() for answer in answers)
    groups: list[set[str]] = []
    for answers in given.values():
        merged = {answer for answer in answers if images[answer] >= MIN_IMAGES}
        touching = [group for group in groups if group & merged]
        groups = [group for group in groups if not group & merged] + [merged.union(*touching)]
    for group in sorted(groups, key=sorted):
        labels = _exclusive_labels(group, shown)
        counts = Counter(labels.values())
        labels = _exclusive_labels({name for name in group if counts[name] >= MIN_IMAGES}, shown)
        if len(set(labels.values())) > 1:
            yield labels


def _exclusive_labels(family: set[str], shown: Mapping[str, set[str]]) -> dict[str, str]:
    """Return the one answer of a family that each image shows; empty where most images show several."""
    hits = {image: sorted(family & answers) for image, answers in shown.items() if family & answers}
    single = {image: found[0] for image, found in hits.items() if len(found) == 1}
    return single if 2 * len(single) > len(hits) else {}


def _fit_family(scaled: Floats, labels: Sequence[str | None], *, seed: int) -> tuple[Any, Floats]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    known = np.flatnonzero([label is not None for label in labels])
    target = np.array([label for label in labels if label is not None])
    folds = StratifiedKFold(min(FOLDS, *Counter(target).values()), shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # a few more iterations would not change what is detected
        warnings.simplefilter("ignore", ConvergenceWarning)
        family = LogisticRegression(C=STRENGTH, max_iter=300, tol=1e-3).fit(scaled[known], target)
        probabilities = family.predict_proba(scaled)
        probabilities[known] = cross_val_predict(family, scaled[known], target, cv=folds, method="predict_proba")
    return family, probabilities
