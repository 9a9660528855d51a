"""Answers from text: which questions the text of an image or the question itself answers, and what follows for others.

"Is the amount more than 50?" can be answered by whoever can answer "What is the amount?" and compare; "Is it from
Smith & Sons?" by whoever can find the sender. So the engine asks itself the open questions that it learned to answer
from the text (probes), and compares each finding with the words and numbers of the question.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vqaft.engines.embedded.answers import Features, words
from vqaft.engines.embedded.inputs import Pair
from vqaft.engines.embedded.ocr import Line
from vqaft.engines.embedded.span_ranker import Page, SpanCase, SpanRanker
from vqaft.engines.embedded.spans import MAX_PATTERN, Span, find_spans, normalized, number_in, pattern_of
from vqaft.engines.embedded.spelling import ReadAnswer, Spelling, learn_spelling

IN_IMAGE, IN_QUESTION = "\0image", "\0question"
"""Classes of the answer classifier: "find the answer in the text of the image", "… among the words of the question"."""
NEAR = {IN_IMAGE: 0.8, IN_QUESTION: 1.0}
"""Similarity from which on a span stands for an answer (normalized Levenshtein); text in images may be misread."""
MIN_CASES = 5
"""Questions that text must answer before the engine learns from it."""
LIFT = 2.0
"""How much more often an answer must stand in the texts that it is right for than in the others."""
MAX_PATTERNS, MAX_PROBES, MAX_CORRECTED = 60, 6, 8
COMMON = 0.1
"""A word that this share of the training questions uses belongs to their form, and names nothing."""
CLOSE = 80.0
FOLDS, FOLD_EPOCHS = 4, 10


@dataclass(frozen=True, kw_only=True)
class TextReader:
    """Finds answers in text, and evidence for questions that no span answers.

    Attributes:
        ranker: Ranks spans.
        spelling: How answers are written.
        probes: Questions that it asks itself.
        form: Words that belong to the form of questions.
        reads_images: Whether it uses the text of images; if not, only that of the questions.
    """

    ranker: SpanRanker
    spelling: Spelling
    probes: list[str]
    form: list[str]
    reads_images: bool

    def ranked(self, page: Page, question: str) -> list[tuple[str, float]]:
        """Return the spans of a text with their probability, the best ones spelled like the training answers."""
        found = self.ranker.rank(page, question)
        best = [(self.spelling.corrected(text), probability) for text, probability in found[:MAX_CORRECTED]]
        return best + found[MAX_CORRECTED:]

    def question_page(self, question: str) -> Page:
        """Describe the spans of a question, which may hold its own answer ("Is it this or that?")."""
        return self.ranker.page(question_lines(question))

    def findings(self, page: Page) -> list[str]:
        """Answer the probes for an image."""
        ranked = [self.ranker.rank(page, probe) for probe in self.probes]
        return [spans[0][0] if spans else "" for spans in ranked]

    def evidence(self, question: str, page: Page, findings: Sequence[str]) -> Features:
        """Compare a question with what the text of its image says.

        Returns:
            Features, and their products with the words that belong to the form of questions.
        """
        tokens = words(question)
        named = [token for token in tokens if token not in self.form]
        plain = dict(_compared(question, named, page.words, findings))
        form = [token for token in dict.fromkeys(tokens) if token in self.form]
        return plain | {f"{name}&{word}": value / 2 for name, value in plain.items() for word in form}


def question_lines(question: str) -> list[Line]:
    """Return the words of a question as a line of text."""
    text = question.strip().rstrip("?!. ")
    return [Line(text=text, left=0.0, top=0.0, right=1.0, bottom=1.0)] if text else []


def _compared(
    question: str, named: Sequence[str], text: frozenset[str], findings: Sequence[str]
) -> Iterator[tuple[str, float]]:
    from rapidfuzz import fuzz, process

    if named:
        read = [process.extractOne(token, text, scorer=fuzz.ratio, score_cutoff=CLOSE) for token in named]
        yield "named:read", 2.0 * sum(found is not None for found in read) / len(named) - 1.0
    numbers = [float(text) for text in re.findall(r"\d+(?:\.\d+)?", question)]
    for index, answer in enumerate(findings):
        if named:
            alike = fuzz.ratio("".join(named), "".join(words(answer)))
            yield f"alike{index}", alike / 50.0 - 1.0
            yield f"close{index}", 1.0 if alike >= CLOSE else -1.0
        value = number_in(answer)
        if value is not None and numbers:
            yield f"more{index}", 1.0 if value > numbers[-1] else -1.0


class TextTrainer:
    """Trains a text reader.

    Args:
        pairs: Questions and answers.
        lines: Text of the images by key; empty where it is not to be used.
        rate: Factor on the learning rate.
        seed: Draws the folds and the wrong spans.

    Attributes:
        sources: `IN_IMAGE` or `IN_QUESTION` for the pairs that text answers, by their number.
        reader: The reader; None where too few questions are answered by text.
    """

    def __init__(self, pairs: Sequence[Pair], lines: Mapping[str, Sequence[Line]], *, rate: float, seed: int) -> None:
        self._pairs, self._lines, self._seed = pairs, lines, seed
        self._rng = np.random.default_rng(seed)
        patterns = _answer_patterns(pairs)
        spans = {(IN_IMAGE, key): find_spans(found, patterns) for key, found in lines.items()}
        spans |= {(IN_QUESTION, text): find_spans(question_lines(text)) for text in {pair.question for pair in pairs}}
        right = _right_spans(pairs, spans)
        self.sources: dict[int, str] = {}
        self.reader: TextReader | None = None
        self.pages: dict[tuple[str, str], Page] = {}
        self._cases: dict[int, SpanCase] = {}
        if len(right) < MIN_CASES:
            return
        self.sources = {number: source for number, (source, _) in right.items()}
        used = {_key(pairs[number], source) for number, source in self.sources.items()}
        ranker = SpanRanker.untrained(
            [spans[key] for key in sorted(used)], [pairs[number].question for number in right], patterns, rate=rate
        )
        self.pages = {key: ranker.describe(found) for key, found in spans.items() if key in used or key[0] == IN_IMAGE}
        self._cases = {
            number: SpanCase(
                page=self.pages[_key(pairs[number], source)],
                coordinates=ranker.coordinates(pairs[number].question),
                right=found,
            )
            for number, (source, found) in right.items()
        }
        read = [
            ReadAnswer(image=pair.image, span=spans[_key(pair, source)][found[0]].text, answer=pair.answer)
            for number, (source, found) in right.items()
            for pair in [pairs[number]]
        ]
        self.reader = TextReader(
            ranker=ranker,
            spelling=learn_spelling(read),
            probes=self._probes(),
            form=_common_words([pair.question for pair in pairs]),
            reads_images=IN_IMAGE in self.sources.values(),
        )

    def learn(self) -> None:
        """Run an epoch."""
        if self.reader is not None:
            self.reader.ranker.learn(list(self._cases.values()), self._rng)

    def held_out_evidence(self) -> list[Features]:
        """Return the evidence for each pair, found by a ranker that was trained without its image."""
        evidence: list[Features] = [{} for _ in self._pairs]
        if self.reader is None or not self.reader.probes:
            return evidence
        drawn = np.random.default_rng(self._seed).permutation(len(self._lines)) % FOLDS
        fold = dict(zip(self._lines, drawn, strict=True))
        for held_out in range(FOLDS):
            cases = [case for number, case in self._cases.items() if fold.get(self._pairs[number].image) != held_out]
            reader = self._trained(self.reader, cases)
            pages = {key: self.pages[IN_IMAGE, key] for key in self._lines if fold[key] == held_out}
            found = {key: reader.findings(page) for key, page in pages.items()}
            for number, pair in enumerate(self._pairs):
                if pair.image in found:
                    evidence[number] = reader.evidence(pair.question, pages[pair.image], found[pair.image])
        return evidence

    def _trained(self, reader: TextReader, cases: Sequence[SpanCase]) -> TextReader:
        from sklearn.base import clone

        ranker = replace(reader.ranker, classifier=clone(reader.ranker.classifier))
        for _ in range(FOLD_EPOCHS):
            ranker.learn(cases, self._rng)
        return replace(reader, ranker=ranker)

    def _probes(self) -> list[str]:
        questions = [self._pairs[number].question for number, source in self.sources.items() if source == IN_IMAGE]
        counts = Counter(questions)
        return sorted(counts, key=lambda question: (-counts[question], question))[:MAX_PROBES]


def _key(pair: Pair, source: str) -> tuple[str, str]:
    return source, pair.image if source == IN_IMAGE else pair.question


def _answer_patterns(pairs: Sequence[Pair]) -> list[str]:
    """Return the most frequent patterns of the answers that hold a digit."""
    answers = (pair.answer for pair in pairs if len(pair.answer) <= MAX_PATTERN and re.search(r"\d", pair.answer))
    counts = Counter(map(pattern_of, answers))
    return sorted(counts, key=lambda pattern: (-counts[pattern], pattern))[:MAX_PATTERNS]


def _common_words(questions: Sequence[str]) -> list[str]:
    counts = Counter(word for question in questions for word in set(words(question)))
    return sorted(word for word, count in counts.items() if count >= COMMON * len(questions))


def _right_spans(pairs: Sequence[Pair], spans: Mapping[tuple[str, str], Sequence[Span]]) -> dict[int, tuple[str, Any]]:
    """Find the pairs whose answer stands in a text: by number, in which one, and which of its spans it is."""
    found: dict[int, tuple[str, Any]] = {}
    for source in (IN_IMAGE, IN_QUESTION):
        texts = {key[1]: {normalized(span.text) for span in own} for key, own in spans.items() if key[0] == source}
        telling = _telling_answers(pairs, texts, source)
        for number, pair in enumerate(pairs):
            if number not in found and normalized(pair.answer) in telling:
                right = _nearest(spans.get(_key(pair, source), ()), pair.answer, NEAR[source])
                found |= {} if right is None else {number: (source, right)}
    return found


def _telling_answers(pairs: Sequence[Pair], texts: Mapping[str, set[str]], source: str) -> set[str]:
    """Return the answers that stand more often in the texts they are right for than in the others."""
    own: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        own[normalized(pair.answer)].add(_key(pair, source)[1])
    return {answer for answer, keys in own.items() if _is_telling(answer, keys, texts)}


def _is_telling(answer: str, own: set[str], texts: Mapping[str, set[str]]) -> bool:
    others = texts.keys() - own
    if len(own) < 3 or not others:  # noqa: PLR2004 - too few to count
        return True
    here = sum(answer in texts.get(key, ()) for key in own) / len(own)
    elsewhere = sum(answer in texts[key] for key in others) / len(others)
    return here > LIFT * elsewhere


def _nearest(spans: Sequence[Span], answer: str, least: float) -> Any:
    """Return the numbers of the spans that are nearest to an answer; None where none is near enough."""
    from rapidfuzz.distance import Levenshtein

    wanted = normalized(answer)
    alike = np.array([Levenshtein.normalized_similarity(normalized(span.text), wanted) for span in spans])
    return np.flatnonzero(alike >= alike.max()) if len(alike) and alike.max() >= least else None
