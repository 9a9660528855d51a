"""Detectors: answers that can be seen in an image.

"What color is it?" is answered "red" for some images and "blue" for others. From these the engine learns what red and
blue images look like, and uses it for other questions that mention them, such as "Is it not red?". Answers that were
given to the same question exclude each other, so each such family becomes one multinomial logistic regression.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.image_features import WEIGHTS
from vqaft.engines.embedded.inputs import Pair

MIN_IMAGES = 3
"""Images that must show an answer before a detector for it is fitted."""
STRENGTH = 10.0
"""Inverse regularization strength."""
FOLDS = 4
AXES = 8

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Detectors:
    """Fitted detectors.

    Attributes:
        scaler: StandardScaler of the image features.
        axes: Pipeline (TruncatedSVD, StandardScaler) to the main differences between the training images.
        families: A LogisticRegression for each family; its classes are the answers, in lower case.
    """

    scaler: Any
    axes: Any
    families: list[Any]

    def detect(self, features: Floats) -> Sight:
        """Describe an image by its feature vector."""
        scaled = self.scaler.transform(features[None]) * WEIGHTS
        found = [family.predict_proba(scaled)[0] for family in self.families]
        return self.sight(found, self.axes.transform(scaled)[0])

    def sight(self, found: Sequence[Floats], summary: Floats) -> Sight:
        """Name the probabilities that each family gives for an image."""
        named = (zip(family.classes_, values, strict=True) for family, values in zip(self.families, found, strict=True))
        return Sight(detected={str(name): float(p) for pairs in named for name, p in pairs}, summary=summary)


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is seen in an image.

    Attributes:
        detected: Probability of each answer that the detectors know.
        summary: A few numbers that sum up the image, with a standard deviation of 1 over the training images.
    """

    detected: Mapping[str, float]
    summary: Floats


def fit_detectors(
    pairs: Sequence[Pair], features: Mapping[str, Floats], *, seed: int
) -> tuple[Detectors, dict[str, Sight]]:
    """Fit detectors to the training data.

    Args:
        pairs: Questions and answers.
        features: Image features by key of the image.
        seed: Draws the folds.

    Returns:
        The detectors, and what is seen in each image by models that were fitted without it.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    raw = np.stack(list(features.values()))
    scaled = (scaler := StandardScaler()).fit_transform(raw) * WEIGHTS
    with np.errstate(divide="ignore", invalid="ignore"):  # of a single image there is no variance to explain
        axes = make_pipeline(TruncatedSVD(AXES, random_state=seed), StandardScaler()).fit(scaled)
    shown: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        shown[pair.image].add(pair.answer.casefold())
    families, held_out = [], []
    for labels in _families(pairs, shown):
        family, probabilities = _fit_family(scaled, [labels.get(key) for key in features], seed=seed)
        families.append(family)
        held_out.append(probabilities)
    detectors = Detectors(scaler=scaler, axes=axes, families=families)
    summaries = axes.transform(scaled)
    return detectors, {
        key: detectors.sight([found[number] for found in held_out], summaries[number])
        for number, key in enumerate(features)
    }


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
        hits = {image: sorted(group & answers) for image, answers in shown.items() if group & answers}
        labels = {image: found[0] for image, found in hits.items() if len(found) == 1}
        counts = Counter(labels.values())
        labels = {image: label for image, label in labels.items() if counts[label] >= MIN_IMAGES}
        if 2 * len(labels) > len(hits) and len(set(labels.values())) > 1:
            yield labels


def _fit_family(scaled: Floats, labels: Sequence[str | None], *, seed: int) -> tuple[Any, Floats]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    known = np.flatnonzero([label is not None for label in labels])
    target = np.array([label for label in labels if label is not None])
    folds = StratifiedKFold(min(FOLDS, *Counter(target).values()), shuffle=True, random_state=seed)
    family = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-3).fit(scaled[known], target)
    probabilities = family.predict_proba(scaled)
    probabilities[known] = cross_val_predict(family, scaled[known], target, cv=folds, method="predict_proba")
    return family, probabilities
