"""What can be learnt from the text in the training images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vqaft.engines.embedded.candidates import Candidate, candidates
from vqaft.engines.embedded.evidence import Probes
from vqaft.engines.embedded.lines import Line, question_line
from vqaft.engines.embedded.pairs import Pair
from vqaft.engines.embedded.ranker import (
    NEAR,
    Page,
    RankerLearner,
    SpanCase,
    SpanRanker,
    answer_shapes,
    compiled,
    matches,
    untrained_ranker,
)
from vqaft.engines.embedded.span_features import span_features, squeezed
from vqaft.engines.embedded.spelling import Spelling, Written, learn_spelling

LEAST_WORDINGS = 5
"""Questions that must hold their own answer before others are thought to."""
LIFT = 2.0
"""How much more often an answer must stand in the images that it is right for than in the others."""


@dataclass(frozen=True, kw_only=True)
class TextLesson:
    """The training images' text, and which questions it answers.

    Attributes:
        ranker: Knows the features, and has learnt nothing.
        pages: The described text of each image, by key.
        cases: By number of the pair: the question and the candidates that answer it; pairs that no text answers
            are left out.
        spelling: How answers from images are written.
        probes: Questions to ask oneself.
    """

    ranker: SpanRanker
    pages: Mapping[str, Page] = field(repr=False)
    cases: Mapping[int, SpanCase] = field(repr=False)
    spelling: Spelling
    probes: Probes

    def learner(self, numbers: Sequence[int], *, rate: float) -> RankerLearner:
        """Make a fresh learner for some of the pairs.

        Args:
            numbers: Of the pairs; those that no text answers are skipped.
            rate: Factor on the step length.
        """
        ranker = replace(self.ranker, weights=np.zeros_like(self.ranker.weights))
        return RankerLearner(ranker, self.pages, [self.cases[n] for n in numbers if n in self.cases], rate=rate)


def text_lesson(pairs: Sequence[Pair], lines: Mapping[str, tuple[Line, ...]]) -> TextLesson | None:
    """Find out which questions the text in the images answers.

    Args:
        pairs: Questions, without their frame, and answers.
        lines: What was read, by key of the image.

    Returns:
        The lesson, or None where the text answers nothing.
    """
    shapes = answer_shapes(pair.answer for pair in pairs)
    spans = {key: candidates(found, compiled(shapes)) for key, found in lines.items()}
    cases = _cases(pairs, spans, near=NEAR)
    if not cases:
        return None
    probes = Probes.of([case.question for case in cases.values()], [pair.question for pair in pairs])
    lesson = _lesson(pairs, cases, spans, shapes)
    return replace(lesson, probes=probes)


def wording_lesson(pairs: Sequence[Pair]) -> TextLesson | None:
    """Find out which questions hold their own answer.

    Args:
        pairs: Questions, without their frame, and answers.

    Returns:
        The lesson, its pages by question; None where too few do.
    """
    spoken = [Pair(image=pair.question, question=pair.question, answer=pair.answer) for pair in pairs]
    spans = {question: candidates((question_line(question),)) for question in {pair.question for pair in pairs}}
    cases = _cases(spoken, spans, near=1.0)
    used = sorted({case.page for case in cases.values()})
    return _lesson(spoken, cases, {key: spans[key] for key in used}, ()) if len(used) >= LEAST_WORDINGS else None


def _cases(pairs: Sequence[Pair], spans: Mapping[str, Sequence[Candidate]], *, near: float) -> dict[int, SpanCase]:
    telling = _telling(pairs, spans)
    cases = {}
    for number, pair in enumerate(pairs):
        right = matches(spans[pair.image], pair.answer, near=near) if squeezed(pair.answer) in telling else None
        if right is not None:
            cases[number] = SpanCase(page=pair.image, question=pair.question, right=right)
    return cases


def _lesson(
    pairs: Sequence[Pair],
    cases: Mapping[int, SpanCase],
    spans: Mapping[str, Sequence[Candidate]],
    shapes: tuple[str, ...],
) -> TextLesson:
    described = {key: span_features(found) for key, found in spans.items()}
    ranker = untrained_ranker(described.values(), shapes, [case.question for case in cases.values()])
    written = [
        Written(image=case.page, span=spans[case.page][int(case.right.argmax())].text, answer=pairs[number].answer)
        for number, case in cases.items()
    ]
    return TextLesson(
        ranker=ranker,
        pages={
            key: Page(spans=tuple(spans[key]), matrix=ranker.vocabulary.matrix(found))
            for key, found in described.items()
        },
        cases=cases,
        spelling=learn_spelling(written),
        probes=Probes.of([], []),
    )


def _telling(pairs: Sequence[Pair], spans: Mapping[str, Sequence[Candidate]]) -> set[str]:
    """The answers that stand in the images they are right for more often than in others."""
    texts = {key: {squeezed(span.text) for span in found} for key, found in spans.items()}
    images: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        images[squeezed(pair.answer)].add(pair.image)
    return {answer for answer, own in images.items() if _lifted(answer, own, texts)}


def _lifted(answer: str, own: set[str], texts: Mapping[str, set[str]]) -> bool:
    others = texts.keys() - own
    if len(own) < 3 or not others:  # noqa: PLR2004 - too few to count
        return True
    here = sum(answer in texts[key] for key in own) / len(own)
    elsewhere = sum(answer in texts[key] for key in others) / len(others)
    return here > LIFT * elsewhere
