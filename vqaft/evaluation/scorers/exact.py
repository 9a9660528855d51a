"""The answer is the same as the truth."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.evaluation.score import Answered, Score
from vqaft.evaluation.scorers.text_normal import folded_text, plain_text

SAME = Score(value=1.0, reason="the same as the answer")
DIFFERENT = Score(value=0.0, reason="not the same as any answer that counts as right")


@dataclass(frozen=True, kw_only=True)
class ExactMatch:
    """Right where the whole answer equals one that counts as right.

    Blanks around and between words, the way Unicode composes a sign, and (unless asked for) case make no difference;
    everything else does.

    Attributes:
        case_sensitive: Whether case makes a difference.
        verbatim: Compare the stripped prediction with the canonical answer as it is written, sign by sign.
    """

    case_sensitive: bool = False
    verbatim: bool = False

    @classmethod
    def cookbook(cls) -> ExactMatch:
        """The rule by which OpenAI's cookbook scores its fine-tuned model.

        The stripped prediction equals the answer, case and all. For comparison with its figures.
        """
        return cls(case_sensitive=True, verbatim=True)

    def __call__(self, answered: Answered) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        answer, truths = answered.answer, answered.example.answers
        if self.verbatim:
            return SAME if answer.strip() == truths[0] else DIFFERENT
        if answer in truths:
            return SAME
        form = plain_text if self.case_sensitive else folded_text
        answer = form(answer)
        for truth in truths:
            if form(truth) == answer:
                return SAME
        return DIFFERENT
