"""The rows of a comparison, what changed first."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.evaluation import Comparison, Outcome, PairedRow

MEANINGS = {
    Outcome.WON: "the tuned model scores higher",
    Outcome.LOST: "the tuned model scores lower",
    Outcome.BOTH_WRONG: "the same score, below one half",
    Outcome.BOTH_RIGHT: "the same score, one half or more",
    Outcome.INCOMPLETE: "at least one of the two has no score",
}


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """The rows of one outcome.

    Attributes:
        outcome: What became of these examples.
        rows: The rows, those with the largest change first, else in the order of the comparison.
    """

    outcome: Outcome
    rows: tuple[PairedRow, ...]

    @property
    def meaning(self) -> str:
        """The outcome in words."""
        return MEANINGS[self.outcome]


def group_rows(comparison: Comparison, scorer: str | None = None) -> tuple[RowGroup, ...]:
    """Sort the rows by what became of them: won, lost, and then those that did not change.

    Args:
        comparison: The comparison.
        scorer: The name of the scorer that decides; the first one by default.

    Returns:
        The groups that have rows.
    """
    name = comparison.overall(scorer).scorer
    flips = comparison.flips(name)

    def change(row: PairedRow) -> float:
        return abs((row.tuned.value(name) or 0.0) - (row.base.value(name) or 0.0))

    groups = (RowGroup(outcome=part, rows=tuple(sorted(flips[part], key=change, reverse=True))) for part in MEANINGS)
    return tuple(group for group in groups if group.rows)
