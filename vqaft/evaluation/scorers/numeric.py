"""The number in an answer.

Numbers that are nearly right, for charts.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.scorers.normalize import NUMBER_WORDS, final_answer, folded_text

NUMBER = re.compile(
    r"(?<![\w.])([-+−]?)\s?[$€£¥]?\s?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:e([-+]?\d{1,3}))?"
)


WORDS = re.compile(rf"\b({'|'.join(NUMBER_WORDS)})\b")


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """The last number of the final answer is that of the truth.

    Signs of currency, units, per cent signs and thousands separators are passed over ("60 %" could be 60 or 0.6: it
    is 60), and "seven" is 7. The last number is taken as in K. Cobbe et al., "Training verifiers to solve math word
    problems" (2021). A truth without a number is a `ScoreFailure`.

    Attributes:
        relative: The largest relative error that counts as right.
        absolute: The largest absolute error that counts as right.
    """

    relative: float = 0.0
    absolute: float = 0.0

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        truths = [number for truth in answered.example.answers if (number := last_number(truth)) is not None]
        if not truths:
            return ScoreFailure(kind="no number", message=f"the answer {answered.example.answer!r} holds no number")
        said = last_number(final_answer(answered.answer))
        if said is None:
            return Score(value=0.0, reason="no number in the answer")
        near = any(self._near(said, truth) for truth in truths)
        return Score(value=float(near), reason=f"says {said}, and {truths[0]} is right")

    def _near(self, said: Decimal, truth: Decimal) -> bool:
        error = abs(said - truth)
        return error <= Decimal(str(self.absolute)) or error <= Decimal(str(self.relative)) * abs(truth)


def last_number(text: str) -> Decimal | None:
    """Give the last number in a text.

    Args:
        text: Any text.

    Returns:
        The number, exactly as written; None where there is none.
    """
    plain = WORDS.sub(lambda match: NUMBER_WORDS[match[0]], folded_text(text))
    found = NUMBER.findall(plain)
    if not found:
        return None
    sign, digits, power = found[-1]
    return Decimal(f"{'-' if sign in {'-', '−'} else ''}{digits.replace(',', '')}e{power or 0}")


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

    def __call__(self, answered: AnsweredExample) -> Score:
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
