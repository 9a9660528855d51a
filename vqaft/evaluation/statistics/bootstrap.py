"""The cluster bootstrap of a mean."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clustered_mean import ClusterSums
from vqaft.evaluation.statistics.interval import Interval

MOST_KINDS, FEWEST_KINDS = 48, 24
FULL = 32  # clusters of one kind from which on numpy draws their number by a faster method


def bootstrap_means(clusters: ClusterSums, *, resamples: int, seed: int) -> NDArray[np.float64]:
    """Draw whole clusters with replacement, again and again, and give the mean over rows of each draw.

    Clusters with the same sum and size are interchangeable, so only the number of each kind is drawn (a multinomial),
    which gives the same distribution many times faster. Where graded scores make more than 48 kinds, neighbours are
    merged into 24 to 48 of equal numbers first, and spread so that mean and variance stay what they were.
    A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8.

    Args:
        clusters: The rows added up by cluster.
        resamples: How many draws.
        seed: Seed of the random numbers; the same seed gives the same means.
    """
    sums, sizes, counts = _kinds(clusters)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(clusters.sums), counts / counts.sum(), size=resamples).astype(np.float64)
    return np.asarray((drawn @ sums) / (drawn @ sizes))


def _kinds(clusters: ClusterSums) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    kinds, counts = np.unique(clusters.sums + 1j * clusters.sizes, return_counts=True)
    if len(kinds) <= MOST_KINDS:
        return kinds.real, kinds.imag, counts.astype(np.float64)
    rest = clusters.sums - clusters.mean * clusters.sizes
    order = np.argsort(rest, kind="stable")
    groups = min(MOST_KINDS, max(FEWEST_KINDS, len(order) // FULL))
    starts = np.linspace(0, len(order), groups, endpoint=False).astype(np.intp)
    members = np.diff(np.append(starts, len(order))).astype(np.float64)
    sizes = np.add.reduceat(clusters.sizes[order], starts) / members
    merged = np.add.reduceat(rest[order], starts) / members
    spread = math.sqrt(float(rest @ rest) / float(members @ (merged * merged)))
    return clusters.mean * sizes + spread * merged, sizes, members


def bootstrap_interval(
    clusters: ClusterSums, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval | None:
    """Give the expanded percentile interval of a mean from the cluster bootstrap.

    The plain percentile interval is too narrow for few clusters; taking the quantiles further out, as far as Student's
    t lies beyond the normal, mends that. T. C. Hesterberg, "What teachers should know about the bootstrap", The
    American Statistician 69 (2015), section 5.

    Args:
        clusters: The rows added up by cluster.
        confidence: The confidence level, 0 to 1.
        resamples: How many draws.
        seed: Seed of the random numbers.

    Returns:
        The interval; None with fewer than two clusters.
    """
    from scipy.special import ndtr, stdtrit

    m = len(clusters.sums)
    if m < 2:  # noqa: PLR2004 - one cluster says nothing of the variance between clusters
        return None
    reach = math.sqrt(m / (m - 1)) * float(stdtrit(m - 1, (1 + confidence) / 2))
    outside = float(ndtr(-reach))
    low, high = np.quantile(bootstrap_means(clusters, resamples=resamples, seed=seed), [outside, 1 - outside])
    return Interval(low=float(low), high=float(high), confidence=confidence, method="cluster bootstrap")
