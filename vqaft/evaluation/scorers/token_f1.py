"""Words shared between answer and truth."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass

from vqaft.evaluation.score import AnsweredExample, Score

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, kw_only=True)
class TokenF1:
    """The harmonic mean of how much of the answer is in the truth and how much of the truth is in the answer, in words.

    Case, ASCII punctuation and the articles make no difference; a word counts as often as it occurs. The best reference
    decides. P. Rajpurkar et al., "SQuAD", EMNLP 2016. Where nothing is left of both texts they count as the same, as in
    SQuAD 2.0.

    The published rule has traps, kept so that figures compare with the literature. Punctuation is deleted, not
    replaced: "12.50" equals "1250", "3.14" equals "314", "-5" equals "5", "C++" equals "C#". The articles are dropped
    wherever they stand, so "A" and "the" are empty and equal. A long answer that holds the truth scores little. Use
    `Numeric` for amounts.
    """

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        said = _tokens(answered.answer)
        best, shared = max(_f1(said, _tokens(truth)) for truth in answered.example.answers)
        return Score(value=best, reason=f"{shared} of {len(said)} words shared with the nearest answer")


def _tokens(text: str) -> list[str]:
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def _f1(said: list[str], truth: list[str]) -> tuple[float, int]:
    if not said or not truth:
        return float(said == truth), 0
    shared = (Counter(said) & Counter(truth)).total()
    return 2 * shared / (len(said) + len(truth)), shared
