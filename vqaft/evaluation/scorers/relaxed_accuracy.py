"""Numbers that are nearly right, for charts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vqaft.evaluation.score import Answered, Score

RIGHT = Score(value=1.0, reason="the same text")
WRONG = Score(value=0.0, reason="another text")


@dataclass(frozen=True, kw_only=True)
class RelaxedAccuracy:
    """A number within a share of the true one, or else the same text without regard to case.

    Both must be numbers as a whole, "12 %" being 0.12; anything else is compared as text, and so is a true 0.
    N. Methani et al., "PlotQA", WACV 2020; A. Masry et al., "ChartQA", Findings of ACL 2022.

    Attributes:
        tolerance: The largest relative error that counts as right.
    """

    tolerance: float = 0.05

    def __call__(self, answered: Answered) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        scores = [self._compare(answered.answer.strip(), truth.strip()) for truth in answered.example.answers]
        return max(scores, key=lambda score: score.value)

    def _compare(self, answer: str, truth: str) -> Score:
        if answer.lower() == truth.lower():
            return RIGHT
        said, true = _number(answer), _number(truth)
        if said is None or not true:
            return WRONG
        error = abs(said - true) / abs(true)
        return Score(value=float(error <= self.tolerance), reason=f"off by {100 * error:.1f} % of {truth}")


def _number(text: str) -> float | None:
    try:
        value = float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
