"""Two models on one slice of the data, by one scorer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vqaft.evaluation.interval import Estimate, Interval


class Verdict(StrEnum):
    """What the data say about a difference."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no detectable difference"
    EQUIVALENT = "equivalent"
    """The difference, up or down, is smaller than the margin that was asked about."""
    NOT_WORSE = "not worse"
    """The loss, if there is one, is smaller than the margin that was asked about."""
    NO_DATA = "nothing to compare"


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A test of "there is no difference".

    Attributes:
        name: The test, e.g. "exact McNemar".
        p_value: How often chance alone gives a difference at least as large, 0 to 1.
        p_adjusted: The same after Holm's correction for the number of slices looked at; equal to `p_value` for the
            slice "all", which is the one question asked first.
    """

    name: str
    p_value: float
    p_adjusted: float


@dataclass(frozen=True, kw_only=True)
class MissingBounds:
    """What the difference could be if the answers and scores that are missing were known.

    Attributes:
        base_missing: Examples of the slice for which base has no score.
        tuned_missing: Examples of the slice for which tuned has no score.
        worst: The difference if every missing score went against the tuned model.
        best: The difference if every missing score went for it.
    """

    base_missing: int
    tuned_missing: int
    worst: float
    best: float


@dataclass(frozen=True, kw_only=True)
class SliceComparison:
    """How base and tuned did on the same examples.

    Shares and differences are of 1, not per cent: 0.0264 is 2.64 points.

    Attributes:
        scorer: The scorer's name.
        by: What the data were sliced by: "all", "kind", "question_type", a column, or the name of a function.
        value: The slice, e.g. "closed"; "all" for all.
        n: Examples with a score from both.
        clusters: Groups (images) that these examples belong to.
        base: The base model's mean over the paired examples.
        tuned: The tuned model's mean over the same examples.
        difference: Tuned minus base.
        won: Examples on which tuned scores higher.
        lost: Examples on which tuned scores lower.
        test: The test of no difference that the verdict rests on; None where there is nothing to test.
        mcnemar_p: The p-value of McNemar's exact test, which takes all examples as independent; None where the scores
            are not all 0 or 1.
        detectable: The least true gain that data like these would show 80 times in 100; None where it cannot be told.
        missing: What is missing, and what it could change.
        verdict: The result.
        words: The result as a sentence.
        margin_interval: The interval that is held against the margin, where one was given: at level
            2 * level - 1, which makes two one-sided tests at 1 - level. Not corrected for the number of slices.
    """

    scorer: str
    by: str
    value: str
    n: int
    clusters: int
    base: Estimate
    tuned: Estimate
    difference: Estimate
    won: int
    lost: int
    test: PairedTest | None
    mcnemar_p: float | None
    detectable: float | None
    missing: MissingBounds
    verdict: Verdict
    words: str
    margin_interval: Interval | None = None
