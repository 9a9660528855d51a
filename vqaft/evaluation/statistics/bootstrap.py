"""The cluster bootstrap of a mean."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.interval import Interval
from vqaft.evaluation.statistics.clusters import ClusterSums

MOST_CELLS = 400
BLOCK = 2_000_000


def bootstrap_means(clusters: ClusterSums, *, resamples: int, seed: int) -> NDArray[np.float64]:
    """Draw whole clusters with replacement, again and again, and give the mean over rows of each draw.

    Clusters with the same sum and size are interchangeable, so where there are few kinds of them only the number of
    each kind is drawn (a multinomial), which gives the same distribution many times faster.
    A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8.

    Args:
        clusters: The rows added up by cluster.
        resamples: How many draws.
        seed: Seed of the random numbers; the same seed gives the same means.
    """
    rng = np.random.default_rng(seed)
    kinds, counts = np.unique(clusters.sums + 1j * clusters.sizes, return_counts=True)
    if len(kinds) <= MOST_CELLS:
        drawn = rng.multinomial(len(clusters.sums), counts / counts.sum(), size=resamples)
        return np.asarray((drawn @ kinds.real) / (drawn @ kinds.imag))
    return _means_by_index(clusters, resamples=resamples, rng=rng)


def _means_by_index(clusters: ClusterSums, *, resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    m = len(clusters.sums)
    means = np.empty(resamples)
    step = max(1, BLOCK // m)
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        drawn = rng.integers(0, m, size=(stop - start, m), dtype=np.uint32)
        totals = clusters.sums[drawn].sum(axis=1)
        means[start:stop] = totals / (m if clusters.single else clusters.sizes[drawn].sum(axis=1))
    return means


def bootstrap_interval(
    clusters: ClusterSums, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval | None:
    """Give the expanded percentile interval of a mean from the cluster bootstrap.

    The plain percentile interval is too narrow for few clusters; taking the quantiles further out, as far as Student's
    t lies beyond the normal, mends that. T. C. Hesterberg, "What teachers should know about the bootstrap", The
    American Statistician 69 (2015), section 5.

    Args:
        clusters: The rows added up by cluster.
        level: The confidence level, 0 to 1.
        resamples: How many draws.
        seed: Seed of the random numbers.

    Returns:
        The interval; None with fewer than two clusters.
    """
    from scipy.special import ndtr, stdtrit

    m = len(clusters.sums)
    if m < 2:  # noqa: PLR2004 - one cluster says nothing of the variance between clusters
        return None
    reach = math.sqrt(m / (m - 1)) * float(stdtrit(m - 1, (1 + level) / 2))
    outside = float(ndtr(-reach))
    low, high = np.quantile(bootstrap_means(clusters, resamples=resamples, seed=seed), [outside, 1 - outside])
    return Interval(low=float(low), high=float(high), level=level, method="cluster bootstrap")
