"""One example as two models answered it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vqaft.data import QuestionKind
from vqaft.evaluation.scored_row import ScoredRow


class Outcome(StrEnum):
    """What became of an example from the base model to the tuned one, by one scorer."""

    WON = "won"
    """The tuned model scores higher."""
    LOST = "lost"
    """The tuned model scores lower."""
    BOTH_RIGHT = "both right"
    """The same score, of one half at least."""
    BOTH_WRONG = "both wrong"
    """The same score, below one half."""
    INCOMPLETE = "incomplete"
    """At least one of the two has no score."""


@dataclass(frozen=True, kw_only=True)
class PairedRow:
    """A row of a `Comparison`.

    Attributes:
        base: The example with the base model's answer; status "missing" where base never saw it.
        tuned: The same example with the tuned model's answer.
    """

    base: ScoredRow
    tuned: ScoredRow

    @property
    def example_id(self) -> str:
        """The id of the example."""
        return self.base.example_id

    @property
    def group(self) -> str:
        """What the row shares its luck with, e.g. its image."""
        return self.base.group

    @property
    def kind(self) -> QuestionKind:
        """Whether the question is closed or open."""
        return self.base.kind

    @property
    def question_type(self) -> str | None:
        """The question's type."""
        return self.base.question_type

    @property
    def question(self) -> str:
        """What was asked."""
        return self.base.question

    @property
    def answers(self) -> tuple[str, ...]:
        """What counts as right."""
        return self.base.answers

    def outcome(self, scorer: str) -> Outcome:
        """Tell what became of the example.

        Args:
            scorer: The name of the scorer that decides.
        """
        before, after = self.base.value(scorer), self.tuned.value(scorer)
        if before is None or after is None:
            return Outcome.INCOMPLETE
        if before == after:
            return Outcome.BOTH_RIGHT if after >= 0.5 else Outcome.BOTH_WRONG  # noqa: PLR2004 - half of the scale
        return Outcome.WON if after > before else Outcome.LOST
