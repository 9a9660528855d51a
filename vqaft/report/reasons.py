"""Reasons of scores that repeat: written once with their counts, not in every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from vqaft.evaluation import PairedRow, Score

MIN_REPEATS = 4
"""A reason that so many answers have is folded."""

MOST_LISTED = 60


@dataclass(frozen=True, kw_only=True)
class RepeatedReason:
    """A reason that several answers have.

    Attributes:
        scorer: The scorer that gave it.
        score: The score that it goes with.
        base: How many of the base model's answers have it.
        tuned: How many of the tuned model's.
    """

    scorer: str
    score: Score
    base: int
    tuned: int

    @property
    def total(self) -> int:
        """How many answers have it."""
        return self.base + self.tuned


@dataclass(frozen=True, kw_only=True)
class FoldedReasons:
    """The reasons of a page that are not written in its rows.

    Attributes:
        repeated: Those that repeat, the most frequent first.
    """

    repeated: tuple[RepeatedReason, ...] = ()

    def holds(self, scorer: str, score: Score) -> bool:
        """Return whether a score's reason is written elsewhere on the page."""
        return (scorer, score) in self._known

    @cached_property
    def _known(self) -> frozenset[tuple[str, Score]]:
        return frozenset((one.scorer, one.score) for one in self.repeated)


def fold_reasons(rows: Iterable[PairedRow], scorers: Sequence[str]) -> FoldedReasons:
    """Find the reasons that repeat.

    Args:
        rows: The rows of a page.
        scorers: The scorers' names, in the order in which they are listed.
    """
    sides: tuple[Counter[tuple[str, Score]], ...] = (Counter(), Counter())
    for row in rows:
        for counts, side in zip(sides, (row.base, row.tuned), strict=True):
            counts.update(
                (name, score)
                for name, score in side.scores.items()
                if isinstance(score, Score) and score.reason and name in scorers
            )
    base, tuned = sides
    order = {name: place for place, name in enumerate(scorers)}
    found = [
        RepeatedReason(scorer=name, score=score, base=base[name, score], tuned=tuned[name, score])
        for (name, score), count in (base + tuned).most_common(MOST_LISTED)
        if count >= MIN_REPEATS
    ]
    return FoldedReasons(repeated=tuple(sorted(found, key=lambda one: (order[one.scorer], -one.total))))
