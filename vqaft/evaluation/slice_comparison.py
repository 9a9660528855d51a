"""Two models on one slice of the data, by one scorer: the values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vqaft.errors import EvaluationError
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.win_loss import WinLoss


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
class ComparisonSettings:
    """How the comparison was computed.

    Attributes:
        confidence: Confidence level of every interval, above 0 and below 1; tests are made at 1 minus it.
        resamples: Bootstrap resamples behind the intervals, at least 1.
        seed: Seed of the resampling.
        margin: The largest loss (non-inferiority) or difference (equivalence) that does not matter, as a share of 1;
            None where nothing of the kind was asked.

    Raises:
        EvaluationError: If a value lies outside its range.
    """

    confidence: float = 0.95
    resamples: int = 10_000
    seed: int = 0
    margin: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise EvaluationError(f"confidence is {self.confidence!r}, not between 0 and 1")
        if self.resamples < 1:
            raise EvaluationError(f"resamples is {self.resamples!r}, not 1 or more")
        if self.margin is not None and not 0 < self.margin <= 1:
            raise EvaluationError(f"margin is {self.margin!r}, not above 0 and at most 1 (0.02 is two points)")


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A test of "there is no difference".

    Attributes:
        name: The test, e.g. "exact McNemar".
        p_value: How often chance alone gives a difference at least as large, 0 to 1.
        p_adjusted: The same after Holm's correction: over the scorers for the slice "all", over all other slices of
            all scorers for these.
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
        worst: The difference if every missing score went against the tuned model, with its interval.
        best: The difference if every missing score went for it, with its interval.
    """

    base_missing: int
    tuned_missing: int
    worst: Estimate
    best: Estimate


@dataclass(frozen=True, kw_only=True)
class CountedWrong:
    """The main figures with every refusal, failure and missing score of an asked question counted as wrong.

    Attributes:
        n: Examples that both models were asked.
        base: The base model's mean over them.
        tuned: The tuned model's mean over them.
        difference: Tuned minus base.
    """

    n: int
    base: Estimate
    tuned: Estimate
    difference: Estimate


@dataclass(frozen=True, kw_only=True)
class SliceFigures:
    """What is known of a slice before the tests are corrected for one another.

    Shares and differences are of 1, not per cent: 0.0264 is 2.64 points.

    Attributes:
        n: Examples with a score from both.
        clusters: Groups (images) that these examples belong to.
        informative: Those of them on which the models differ; intervals and tests rest on these.
        base: The base model's mean over the paired examples.
        tuned: The tuned model's mean over the same examples.
        difference: Tuned minus base.
        won: Examples on which tuned scores higher.
        lost: Examples on which tuned scores lower.
        test: The test of no difference that the verdict rests on; None where there is nothing to test.
        mcnemar_p: The p-value of McNemar's exact test, which takes all examples as independent; None where the scores
            are not all 0 or 1.
        win_loss: Effect sizes and other views of wins and losses; None where no example was won or lost.
        detectable: The least true gain that a test set like this one finds four times in five; None where there are
            too few images to tell, or no gain that is left is found that often.
        missing: What is missing, and what it could change.
        counted_wrong: The figures with what is missing counted as wrong.
        margin_interval: The interval that is compared with the margin, where one was given: at confidence
            2 * confidence - 1, which makes two one-sided tests at 1 - confidence. Not corrected for the number of
            slices.
        uneven: Whether a few images hold most of the questions, so that the intervals are unreliable.
    """

    n: int
    clusters: int
    informative: int
    base: Estimate
    tuned: Estimate
    difference: Estimate
    won: int
    lost: int
    test: PairedTest | None
    mcnemar_p: float | None
    win_loss: WinLoss | None
    detectable: float | None
    missing: MissingBounds
    counted_wrong: CountedWrong
    margin_interval: Interval | None = None
    uneven: bool = False


@dataclass(frozen=True, kw_only=True)
class SliceComparison(SliceFigures):
    """How base and tuned did on the same examples.

    Attributes:
        scorer: The scorer's name.
        slice_by: What the data were sliced by: "all", "kind", "question_type", a column, or the name of a function.
        value: The slice, e.g. "closed"; "all" for all.
        verdict: The result.
        words: The result as a sentence.
    """

    scorer: str
    slice_by: str
    value: str
    verdict: Verdict
    words: str
