"""Classification of known answers: the features of a question about an image, and the classifier over them."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Features = dict[str, float]
"""Named features; names not listed are 0."""
MASK = "#"
"""Stands for a detected answer in a question, so that questions that differ in it alone share features."""
MAX_ANSWERS = 300
MIN_OCCURRENCES = 500
"""From so many pairs on, features that occur only once are left out."""
LEARNING_RATE = 0.1
ALPHA = 1e-4
OTHER = ""
"""A class without examples, so that there are always at least two."""


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case, without punctuation."""
    return re.findall(r"[^\W_]+", text.casefold())


def ngrams(tokens: Sequence[str], name: str) -> Features:
    """Return the words, pairs of words and first words of a question as features.

    Args:
        tokens: The words.
        name: Prefix of each feature.

    Returns:
        Features whose squares sum to about 3, however long the question.
    """
    found = [f"{name}:{token}" for token in tokens]
    found += [f"{name}:{first} {second}" for first, second in itertools.pairwise(tokens)]
    weight = math.sqrt(2.0 / max(len(found), 1))
    return dict.fromkeys(found, weight) | {f"{name}^{' '.join(tokens[:size])}": 0.7 for size in (1, 2) if tokens}


def question_features(question: str, detected: Mapping[str, float], summary: Sequence[float]) -> Features:
    """Describe a question about an image.

    Args:
        question: The question.
        detected: Probability of each answer that the detectors know.
        summary: A few numbers that sum up the image.

    Returns:
        The words of the question, what is detected in the image, and their interactions.
    """
    tokens = words(question)
    masked, mentioned = _masked(tokens, detected)
    pattern = ngrams(masked, "masked")
    features = ngrams(tokens, "word") | pattern
    features |= {f"detected:{name}": 2.0 * value - 1.0 for name, value in detected.items()}
    start = " ".join(tokens[:1])
    features |= {f"summary{number}{suffix}": value for number, value in enumerate(summary) for suffix in ("", start)}
    if mentioned:
        match = 4.0 * max(detected[name] for name in mentioned) - 2.0
        features |= {f"match&{name}": weight * match for name, weight in pattern.items()}
    return features


def _masked(tokens: Sequence[str], names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Replace the detected answers that a question mentions, the longest first; return them too."""
    known = {" ".join(words(name)): name for name in names}
    text = f" {' '.join(tokens)} "
    mentioned = []
    for phrase in sorted(known, key=len, reverse=True):
        if phrase and f" {phrase} " in text:
            mentioned.append(known[phrase])
            text = text.replace(f" {phrase} ", f" {MASK} ")
    return text.split(), mentioned


def recurring(answers: Iterable[str]) -> dict[str, str]:
    """Return the answers that occur more than once, or all where none does.

    Returns:
        By the answer in lower case, its most frequent spelling; at most the 300 most frequent, in their order.
    """
    spellings: dict[str, Counter[str]] = {}
    for answer in answers:
        spellings.setdefault(answer.casefold(), Counter())[answer] += 1
    several = {key: found for key, found in spellings.items() if found.total() > 1} or spellings
    ranked = sorted(several, key=lambda key: (-several[key].total(), key))[:MAX_ANSWERS]
    return {key: min(several[key], key=lambda answer: (-several[key][answer], answer)) for key in ranked}


@dataclass(frozen=True, kw_only=True)
class AnswerClassifier:
    """A linear classifier over answers.

    Attributes:
        answers: By the class, how the answer is written.
        vectorizer: DictVectorizer of the features.
        classifier: SGDClassifier (logistic loss, one answer against the rest, averaged weights).
    """

    answers: dict[str, str]
    vectorizer: Any
    classifier: Any

    @classmethod
    def untrained(
        cls, answers: Mapping[str, str], cases: Sequence[Features], *, rate: float, seed: int
    ) -> AnswerClassifier:
        """Create a classifier that knows the features of some cases.

        Args:
            answers: By the class, how the answer is written.
            cases: Features of the training pairs.
            rate: Factor on the learning rate.
            seed: Draws the order of the pairs in each epoch.
        """
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.linear_model import SGDClassifier

        counts = Counter(name for case in cases for name in case)
        least = 1 if len(cases) <= MIN_OCCURRENCES else 2
        known = {name: 1.0 for name, count in counts.items() if count >= least}
        classifier = SGDClassifier(
            loss="log_loss",
            alpha=ALPHA,
            learning_rate="constant",
            eta0=LEARNING_RATE * rate,
            average=True,
            random_state=seed,
        )
        vectorizer = DictVectorizer(dtype=np.float64).fit([known])
        return cls(answers=dict(answers), vectorizer=vectorizer, classifier=classifier)

    def learn(self, rows: Any, targets: Sequence[str]) -> None:
        """Run an epoch of stochastic gradient descent over vectorized cases and their classes."""
        self.classifier.partial_fit(with_int32_indices(rows), targets, classes=sorted({*self.answers, OTHER}))

    def probabilities(self, case: Features) -> dict[str, float]:
        """Compute the probability of each class; most classes are answers in lower case."""
        from scipy.special import expit

        columns, values = columns_of(case, self.vectorizer)
        odds = expit(self.classifier.coef_[:, columns] @ values + self.classifier.intercept_)
        names = self.classifier.classes_[-len(odds) :]  # of two classes, it scores the second alone
        return {str(name): float(value) for name, value in zip(names, odds / odds.sum(), strict=True)}


def columns_of(features: Features, vectorizer: Any) -> tuple[list[int], list[float]]:
    """Return columns and values of the features that a DictVectorizer knows, faster than it does for a single row."""
    known = [
        (column, value) for name, value in features.items() if (column := vectorizer.vocabulary_.get(name)) is not None
    ]
    return [column for column, _ in known], [value for _, value in known]


def with_int32_indices(matrix: Any) -> Any:
    """Return a CSR matrix with the type of indices that SGDClassifier requires."""
    from scipy.sparse import csr_matrix

    parts = matrix.data, matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return csr_matrix(parts, shape=matrix.shape)
