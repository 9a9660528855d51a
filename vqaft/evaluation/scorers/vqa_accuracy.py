"""The accuracy of the VQA challenge: as right as people agree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from vqaft.evaluation.score import AnsweredExample, Score
from vqaft.evaluation.scorers.normalize import vqa_normal

PEOPLE = 10
ENOUGH = 3


@dataclass(frozen=True, kw_only=True)
class VQAAccuracy:
    """Right where three people gave the same answer, partly right where fewer did.

    With the ten answers of the challenge's data it is the mean over leaving each person out of min(1, matches / 3):
    0, 0.3, 0.6, 0.9 or 1 for none to four matches. S. Antol et al., "VQA", ICCV 2015. Prediction and answers are
    normalised alike, as the challenge's server does (`vqa_normal`).

    There is no official rule for another number of answers; then nobody is left out, and as many matches count in
    full as there are answers, at most three.
    """

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        said, truths = vqa_normal(answered.answer), answered.example.answers
        matches = sum(_truth_normal(truth) == said for truth in truths)
        return _score(matches, len(truths))


_truth_normal = lru_cache(maxsize=1 << 16)(vqa_normal)


@lru_cache(maxsize=1024)
def _score(matches: int, n: int) -> Score:
    if n == PEOPLE:
        others = matches * min(ENOUGH, max(0, matches - 1)) + (n - matches) * min(ENOUGH, matches)
        value = others / (ENOUGH * n)
    else:
        value = min(1.0, matches / min(ENOUGH, n))
    return Score(value=value, reason=f"{matches} of {n} people gave this answer")
