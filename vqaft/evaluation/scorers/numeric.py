"""The number in an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from vqaft.evaluation.score import Answered, Score, ScoreFailure
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.text_normal import NUMBER_WORDS, folded_text

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

    def __call__(self, answered: Answered) -> Score | ScoreFailure:
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
