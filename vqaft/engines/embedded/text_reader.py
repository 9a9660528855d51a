"""Answers from the text of an image: which span of it answers a question, and what it says about other questions.

A linear model scores each span by its features times a few coordinates of the question. It learns from pairs of a right
and a wrong span of the same text (Herbrich et al., 2000). The wrong ones are drawn anew in each round: half by chance,
half those that it ranks highest.

"Is the amount more than 50?" can be answered by whoever can answer "What is the amount?" and compare. So the reader
asks itself the open questions that it learned to answer (probes), and compares each finding with the question.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.answers import WORD, Features
from vqaft.engines.embedded.inputs import Pair
from vqaft.engines.embedded.ocr import Line
from vqaft.engines.embedded.spans import Span, find_spans, normalized, number_in, shape

NEAR = 0.8
"""Similarity from which on a span stands for an answer (normalized Levenshtein); text in images may be misread."""
MIN_CASES = 5
"""Questions that text must answer before the engine learns from it."""
LIFT = 2.0
"""How much more often an answer must stand in the texts that it is right for than in the others."""
MAX_SHAPES, MAX_SHAPE, MAX_PROBES, MAX_RANKED = 60, 24, 6, 20
AXES, COLUMNS = 8, 2**14
"""Coordinates of a question, and columns that the features of a span are hashed to."""
ROUNDS, WRONG_SPANS, FOLDS = 12, 10, 4
LEARNING_RATE = 0.03
EVERY = "asked for "
"""Words before every question, so that one without words has coordinates too."""
CLOSE = 80.0
LETTER_CASES: dict[str, Callable[[str], str]] = {
    "as read": str,
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The text of an image: its spans, and their features, a CSR row each."""

    texts: Sequence[str] = field(repr=False)
    matrix: Any = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TextReader:
    """Finds answers in text, and evidence for questions that no span answers.

    Attributes:
        shapes: Of answers in the training data; what has one of them is a span.
        letter_case: How answers are written: a key of `LETTER_CASES`.
        probes: Questions that it asks itself.
        questions: Pipeline (CountVectorizer, TruncatedSVD, Normalizer) from questions to coordinates.
        weights: Of the features of a span, a row for each coordinate.
    """

    shapes: list[str]
    letter_case: str
    probes: list[str]
    questions: Any
    weights: Floats

    def page(self, lines: Sequence[Line]) -> Page:
        """Describe the text of an image."""
        return describe(find_spans(lines, self.shapes))

    def rank(self, page: Page, question: str) -> list[tuple[str, float]]:
        """Return the most probable answers with their probability, the best first; empty where there is no text."""
        from scipy.special import softmax

        if not page.texts:
            return []
        scores = page.matrix @ (self.questions.transform([EVERY + question])[0] @ self.weights)
        shares: dict[str, float] = defaultdict(float)
        spelled: dict[str, str] = {}
        for text, share in zip(page.texts, softmax(scores), strict=True):
            shares[normalized(text)] += float(share)
            spelled.setdefault(normalized(text), LETTER_CASES[self.letter_case](text))
        best = sorted(shares, key=lambda key: -shares[key])[:MAX_RANKED]
        return [(spelled[key], shares[key]) for key in best]

    def findings(self, page: Page) -> list[str]:
        """Answer the probes for an image."""
        ranked = [self.rank(page, probe) for probe in self.probes]
        return [spans[0][0] if spans else "" for spans in ranked]

    def evidence(self, question: str, findings: Sequence[str]) -> Features:
        """Compare a plain question with the answers to the probes: equal words, and which number is greater."""
        from rapidfuzz import fuzz

        found: Features = {}
        numbers = [float(token) for token in question.split() if token[0].isdecimal()]
        for index, answer in enumerate(findings):
            alike = fuzz.partial_ratio(normalized(answer), normalized(question)) if answer else 0.0
            found[f"alike{index}"] = alike / 50.0 - 1.0
            found[f"close{index}"] = 1.0 if alike >= CLOSE else -1.0
            value = number_in(answer)
            if value is not None and numbers:
                found[f"more{index}"] = 1.0 if value > numbers[-1] else -1.0
        return found


