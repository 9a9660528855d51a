"""Two models on one slice of the data, by one scorer: the values, and how they follow from arrays of scores."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from vqaft.data import Power
from vqaft.errors import EvaluationError
from vqaft.evaluation.statistics.clustered_mean import difference_interval, is_binary, mean_interval
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.paired_tests import WinLoss, difference_test, mcnemar_exact, win_loss
from vqaft.typed import typed


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
@typed
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
    seed: NonNegativeInt = 0
    margin: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise EvaluationError(f"confidence is {self.confidence!r}, not between 0 and 1")
        if self.resamples < 1:
            raise EvaluationError(f"resamples is {self.resamples!r}, not 1 or more")
        if self.margin is not None and not 0 < self.margin <= 1:
            raise EvaluationError(f"margin is {self.margin!r}, not above 0 and at most 1 (0.02 is two points)")


@dataclass(frozen=True, kw_only=True)
@typed
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
@typed
class MissingBounds:
    """What the difference could be if the answers and scores that are missing were known.

    Attributes:
        base_missing: Examples of the slice for which base has no score.
        tuned_missing: Examples of the slice for which tuned has no score.
        worst: The difference if every missing score went against the tuned model, with its interval.
        best: The difference if every missing score went for it, with its interval.
    """

    base_missing: NonNegativeInt
    tuned_missing: NonNegativeInt
    worst: Estimate
    best: Estimate


@dataclass(frozen=True, kw_only=True)
@typed
class CountedWrong:
    """The main figures with every refusal, failure and missing score of an asked question counted as wrong.

    Attributes:
        n: Examples that both models were asked.
        base: The base model's mean over them.
        tuned: The tuned model's mean over them.
        difference: Tuned minus base.
    """

    n: NonNegativeInt
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

    n: NonNegativeInt
    clusters: NonNegativeInt
    informative: NonNegativeInt
    base: Estimate
    tuned: Estimate
    difference: Estimate
    won: NonNegativeInt
    lost: NonNegativeInt
    test: PairedTest | None
    mcnemar_p: float | None
    win_loss: WinLoss | None
    detectable: float | None
    missing: MissingBounds
    counted_wrong: CountedWrong
    margin_interval: Interval | None = None
    uneven: bool = False


@dataclass(frozen=True, kw_only=True)
@typed
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


Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
FIXED_POINT_STEPS = 6


def compare_slice(
    base: Floats, tuned: Floats, codes: Codes, settings: ComparisonSettings, *, asked: NDArray[np.bool_]
) -> SliceFigures:
    """Compare two models on the same rows.

    Args:
        base: The base model's scores, NaN where there is none.
        tuned: The tuned model's scores on the same rows.
        codes: The rows' clusters.
        settings: Confidence, resamples and seed.
        asked: Whether both models were asked, row by row.
    """
    paired = ~(np.isnan(base) | np.isnan(tuned))
    main = _means(base[paired], tuned[paired], codes[paired], settings)
    missing, counted = MissingBounds(base_missing=0, tuned_missing=0, worst=main.difference, best=main.difference), main
    if not paired.all():
        missing = _missing_bounds(base, tuned, codes, settings)
        counted = _means(np.nan_to_num(base[asked]), np.nan_to_num(tuned[asked]), codes[asked], settings)
    base, tuned, codes = base[paired], tuned[paired], codes[paired]
    if not len(base):
        return _no_figures(missing, counted)
    differences = tuned - base
    clusters = cluster_sums(differences, codes)
    name, p_value = difference_test(differences, clusters)
    won, lost = int((differences > 0).sum()), int((differences < 0).sum())
    binary = is_binary(base) and is_binary(tuned)
    return SliceFigures(
        n=len(base),
        clusters=len(clusters.sums),
        informative=int(np.count_nonzero(np.bincount(codes, weights=differences != 0))),
        base=main.base,
        tuned=main.tuned,
        difference=main.difference,
        won=won,
        lost=lost,
        test=PairedTest(name=name, p_value=p_value, p_adjusted=p_value),
        mcnemar_p=mcnemar_exact(won, lost) if binary else None,
        win_loss=win_loss(differences, codes, confidence=settings.confidence) if won + lost else None,
        detectable=detectable_gain(base, tuned, clusters, alpha=1 - settings.confidence),
        missing=missing,
        counted_wrong=counted,
        margin_interval=None if settings.margin is None else _margin_interval(clusters, settings),
        uneven=clusters.uneven,
    )


def detectable_gain(base: Floats, tuned: Floats, clusters: ClusterSums, *, alpha: float = 0.05) -> float | None:
    """Compute the least true gain that a test set like this one finds four times in five.

    The tuned model is taken to lose examples as seen here, in proportion to its errors, whatever its gain.

    Args:
        base: The base model's scores.
        tuned: The tuned model's scores on the same rows.
        clusters: The differences added up by cluster.
        alpha: The level of the test.

    Returns:
        The gain as a share of 1; None with too few images, without variance, or where no gain that is left is enough.
    """
    accuracy, n = float(base.mean()), len(base)
    if not base.var() or not clusters.squares:
        return None
    spread = min(1.0, float(base.var()) / (accuracy * (1 - accuracy)))
    losses = (clusters.squares / n - spread * clusters.mean) / (2 * max(1 - float(tuned.mean()), 1 / n))
    size = clusters.own_size
    gain: float | None = min(0.1, (1 - accuracy) / 2)
    for _ in range(FIXED_POINT_STEPS):
        if gain is None:
            break
        left = 1 - accuracy - gain
        before, after = accuracy * (1 - accuracy), max(1e-9, (accuracy + gain) * left)
        noise = 2 * max(0.0, losses) * left / spread + gain - gain**2
        gain = Power(
            pairs=n,
            clusters=len(clusters.sums),
            cluster_size=size,
            accuracy=accuracy,
            icc=min(1.0, (clusters.design_effect - 1) / (size - 1)) if size > 1 else 0.0,
            correlation=min(1.0, max(-1.0, (before + after - noise) / (2 * (before * after) ** 0.5))),
            spread=spread,
            alpha=alpha,
        ).detectable_gain
    return gain


def _difference(clusters: ClusterSums, settings: ComparisonSettings) -> Estimate:
    interval = difference_interval(
        clusters, confidence=settings.confidence, resamples=settings.resamples, seed=settings.seed
    )
    return Estimate(value=clusters.mean, interval=interval)


def _mean(values: Floats, codes: Codes, settings: ComparisonSettings) -> Estimate:
    interval = mean_interval(
        values, codes, confidence=settings.confidence, resamples=settings.resamples, seed=settings.seed
    )
    return Estimate(value=float(values.mean()), interval=interval)


def _margin_interval(clusters: ClusterSums, settings: ComparisonSettings) -> Interval:
    return difference_interval(
        clusters,
        confidence=2 * settings.confidence - 1,
        resamples=settings.resamples,
        seed=settings.seed,
        whole_image=True,
    )


def _missing_bounds(base: Floats, tuned: Floats, codes: Codes, settings: ComparisonSettings) -> MissingBounds:
    def bound(against: float) -> Estimate:
        filled = np.nan_to_num(tuned, nan=1 - against) - np.nan_to_num(base, nan=against)
        return _difference(cluster_sums(filled, codes), settings)

    counts = int(np.isnan(base).sum()), int(np.isnan(tuned).sum())
    return MissingBounds(base_missing=counts[0], tuned_missing=counts[1], worst=bound(1.0), best=bound(0.0))


def _means(base: Floats, tuned: Floats, codes: Codes, settings: ComparisonSettings) -> CountedWrong:
    if not len(base):
        none = Estimate(value=None)
        return CountedWrong(n=0, base=none, tuned=none, difference=none)
    return CountedWrong(
        n=len(base),
        base=_mean(base, codes, settings),
        tuned=_mean(tuned, codes, settings),
        difference=_difference(cluster_sums(tuned - base, codes), settings),
    )


def _no_figures(missing: MissingBounds, counted: CountedWrong) -> SliceFigures:
    none = Estimate(value=None)
    return SliceFigures(
        n=0,
        clusters=0,
        informative=0,
        base=none,
        tuned=none,
        difference=none,
        won=0,
        lost=0,
        test=None,
        mcnemar_p=None,
        win_loss=None,
        detectable=None,
        missing=missing,
        counted_wrong=counted,
    )
