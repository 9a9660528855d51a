"""Misread answers → as the training data writes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from vqaft.engines.embedded.span_features import squeezed
from vqaft.engines.embedded.style import LetterCase, in_letter_case, learn_letter_case

LEAST_LENGTH = 6
"""Shorter answers are too easily taken for each other."""
CUTOFF = 0.88
"""How alike a span and a known answer must be (normalised Levenshtein) to be the same."""
MOST_TRIED = 300
"""Examples that mending is tried out on."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How the training data writes answers that stand in images.

    Attributes:
        letter_case: In which letter case.
        answers: The answers.
    """

    letter_case: LetterCase
    answers: tuple[str, ...] = field(repr=False)

    @cached_property
    def _known(self) -> dict[str, str]:
        return {squeezed(answer): answer for answer in self.answers if len(squeezed(answer)) >= LEAST_LENGTH}

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset("".join(self.answers).casefold())

    @cached_property
    def _choices(self) -> list[str]:
        return list(self._known)

    @cached_property
    def _mended(self) -> dict[str, str]:
        return {}

    def mended(self, text: str) -> str:
        """Write a span as the training data would.

        A letter with an accent that no training answer holds loses it. A span that is nearly a training answer, and
        holds the same digits, becomes this answer.

        Args:
            text: As it was read.
        """
        if text not in self._mended:
            self._mended[text] = self._mend(text)
        return self._mended[text]

    def _mend(self, text: str) -> str:
        from rapidfuzz import process
        from rapidfuzz.distance import Levenshtein

        text = "".join(self._plain(letter) for letter in text)
        wanted = squeezed(text)
        near = process.extract(
            wanted, self._choices, scorer=Levenshtein.normalized_similarity, score_cutoff=CUTOFF, limit=3
        )
        same = [key for key, _, _ in near if _digits(key) == _digits(wanted)]
        return self._known[same[0]] if same else in_letter_case(text, self.letter_case)

    def _plain(self, letter: str) -> str:
        if letter.isascii() or not self.answers or letter.casefold() in self._letters:
            return letter
        return "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))


@dataclass(frozen=True, kw_only=True)
class Written:
    """A span of a training image, and the answer that it stands for."""

    image: str
    span: str
    answer: str


def learn_spelling(examples: Sequence[Written]) -> Spelling:
    """Learn how answers are written, and whether to take a span for a nearly equal known answer.

    The latter is tried out: each example is mended by the answers of all other images. Where this makes more answers
    wrong than right, as it does where answers differ by a letter, known answers are not used.

    Args:
        examples: Spans with their answers.
    """
    letter_case = learn_letter_case((example.span, example.answer) for example in examples)
    plain = Spelling(letter_case=letter_case, answers=())
    gain = 0
    for example in examples[:MOST_TRIED]:
        others = Spelling(
            letter_case=letter_case,
            answers=tuple(sorted({other.answer for other in examples if other.image != example.image})),
        )
        wanted = squeezed(example.answer)
        gain += (squeezed(others.mended(example.span)) == wanted) - (squeezed(plain.mended(example.span)) == wanted)
    answers = tuple(sorted({example.answer for example in examples}))
    return Spelling(letter_case=letter_case, answers=answers) if gain >= 0 else plain


def _digits(text: str) -> str:
    return "".join(re.findall(r"\d", text))