def describe(spans: Sequence[Span]) -> Page:
    """Hash the features of the spans of a text."""
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(COLUMNS, input_type="string", alternate_sign=False)
    matrix = hasher.transform([span.features() for span in spans]) if spans else None
    return Page(texts=[span.text for span in spans], matrix=matrix)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was learned from the text of the training images.

    Attributes:
        reader: The reader; None where text answers too few questions.
        answered: The numbers of the pairs that text answers.
        findings: For each image those of a reader that was trained without it.
    """

    reader: TextReader | None = None
    answered: frozenset[int] = frozenset()
    findings: Mapping[str, list[str]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class SpanCase:
    """A question whose answer stands in a text: its coordinates, the text, and which of the spans are right."""

    image: str
    coordinates: Floats = field(repr=False)
    page: Page = field(repr=False)
    right: NDArray[np.intp] = field(repr=False)


def lines_of(question: str) -> list[Line]:
    """Return a question as a line of text."""
    text = question.strip().rstrip("?!. ")
    return [Line(text=text, left=0.0, top=0.0, right=1.0, bottom=1.0)] if text else []


def learn_to_read(
    pairs: Sequence[Pair], lines: Mapping[str, Sequence[Line]], *, seed: int, probe: bool = True
) -> Reading:
    """Learn from the questions whose answer stands in the text of their image.

    Args:
        pairs: Plain questions and answers.
        lines: The text of each image by key.
        seed: Draws the folds and the wrong spans.
        probe: Whether the answers to questions of others are compared with those that text answers.
    """
    answers = (pair.answer for pair in pairs if len(pair.answer) <= MAX_SHAPE and re.search(r"\d", pair.answer))
    shapes = _most_frequent(map(shape, answers), MAX_SHAPES)
    spans = {key: find_spans(found, shapes) for key, found in lines.items()}
    right = _right_spans(pairs, spans)
    if len(right) < MIN_CASES:
        return Reading()
    asked = [pairs[number] for number in right]
    questions, coordinates = _fit_coordinates([pair.question for pair in asked])
    pages = {key: describe(found) for key, found in spans.items()}
    cases = [
        SpanCase(image=pair.image, coordinates=place, page=pages[pair.image], right=found)
        for pair, place, found in zip(asked, coordinates, right.values(), strict=True)
    ]
    reader = TextReader(
        shapes=shapes,
        letter_case=_letter_case(
            (case.page.texts[case.right[0]], pair.answer) for case, pair in zip(cases, asked, strict=True)
        ),
        probes=[
            question for question, _ in Counter(pair.question for pair in asked).most_common(MAX_PROBES if probe else 0)
        ],
        questions=questions,
        weights=_fit_weights(cases, len(coordinates[0]), seed=seed),
    )
    findings = _held_out_findings(reader, cases, pages, seed=seed) if probe else {}
    return Reading(reader=reader, answered=frozenset(right), findings=findings)


def _most_frequent(texts: Iterable[str], most: int) -> list[str]:
    return [text for text, _ in Counter(texts).most_common(most)]


def _held_out_findings(
    reader: TextReader, cases: Sequence[SpanCase], pages: Mapping[str, Page], *, seed: int
) -> dict[str, list[str]]:
    """Answer the probes for each image by a reader that was trained without it."""
    drawn = np.random.default_rng(seed).permutation(len(pages)) % FOLDS
    fold = dict(zip(pages, drawn, strict=True))
    found: dict[str, list[str]] = {}
    for held_out in range(FOLDS):
        others = [case for case in cases if fold[case.image] != held_out]
        other = replace(reader, weights=_fit_weights(others, len(reader.weights), seed=seed))
        found |= {key: other.findings(page) for key, page in pages.items() if fold[key] == held_out}
    return found


def _fit_coordinates(asked: Sequence[str]) -> tuple[Any, Floats]:
    """Fit the pipeline from questions to the main axes of the training questions, at a distance of 1."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    asked = [EVERY + question for question in asked]
    vectorizer = CountVectorizer(token_pattern=WORD, ngram_range=(1, 2), binary=True).fit(asked)
    axes = min(AXES, len(vectorizer.vocabulary_))
    questions = make_pipeline(vectorizer, TruncatedSVD(axes, random_state=0), Normalizer())
    with np.errstate(divide="ignore", invalid="ignore"):  # of a single question there is no variance to explain
        return questions, questions.fit_transform(asked)


