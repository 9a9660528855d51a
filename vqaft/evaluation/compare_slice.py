"""Two models on one slice: from arrays of scores to figures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqaft.data import Power
from vqaft.evaluation.slice_comparison import ComparisonSettings, CountedWrong, MissingBounds, PairedTest, SliceFigures
from vqaft.evaluation.statistics.clustered_mean import difference_interval, is_binary, mean_interval
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.paired_tests import difference_test, mcnemar_exact
from vqaft.evaluation.statistics.win_loss import win_loss

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
