"""Ranker of text spans: which words of an image's text, or of the question itself, answer a question.

A linear model scores each span by its features times a few coordinates of the question. It learns from pairs of a right
and a wrong span of the same text (Herbrich et al., 2000). The wrong ones are drawn anew in each epoch: half by chance,
half those that it ranks highest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.answers import columns_of, ngrams, with_int32_indices, words
from vqaft.engines.embedded.ocr import Line
from vqaft.engines.embedded.spans import Span, find_spans, normalized, span_features

AXES = 8
WRONG_SPANS = 10
"""Wrong spans of each kind that a right one is compared with in an epoch."""
CHUNK = 64
"""Questions whose pairs are in memory together."""
LEARNING_RATE = 0.1
ALPHA = 1e-4
EPSILON = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The spans of a text.

    Attributes:
        texts: The distinct spans, blanks and letter case aside.
        text_of: For each span the number of its text.
        matrix: Features of each span, a CSR row each.
        words: All words of the text.
    """

    texts: list[str] = field(repr=False)
    text_of: NDArray[np.intp] = field(repr=False)
    matrix: Any = field(repr=False)
    words: frozenset[str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SpanRanker:
    """Ranks the spans of a text by how probably they answer a question.

    Attributes:
        patterns: Regular expressions of answers in the training data; what they match is a span.
        vectorizer: DictVectorizer of the spans' features.
        words: DictVectorizer of the questions' n-grams.
        axes: TruncatedSVD of the questions.
        classifier: SGDClassifier without intercept, over the products of features and coordinates.
    """

    patterns: list[str]
    vectorizer: Any
    words: Any
    axes: Any
    classifier: Any

    @classmethod
    def untrained(
        cls, spans: Sequence[Sequence[Span]], questions: Sequence[str], patterns: list[str], *, rate: float
    ) -> SpanRanker:
        """Create a ranker that knows the features of some texts and questions.

        Args:
            spans: The spans of each training text.
            questions: The questions that they answer.
            patterns: Of the answers in the training data.
            rate: Factor on the learning rate.
        """
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.linear_model import SGDClassifier

        texts = Counter(name for found in spans for name in set().union(*span_features(found)))
        least = min(2, len(spans))
        grams = [ngrams(words(question), "word") | {"bias": 1.0} for question in sorted(set(questions))]
        vectorizer = DictVectorizer(dtype=np.float32)
        vectors = (question_words := DictVectorizer(dtype=np.float32)).fit_transform(grams)
        return cls(
            patterns=patterns,
            vectorizer=vectorizer.fit([{name: 1.0 for name, count in texts.items() if count >= least}]),
            words=question_words,
            axes=TruncatedSVD(min(AXES, *vectors.shape), random_state=0).fit(vectors),
            classifier=SGDClassifier(
                loss="log_loss",
                alpha=ALPHA,
                learning_rate="constant",
                eta0=LEARNING_RATE * rate,
                average=True,
                fit_intercept=False,
                random_state=0,
            ),
        )

    def page(self, lines: Sequence[Line]) -> Page:
        """Describe the spans of a text."""
        return self.describe(find_spans(lines, self.patterns))

    def describe(self, spans: Sequence[Span]) -> Page:
        """Vectorize the features of the spans of a text."""
        matrix = self.vectorizer.transform(span_features(spans) or [{}])[: len(spans)]
        keys = [normalized(span.text) for span in spans]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        texts = dict(zip(reversed(keys), [span.text for span in reversed(spans)], strict=True))  # the first of each
        return Page(
            texts=[texts[key] for key in numbers],
            text_of=np.array([numbers[key] for key in keys], dtype=np.intp),
            matrix=matrix,
            words=frozenset(word for span in spans for word in words(span.text)),
        )

    def coordinates(self, question: str) -> Floats:
        """Return 1, and the place of a question on the main axes of the training questions, at a distance of 1."""
        columns, values = columns_of(ngrams(words(question), "word") | {"bias": 1.0}, self.words)
        place = self.axes.components_[:, columns] @ values / (self.axes.singular_values_ + EPSILON)
        return np.concatenate([[1.0], place / (np.linalg.norm(place) + EPSILON)])

    def scores(self, page: Page, coordinates: Floats) -> Floats:
        """Score the spans of a text as answers to a question; all 0 before training."""
        if not hasattr(self.classifier, "coef_"):
            return np.zeros(len(page.text_of))
        scores: Floats = page.matrix @ (coordinates @ self.classifier.coef_.reshape(len(coordinates), -1))
        return scores

    def rank(self, page: Page, question: str) -> list[tuple[str, float]]:
        """Return the distinct spans with their probability, the most probable first; empty where there is no text."""
        if not page.texts:
            return []
        scores = self.scores(page, self.coordinates(question))
        powers = np.bincount(page.text_of, weights=np.exp(scores - scores.max()))
        order = np.argsort(-powers, kind="stable")
        return [(page.texts[number], float(powers[number] / powers.sum())) for number in order]

    def learn(self, cases: Sequence[SpanCase], rng: np.random.Generator) -> None:
        """Run an epoch of stochastic gradient descent.

        Args:
            cases: The questions, in any order.
            rng: Draws the order and the wrong spans.
        """
        order = rng.permutation(len(cases))
        for start in range(0, len(order), CHUNK):
            chunk = [cases[number] for number in order[start : start + CHUNK]]
            found = [self._differences(case, rng) for case in chunk]
            self._learn([case.coordinates for case in chunk], found, rng)

    def _differences(self, case: SpanCase, rng: np.random.Generator) -> Any:
        """Return the features of the best right span minus those of some wrong ones, a row each."""
        scores = self.scores(case.page, case.coordinates)
        right = case.right[scores[case.right].argmax()]
        wrong = np.setdiff1d(np.arange(len(scores)), case.right)
        best = wrong[np.argsort(-scores[wrong], kind="stable")[:WRONG_SPANS]]
        wrong = np.concatenate([best, rng.choice(wrong, WRONG_SPANS)]) if len(wrong) else wrong
        return case.page.matrix[np.full(len(wrong), right)] - case.page.matrix[wrong]

    def _learn(self, coordinates: Sequence[Floats], differences: Sequence[Any], rng: np.random.Generator) -> None:
        from scipy import sparse

        rows = sparse.vstack(differences, format="csr")
        if not rows.shape[0]:
            return
        turned = np.repeat(np.stack(coordinates), [found.shape[0] for found in differences], axis=0)
        labels = rng.integers(0, 2, rows.shape[0])
        turned *= np.where(labels, 1.0, -1.0)[:, None]  # half the differences are shown the other way round
        products = sparse.hstack([rows.multiply(column[:, None]) for column in turned.T], format="csr")
        self.classifier.partial_fit(with_int32_indices(products), labels, classes=[0, 1])


@dataclass(frozen=True, kw_only=True)
class SpanCase:
    """A question whose answer stands in a text.

    Attributes:
        page: The text.
        coordinates: Of the question.
        right: Which spans are the answer.
    """

    page: Page = field(repr=False)
    coordinates: Floats = field(repr=False)
    right: NDArray[np.intp] = field(repr=False)
