"""Misread answers → as the training data writes them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

from vqaft.server.engines.embedded.span_features import squeezed
from vqaft.server.engines.embedded.style import LetterCase, in_letter_case

LEAST_LENGTH = 6
"""Shorter answers are too easily taken for each other."""
CUTOFF = 0.88
"""How alike a span and a known answer must be (normalised Levenshtein) to be the same."""


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

    def mended(self, text: str) -> str:
        """Write a span as the training data would.

        A letter with an accent that no training answer holds loses it. A span that is nearly a training answer, and
        holds the same digits, becomes this answer.

        Args:
            text: As it was read.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import Levenshtein

        text = "".join(self._plain(letter) for letter in text)
        wanted = squeezed(text)
        near = process.extract(
            wanted, list(self._known), scorer=Levenshtein.normalized_similarity, score_cutoff=CUTOFF, limit=3
        )
        same = [key for key, _, _ in near if _digits(key) == _digits(wanted)]
        return self._known[same[0]] if same else in_letter_case(text, self.letter_case)

    def _plain(self, letter: str) -> str:
        if letter.isascii() or letter.casefold() in self._letters:
            return letter
        return "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))


def _digits(text: str) -> str:
    return "".join(re.findall(r"\d", text))
