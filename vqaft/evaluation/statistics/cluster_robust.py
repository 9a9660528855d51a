"""The variance of a mean whose rows come in clusters."""

from __future__ import annotations

import math

from vqaft.evaluation.interval import Interval
from vqaft.evaluation.statistics.clusters import ClusterSums


def cluster_robust_error(clusters: ClusterSums) -> float:
    """Give the standard error of the mean over rows, by the linearised ("sandwich") variance between clusters.

    With the small-sample factor m / (m - 1) for m clusters. With clusters of one row it is the usual standard error
    of a mean. K.-Y. Liang, S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73
    (1986).

    Args:
        clusters: The rows added up by cluster.

    Returns:
        The standard error; NaN with fewer than two clusters.
    """
    m = len(clusters.sums)
    if m < 2:  # noqa: PLR2004 - one cluster says nothing of the variance between clusters
        return math.nan
    residuals = clusters.sums - clusters.mean * clusters.sizes
    return math.sqrt(m / (m - 1) * float(residuals @ residuals)) / float(clusters.sizes.sum())


def cluster_robust_interval(clusters: ClusterSums, *, level: float = 0.95) -> Interval | None:
    """Give the interval of a mean by the cluster-robust standard error and Student's t with m - 1 degrees of freedom.

    Args:
        clusters: The rows added up by cluster.
        level: The confidence level, 0 to 1.

    Returns:
        The interval, not cut to any range; None with fewer than two clusters.
    """
    from scipy.special import stdtrit

    error = cluster_robust_error(clusters)
    if math.isnan(error):
        return None
    half = float(stdtrit(len(clusters.sums) - 1, (1 + level) / 2)) * error
    return Interval(low=clusters.mean - half, high=clusters.mean + half, level=level, method="cluster-robust t")
