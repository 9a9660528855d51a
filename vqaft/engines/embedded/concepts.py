"""Concepts: answers that the engine learnt to see in an image.

"What colour is it?" is answered "red" for some images and "blue" for others: from these the engine learns what red
and blue images look like, and can use it for other questions that mention red or blue, such as "Is it not red?".
Which answers exclude each other is learnt too: those given to the same question.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_IMAGES = 3
"""Images that must show a concept before it is learnt."""
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
"""Inverse regularisation strengths that are tried."""
FOLDS = 4
LEAST_LOG = -8.0


@dataclass(frozen=True, kw_only=True)
class Family:
    """Answers that exclude each other, and how to see them.

    Attributes:
        names: The answers.
        weights: Features × answers.
        bias: One number an answer.
    """

    names: tuple[str, ...]
    weights: Floats = field(repr=False)
    bias: Floats = field(repr=False)

    def scores(self, features: Floats) -> Floats:
        """Log-probabilities of the answers for each row of features."""
        raw = features @ self.weights + self.bias
        raw -= raw.max(axis=1, keepdims=True)
        logs: Floats = raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
        return np.maximum(logs, LEAST_LOG)


def families(answers: Mapping[str, Mapping[str, set[str]]]) -> list[tuple[str, ...]]:
    """Group answers by the questions that they were given to.

    Args:
        answers: For each image, the answers to each question about it.

    Returns:
        Groups of at least two answers, each of which enough images show; answers within a group exclude each other.
    """
    given: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, set[str]] = defaultdict(set)
    for image, question, answer in _flat(answers):
        given[question].add(answer)
        shown[answer].add(image)
    groups: list[set[str]] = []
    for said in given.values():
        merged = {answer for answer in said if len(shown[answer]) >= LEAST_IMAGES}
        touching = [group for group in groups if group & merged]
        groups = [group for group in groups if not group & merged] + [merged.union(*touching)]
    return sorted(tuple(sorted(group)) for group in groups if len(group) > 1)


def _flat(answers: Mapping[str, Mapping[str, set[str]]]) -> Iterator[tuple[str, str, str]]:
    for image, questions in answers.items():
        for question, said in questions.items():
            yield from ((image, question, answer) for answer in said)


def labels(family: Sequence[str], answers: Mapping[str, Mapping[str, set[str]]]) -> dict[str, int]:
    """Say which answer of a family each image shows.

    Args:
        family: Answers that exclude each other.
        answers: For each image, the answers to each question about it.

    Returns:
        Index into the family for the images that show exactly one; empty where most images show several, for then
        the answers do not exclude each other.
    """
    shown = {image: {answer for said in about.values() for answer in said} for image, about in answers.items()}
    hits = {image: [index for index, name in enumerate(family) if name in said] for image, said in shown.items()}
    single = {image: found[0] for image, found in hits.items() if len(found) == 1}
    return single if 2 * len(single) > sum(map(bool, hits.values())) else {}


@dataclass(frozen=True, kw_only=True)
class Concepts:
    """All that the engine can see by name.

    Attributes:
        families: Groups of answers that exclude each other.
    """

    families: tuple[Family, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All concepts, in the order of the scores."""
        return tuple(name for family in self.families for name in family.names)

    def scores(self, features: Floats) -> Floats:
        """Log-probability of each concept for each row of scaled image features."""
        return np.concatenate([np.zeros((len(features), 0)), *(f.scores(features) for f in self.families)], axis=1)


def learn_concepts(
    features: Floats, images: Sequence[str], answers: Mapping[str, Mapping[str, set[str]]], *, seed: int
) -> tuple[Concepts, Floats]:
    """Learn to see the concepts of the training data.

    Args:
        features: Scaled features, a row an image.
        images: The key of each row.
        answers: For each image, the answers to each question about it.
        seed: Of the folds.

    Returns:
        The concepts, and their scores for each training image by a model that did not see this image.
    """
    learnt, held_out = [], [np.zeros((len(images), 0))]
    for group in families(answers):
        counts = Counter(labels(group, answers).values())
        names = tuple(name for index, name in enumerate(group) if counts[index] >= LEAST_IMAGES)
        known = labels(names, answers)
        rows = np.array([row for row, image in enumerate(images) if image in known], dtype=int)
        target = np.array([known[images[row]] for row in rows], dtype=int)
        if len(names) > 1 and len(rows):
            family, scores = _learn_family(names, features, rows, target, seed=seed)
            learnt.append(family)
            held_out.append(scores)
    return Concepts(families=tuple(learnt)), np.concatenate(held_out, axis=1)


def _learn_family(
    names: tuple[str, ...], features: Floats, rows: NDArray[np.int_], target: NDArray[np.int_], *, seed: int
) -> tuple[Family, Floats]:
    from sklearn.model_selection import StratifiedKFold

    folds = list(
        StratifiedKFold(min(FOLDS, np.bincount(target).min()), shuffle=True, random_state=seed).split(rows, target)
    )
    trials = []
    for strength in STRENGTHS:
        models = [_fit(names, features[rows[train]], target[train], strength) for train, _ in folds]
        loss = 0.0
        for model, (_, test) in zip(models, folds, strict=True):
            loss -= model.scores(features[rows[test]])[np.arange(len(test)), target[test]].sum()
        trials.append((loss, strength, models))
    _, strength, models = min(trials, key=lambda trial: trial[:2])
    scores = np.mean([model.scores(features) for model in models], axis=0)
    for model, (_, test) in zip(models, folds, strict=True):
        scores[rows[test]] = model.scores(features[rows[test]])
    return _fit(names, features[rows], target, strength), scores


def _fit(names: tuple[str, ...], features: Floats, target: NDArray[np.int_], strength: float) -> Family:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # Weak regularisation may need more passes than are worth the time; the held-out loss judges the result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(features, target)
    weights, bias = fitted.coef_.T, fitted.intercept_
    if len(names) == 2:  # noqa: PLR2004 - scikit-learn gives one column for two classes
        weights, bias = np.hstack([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
    return Family(names=names, weights=weights, bias=bias)
