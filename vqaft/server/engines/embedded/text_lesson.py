"""What can be learnt from the text in the training images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vqaft.server.engines.embedded.candidates import candidates
from vqaft.server.engines.embedded.evidence import Probes
from vqaft.server.engines.embedded.lines import Line
from vqaft.server.engines.embedded.pairs import Pair
from vqaft.server.engines.embedded.ranker import (
    Page,
    RankerLearner,
    SpanCase,
    SpanRanker,
    answer_shapes,
    matches,
    untrained_ranker,
)
from vqaft.server.engines.embedded.span_features import squeezed
from vqaft.server.engines.embedded.spelling import Spelling
from vqaft.server.engines.embedded.style import learn_letter_case

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
    draft = untrained_ranker([candidates(found) for found in lines.values()], shapes, [pair.question for pair in pairs])
    pages = {key: draft.page(found) for key, found in lines.items()}
    telling = _telling(pairs, pages)
    cases = {}
    for number, pair in enumerate(pairs):
        right = matches(pages[pair.image], pair.answer) if squeezed(pair.answer) in telling else None
        if right is not None:
            cases[number] = SpanCase(page=pair.image, question=pair.question, right=right)
    if not cases:
        return None
    spaced = untrained_ranker(
        [page.spans for page in pages.values()], shapes, [case.question for case in cases.values()]
    )
    pages = {key: spaced.page(found) for key, found in lines.items()}
    letter_case = learn_letter_case(
        (pages[case.page].spans[int(case.right.argmax())].text, pairs[number].answer) for number, case in cases.items()
    )
    answers = sorted({pairs[number].answer for number in cases})
    return TextLesson(
        ranker=spaced,
        pages=pages,
        cases=cases,
        spelling=Spelling(letter_case=letter_case, answers=tuple(answers)),
        probes=Probes.of([case.question for case in cases.values()], [pair.question for pair in pairs]),
    )


def _telling(pairs: Sequence[Pair], pages: Mapping[str, Page]) -> set[str]:
    """The answers that stand in the images they are right for more often than in others."""
    texts = {key: {squeezed(span.text) for span in page.spans} for key, page in pages.items()}
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
