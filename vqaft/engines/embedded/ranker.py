"""The answers that stand in the image: which of the candidate spans answers a question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.candidates import Candidate, candidates, shape_of
from vqaft.engines.embedded.descent import Adam, Weights, softmax
from vqaft.engines.embedded.lines import Line
from vqaft.engines.embedded.question_features import words
from vqaft.engines.embedded.question_space import QuestionSpace
from vqaft.engines.embedded.span_features import LONGEST_SHAPE, span_features, squeezed
from vqaft.engines.embedded.vocabulary import Features, Vocabulary

RATE = 0.05
DECAY = 1e-3
NEAR = 0.8
"""How alike a span and an answer must be for the span to stand for the answer."""
MOST_SHAPES = 60


@dataclass(frozen=True, kw_only=True)
class Page:
    """The candidates of one image, described.

    Attributes:
        spans: The candidates.
        matrix: Their features, a CSR row each.
    """

    spans: tuple[Candidate, ...] = field(repr=False)
    matrix: Any = field(repr=False)

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of the image, in lower case."""
        return frozenset(word for span in self.spans if span.kind == "line" for word in words(span.text))


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A text of the image and how probably it is the answer, 0 to 1."""

    text: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class SpanRanker:
    """A linear conditional logit over the candidates of an image, its weights turned by the question.

    Attributes:
        shapes: Regular expressions of answers seen in training; what they match is a candidate.
        vocabulary: The features that it knows.
        space: Where questions stand.
        weights: Features × (1 + axes of the space).
    """

    shapes: tuple[str, ...] = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)
    space: QuestionSpace = field(repr=False)
    weights: Weights = field(repr=False)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return compiled(self.shapes)

    def page(self, lines: tuple[Line, ...]) -> Page:
        """Find and describe the candidates of an image."""
        spans = candidates(lines, self._patterns)
        return Page(spans=tuple(spans), matrix=self.vocabulary.matrix(span_features(spans)))

    def rank(self, page: Page, question: str) -> list[Ranked]:
        """Order the texts of an image by how probably they answer a question.

        The probabilities of candidates with the same text, blanks and letter case aside, are added up.

        Args:
            page: What `page` gave for the image.
            question: What is asked.

        Returns:
            Texts, the most probable first; probabilities sum to 1; empty where the image holds no text.
        """
        if not page.spans:
            return []
        chances = softmax(page.matrix @ (self.weights @ self.space.vector(question)))
        sums: dict[str, float] = {}
        texts: dict[str, str] = {}
        for span, chance in zip(page.spans, chances, strict=True):
            key = squeezed(span.text)
            sums[key] = sums.get(key, 0.0) + float(chance)
            texts.setdefault(key, span.text)
        return [Ranked(text=texts[key], probability=sums[key]) for key in sorted(sums, key=lambda key: -sums[key])]


def answer_shapes(answers: Iterable[str]) -> tuple[str, ...]:
    """The most frequent shapes of the answers that hold a digit."""
    shapes = Counter(
        shape_of(answer) for answer in answers if len(answer) <= LONGEST_SHAPE and re.search(r"\d", answer)
    )
    return tuple(sorted(shapes, key=lambda shape: (-shapes[shape], shape))[:MOST_SHAPES])


def compiled(shapes: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Make patterns of shapes; a match does not begin inside a number."""
    return tuple(re.compile(rf"(?<!\d){shape}") for shape in shapes)


def matches(spans: Sequence[Candidate], answer: str, *, near: float) -> NDArray[np.bool_] | None:
    """Find the candidates that stand for an answer.

    Args:
        spans: The candidates of the image.
        answer: The right answer.
        near: How alike they must be at least (normalised Levenshtein, blanks and letter case aside), 0 to 1.

    Returns:
        Which candidates are nearest to it, or None where none is near.
    """
    from rapidfuzz.distance import Levenshtein

    wanted = squeezed(answer)
    alike = np.array([Levenshtein.normalized_similarity(squeezed(span.text), wanted) for span in spans])
    if not len(alike) or alike.max() < near:
        return None
    found: NDArray[np.bool_] = alike >= alike.max()
    return found


@dataclass(frozen=True, kw_only=True)
class SpanCase:
    """A question whose answer stands in the image: the key of its page, and which candidates are right."""

    page: str
    question: str
    right: NDArray[np.bool_] = field(repr=False)


class RankerLearner:
    """Learns a `SpanRanker` by small steps.

    Args:
        ranker: With the vocabulary and space to use; its weights are changed.
        pages: The images by key.
        cases: The questions.
        rate: Factor on the step length.
    """

    def __init__(
        self, ranker: SpanRanker, pages: Mapping[str, Page], cases: Sequence[SpanCase], *, rate: float = 1.0
    ) -> None:
        self.model = ranker
        self._pages, self._cases = pages, cases
        self._vectors = [ranker.space.vector(case.question) for case in cases]
        self._adam = Adam(ranker.weights.shape, rate=RATE * rate, decay=DECAY)

    @property
    def size(self) -> int:
        """How many cases there are."""
        return len(self._cases)

    def step(self, batch: NDArray[np.int_], pace: float) -> None:
        """Learn from the cases with these numbers, by the log-probability of all right candidates together."""
        gradient = np.zeros_like(self.model.weights)
        for number in batch:
            case, vector = self._cases[number], self._vectors[number]
            matrix = self._pages[case.page].matrix
            chances = softmax(matrix @ (self.model.weights @ vector))
            right = chances * case.right
            errors = chances - right / max(float(right.sum()), 1e-12)
            gradient += np.outer(matrix.T @ errors, vector)
        self._adam.step(self.model.weights, gradient / np.float32(len(batch)), pace)


def untrained_ranker(
    pages: Collection[Sequence[Features]], shapes: tuple[str, ...], questions: Sequence[str]
) -> SpanRanker:
    """Make a ranker that knows the features of some images, with all weights 0.

    Args:
        pages: Features of the candidates of each training image.
        shapes: Shapes of the training answers.
        questions: Training questions whose answers stand in the image.
    """
    vocabulary = Vocabulary.of(pages, least=min(2, len(pages)))
    space = QuestionSpace.of(questions)
    weights = np.zeros((len(vocabulary.names), 1 + space.axes.shape[1]), dtype=np.float32)
    return SpanRanker(shapes=shapes, vocabulary=vocabulary, space=space, weights=weights)


def stands_in(lines: tuple[Line, ...], answer: str) -> bool:
    """Whether an answer of at least four characters, blanks and letter case aside, is one of an image's candidates."""
    wanted = squeezed(answer)
    return len(wanted) >= 4 and any(squeezed(span.text) == wanted for span in candidates(lines))  # noqa: PLR2004
