"""Two models on one slice of the data, by one scorer.

Base and tuned on one slice, from arrays of scores to figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clustered_mean import (
    ClusterSums,
    cluster_robust_error,
    cluster_sums,
    is_binary,
    mean_interval,
)
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.paired_tests import (
    detectable_difference,
    difference_interval,
    difference_test,
    mcnemar_exact,
)


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
        slice_by: What the data were sliced by: "all", "kind", "question_type", a column, or the name of a function.
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
            2 * confidence - 1, which makes two one-sided tests at 1 - confidence. Not corrected for the number of
            slices.
    """

    scorer: str
    slice_by: str
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


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """How the comparison was computed.

    Attributes:
        confidence: Confidence level of every interval, 0 to 1; tests are made at 1 minus it.
        resamples: Bootstrap resamples behind the intervals of differences.
        seed: Seed of the resampling.
        margin: The largest loss (non-inferiority) or difference (equivalence) that does not matter, as a share of 1;
            None where nothing of the kind was asked.
    """

    confidence: float = 0.95
    resamples: int = 10_000
    seed: int = 0
    margin: float | None = None


@dataclass(frozen=True, kw_only=True)
class SliceFigures:
    """What is known of a slice before the tests of all slices are corrected for one another.

    The fields are those of `SliceComparison`.
    """

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
    margin_interval: Interval | None


def compare_slice(
    base: NDArray[np.float64], tuned: NDArray[np.float64], codes: NDArray[np.intp], settings: ComparisonSettings
) -> SliceFigures:
    """Compare two models on the same rows.

    Args:
        base: The base model's scores, NaN where there is none.
        tuned: The tuned model's scores on the same rows.
        codes: The rows' clusters.
        settings: Level, resamples and seed.
    """
    paired = ~(np.isnan(base) | np.isnan(tuned))
    missing = missing_bounds(base, tuned)
    base, tuned, codes = base[paired], tuned[paired], codes[paired]
    if not len(base):
        return _nothing(missing)
    differences = tuned - base
    clusters = cluster_sums(differences, codes)
    name, p_value = difference_test(differences, clusters)
    won, lost = int((differences > 0).sum()), int((differences < 0).sum())
    interval = _interval(clusters, settings, confidence=settings.confidence)
    error = cluster_robust_error(clusters)
    binary = is_binary(base) and is_binary(tuned)
    return SliceFigures(
        n=len(base),
        clusters=len(clusters.sums),
        base=Estimate(value=float(base.mean()), interval=mean_interval(base, codes, confidence=settings.confidence)),
        tuned=Estimate(value=float(tuned.mean()), interval=mean_interval(tuned, codes, confidence=settings.confidence)),
        difference=Estimate(value=float(differences.mean()), interval=interval),
        won=won,
        lost=lost,
        test=PairedTest(name=name, p_value=p_value, p_adjusted=p_value),
        mcnemar_p=mcnemar_exact(won, lost) if binary else None,
        detectable=None
        if math.isnan(error) or not error
        else detectable_difference(error, confidence=settings.confidence),
        missing=missing,
        margin_interval=None
        if settings.margin is None
        else _interval(clusters, settings, confidence=2 * settings.confidence - 1),
    )


def _interval(clusters: ClusterSums, settings: ComparisonSettings, *, confidence: float) -> Interval | None:
    return difference_interval(clusters, confidence=confidence, resamples=settings.resamples, seed=settings.seed)


def missing_bounds(base: NDArray[np.float64], tuned: NDArray[np.float64]) -> MissingBounds:
    """Tell how far missing scores could move the difference.

    Args:
        base: The base model's scores, NaN where there is none.
        tuned: The tuned model's.
    """
    worst = np.nan_to_num(tuned, nan=0.0) - np.nan_to_num(base, nan=1.0)
    best = np.nan_to_num(tuned, nan=1.0) - np.nan_to_num(base, nan=0.0)
    return MissingBounds(
        base_missing=int(np.isnan(base).sum()),
        tuned_missing=int(np.isnan(tuned).sum()),
        worst=float(worst.mean()),
        best=float(best.mean()),
    )


def _nothing(missing: MissingBounds) -> SliceFigures:
    none = Estimate(value=None)
    return SliceFigures(
        n=0,
        clusters=0,
        base=none,
        tuned=none,
        difference=none,
        won=0,
        lost=0,
        test=None,
        mcnemar_p=None,
        detectable=None,
        missing=missing,
        margin_interval=None,
    )
