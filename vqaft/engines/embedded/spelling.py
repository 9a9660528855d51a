"""Spelling: recognized text → as the training data writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vqaft.engines.embedded.spans import normalized

MIN_LENGTH = 6
"""Shorter answers are too easily confused."""
CUTOFF = 0.88
"""Similarity from which on a span is taken for a known answer (normalized Levenshtein)."""
MAX_TRIED = 300

_LETTER_CASES: dict[str, Callable[[str], str]] = {
    "unchanged": str,
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
}


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How the training data writes answers that stand in images.

    Attributes:
        letter_case: "unchanged", "upper", "lower" or "title".
        answers: Known answers, by their normalized form.
    """

    letter_case: str = "unchanged"
    answers: dict[str, str] = field(default_factory=dict, repr=False)

    def corrected(self, text: str) -> str:
        """Return the known answer that a span nearly is, if both hold the same digits; else the span in letter case."""
        from rapidfuzz import process
        from rapidfuzz.distance import Levenshtein

        wanted = normalized(text)
        near = process.extract(
            wanted, self.answers.keys(), scorer=Levenshtein.normalized_similarity, score_cutoff=CUTOFF, limit=3
        )
        same = [key for key, _, _ in near if re.findall(r"\d", key) == re.findall(r"\d", wanted)]
        return self.answers[same[0]] if same else _LETTER_CASES[self.letter_case](text)


@dataclass(frozen=True, kw_only=True)
class ReadAnswer:
    """A span of a training image, and the answer that it stands for."""

    image: str
    span: str
    answer: str


def learn_spelling(examples: Sequence[ReadAnswer]) -> Spelling:
    """Learn the letter case, and whether to take a span for a nearly equal known answer.

    The latter is tried: each example is corrected with the answers of all other images. Where this makes more answers
    wrong than right, as it does where answers differ by a letter, no answer is remembered.
    """
    pairs = [("".join(example.span.split()), "".join(example.answer.split())) for example in examples]
    case = max(_LETTER_CASES, key=lambda name: sum(_LETTER_CASES[name](span) == answer for span, answer in pairs))
    plain, gain = Spelling(letter_case=case), 0
    for example in examples[:MAX_TRIED]:
        others = _spelling(case, [other for other in examples if other.image != example.image])
        right = [normalized(own.corrected(example.span)) == normalized(example.answer) for own in (others, plain)]
        gain += right[0] - right[1]
    return _spelling(case, examples) if gain >= 0 else plain


def _spelling(letter_case: str, examples: Sequence[ReadAnswer]) -> Spelling:
    answers = {normalized(answer): answer for answer in sorted({example.answer for example in examples})}
    return Spelling(
        letter_case=letter_case, answers={key: text for key, text in answers.items() if len(key) >= MIN_LENGTH}
    )
