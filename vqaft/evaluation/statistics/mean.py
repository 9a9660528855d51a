"""The interval of a mean score: which method for which data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.interval import Interval
from vqaft.evaluation.statistics.cluster_robust import cluster_robust_error, cluster_robust_interval
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_sums
from vqaft.evaluation.statistics.wilson import wilson_interval


def is_binary(values: NDArray[np.float64]) -> bool:
    """Tell whether all values are 0 or 1.

    Args:
        values: The scores.
    """
    return bool(((values == 0) | (values == 1)).all())


def mean_interval(values: NDArray[np.float64], codes: NDArray[np.intp], *, level: float = 0.95) -> Interval | None:
    """Give the interval of a mean of scores in 0 to 1.

    Right-or-wrong scores in clusters of one row: Wilson. In larger clusters: Wilson at the effective sample size that
    the cluster-robust variance implies (E. L. Korn, B. I. Graubard, Survey Methodology 24, 1998; C. Franco et al.,
    J. Survey Statistics and Methodology 7, 2019). Graded scores: cluster-robust t, cut to 0 to 1.

    Args:
        values: The scores, at least one.
        codes: The cluster of each.
        level: The confidence level, 0 to 1.

    Returns:
        The interval; None for graded scores of fewer than two clusters.
    """
    clusters = cluster_sums(values, codes)
    if is_binary(values):
        return _share_interval(clusters, level=level)
    interval = cluster_robust_interval(clusters, level=level)
    if interval is None:
        return None
    low, high = max(0.0, interval.low), min(1.0, interval.high)
    return Interval(low=low, high=high, level=level, method=interval.method)


def _share_interval(clusters: ClusterSums, *, level: float) -> Interval:
    n = float(clusters.sizes.sum())
    if clusters.single:
        return wilson_interval(float(clusters.sums.sum()), n, level=level)
    effective = effective_size(clusters, level=level)
    return wilson_interval(clusters.mean * effective, effective, level=level, method="Wilson, clustered")


def effective_size(clusters: ClusterSums, *, level: float = 0.95) -> float:
    """Tell how many independent rows would fix the share as well as these clustered ones do.

    Between the number of clusters divided by the largest share a cluster can have, and the number of rows; shrunk for
    the few clusters behind the variance, by the ratio of the normal to Student's quantile. Where all rows are right
    or all wrong, nothing is seen of the variance, and the number of clusters is taken.

    Args:
        clusters: Right-or-wrong scores added up by cluster.
        level: The confidence level, 0 to 1.
    """
    from scipy.special import ndtri, stdtrit

    m, n, share = len(clusters.sums), float(clusters.sizes.sum()), clusters.mean
    error = cluster_robust_error(clusters)
    if m == 1 or error == 0 or share in {0.0, 1.0}:
        return float(m)
    shrink = float(ndtri((1 + level) / 2) / stdtrit(m - 1, (1 + level) / 2)) ** 2
    return max(1.0, min(n, share * (1 - share) / error**2) * shrink)