def _letter_case(read: Iterable[tuple[str, str]]) -> str:
    pairs = [("".join(span.split()), "".join(answer.split())) for span, answer in read]
    return max(LETTER_CASES, key=lambda name: sum(LETTER_CASES[name](span) == answer for span, answer in pairs))


def _fit_weights(cases: Sequence[SpanCase], axes: int, *, seed: int) -> Floats:
    """Fit the weights by stochastic gradient descent over differences between right and wrong spans."""
    from scipy import sparse
    from sklearn.linear_model import SGDClassifier

    rng, weights = np.random.default_rng(seed), np.zeros((axes, COLUMNS))
    model = SGDClassifier(
        loss="log_loss", eta0=LEARNING_RATE, learning_rate="constant", average=True, fit_intercept=False, random_state=0
    )
    for _ in range(ROUNDS if cases else 0):
        pieces = [sparse.kron(case.coordinates[None], _differences(case, weights, rng)) for case in cases]
        rows = sparse.vstack(pieces, format="csr")
        signs = rng.choice([-1.0, 1.0], rows.shape[0])  # half the differences are shown the other way round
        model.partial_fit(int32_indices(sparse.diags(signs) @ rows), signs, classes=[-1.0, 1.0])
        weights = model.coef_.reshape(weights.shape)
    return weights


def int32_indices(matrix: Any) -> Any:
    """Return a CSR matrix with the type of indices that SGDClassifier requires."""
    from scipy.sparse import csr_matrix

    parts = matrix.data, matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return csr_matrix(parts, shape=matrix.shape)


def _differences(case: SpanCase, weights: Floats, rng: np.random.Generator) -> Any:
    """Return the features of the best right span minus those of some wrong ones, a row each."""
    scores = case.page.matrix @ (case.coordinates @ weights)
    right = case.right[scores[case.right].argmax()]
    wrong = np.setdiff1d(np.arange(len(scores)), case.right)
    best = wrong[np.argsort(-scores[wrong], kind="stable")[:WRONG_SPANS]]
    wrong = np.concatenate([best, rng.choice(wrong, WRONG_SPANS)]) if len(wrong) else wrong
    return case.page.matrix[np.full(len(wrong), right)] - case.page.matrix[wrong]


def _right_spans(pairs: Sequence[Pair], spans: Mapping[str, Sequence[Span]]) -> dict[int, NDArray[np.intp]]:
    """Find the pairs whose answer stands in the text of the image: by number, which spans are nearest to it."""
    texts = {key: {normalized(span.text) for span in own} for key, own in spans.items()}
    images: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        images[normalized(pair.answer)].add(pair.image)
    telling = {answer for answer, own in images.items() if _is_telling(answer, own, texts)}
    found: dict[int, NDArray[np.intp]] = {}
    for number, pair in enumerate(pairs):
        if normalized(pair.answer) in telling and spans.get(pair.image):
            right = _nearest(spans[pair.image], pair.answer)
            found |= {number: right} if len(right) else {}
    return found


def _is_telling(answer: str, own: set[str], texts: Mapping[str, set[str]]) -> bool:
    """Return whether an answer stands more often in the texts that it is right for than in the others."""
    others = texts.keys() - own
    if len(own) < 3 or not others:  # noqa: PLR2004 - too few to count
        return True
    here = sum(answer in texts.get(key, ()) for key in own) / len(own)
    return here > LIFT * sum(answer in texts[key] for key in others) / len(others)


def _nearest(spans: Sequence[Span], answer: str) -> NDArray[np.intp]:
    from rapidfuzz.distance import Levenshtein

    wanted = normalized(answer)
    alike = np.array([Levenshtein.normalized_similarity(normalized(span.text), wanted) for span in spans])
    return np.flatnonzero(alike >= max(NEAR, alike.max()))
