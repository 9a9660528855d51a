"""Base and tuned on one slice, from arrays of scores to figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.comparison import ComparisonSettings
from vqaft.evaluation.interval import Estimate, Interval
from vqaft.evaluation.slice_comparison import MissingBounds, PairedTest
from vqaft.evaluation.statistics.cluster_robust import cluster_robust_error
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_sums
from vqaft.evaluation.statistics.difference import difference_interval, difference_test
from vqaft.evaluation.statistics.mcnemar import mcnemar_exact
from vqaft.evaluation.statistics.mean import is_binary, mean_interval
from vqaft.evaluation.statistics.power import detectable_difference


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
    interval = _interval(clusters, settings, level=settings.level)
    error = cluster_robust_error(clusters)
    binary = is_binary(base) and is_binary(tuned)
    return SliceFigures(
        n=len(base),
        clusters=len(clusters.sums),
        base=Estimate(value=float(base.mean()), interval=mean_interval(base, codes, level=settings.level)),
        tuned=Estimate(value=float(tuned.mean()), interval=mean_interval(tuned, codes, level=settings.level)),
        difference=Estimate(value=float(differences.mean()), interval=interval),
        won=won,
        lost=lost,
        test=PairedTest(name=name, p_value=p_value, p_adjusted=p_value),
        mcnemar_p=mcnemar_exact(won, lost) if binary else None,
        detectable=None if math.isnan(error) or not error else detectable_difference(error, level=settings.level),
        missing=missing,
        margin_interval=None
        if settings.margin is None
        else _interval(clusters, settings, level=2 * settings.level - 1),
    )


def _interval(clusters: ClusterSums, settings: ComparisonSettings, *, level: float) -> Interval | None:
    return difference_interval(clusters, level=level, resamples=settings.resamples, seed=settings.seed)


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
