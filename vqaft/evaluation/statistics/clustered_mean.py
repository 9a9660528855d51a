"""The interval of a mean score: which method for which data.

Rows that share their luck: questions about one image.

Wilson's interval of a share.

The variance of a mean whose rows come in clusters.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.interval import Interval


def cluster_codes(groups: Iterable[Hashable]) -> NDArray[np.intp]:
    """Number the groups from 0 in the order in which they are first seen.

    Args:
        groups: The group of every row.
    """
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(group, len(known)) for group in groups], dtype=np.intp)


@dataclass(frozen=True, kw_only=True)
class ClusterSums:
    """The rows added up cluster by cluster: all that a clustered mean needs.

    Attributes:
        sums: The sum of each cluster's values.
        sizes: The number of each cluster's rows, at least 1.
    """

    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean over all rows."""
        return float(self.sums.sum() / self.sizes.sum())

    @property
    def single(self) -> bool:
        """Whether every cluster has one row only."""
        return bool((self.sizes == 1).all())


def cluster_sums(values: NDArray[np.float64], codes: NDArray[np.intp]) -> ClusterSums:
    """Add up rows cluster by cluster.

    Args:
        values: The values of the rows.
        codes: The rows' clusters, as whole numbers of 0 or more; numbers that do not occur are passed over.
    """
    sizes = np.bincount(codes)
    used = sizes > 0
    sums: NDArray[np.float64] = np.bincount(codes, weights=values).astype(np.float64, copy=False)
    return ClusterSums(sums=sums[used], sizes=sizes[used].astype(np.float64))


def wilson_interval(successes: float, n: float, *, confidence: float = 0.95, method: str = "Wilson") -> Interval:
    """Give the score interval of a binomial share, without continuity correction.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Args:
        successes: How many were right, 0 to `n`.
        n: How many there were, above 0. Neither has to be whole: an effective sample size is not.
        confidence: The confidence level, 0 to 1.
        method: How to name it.
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + confidence) / 2))
    share = successes / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low=low, high=high, confidence=confidence, method=method)


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


def cluster_robust_interval(clusters: ClusterSums, *, confidence: float = 0.95) -> Interval | None:
    """Give the interval of a mean by the cluster-robust standard error and Student's t with m - 1 degrees of freedom.

    Args:
        clusters: The rows added up by cluster.
        confidence: The confidence level, 0 to 1.

    Returns:
        The interval, not cut to any range; None with fewer than two clusters.
    """
    from scipy.special import stdtrit

    error = cluster_robust_error(clusters)
    if math.isnan(error):
        return None
    half = float(stdtrit(len(clusters.sums) - 1, (1 + confidence) / 2)) * error
    return Interval(
        low=clusters.mean - half, high=clusters.mean + half, confidence=confidence, method="cluster-robust t"
    )


def is_binary(values: NDArray[np.float64]) -> bool:
    """Tell whether all values are 0 or 1.

    Args:
        values: The scores.
    """
    return bool(((values == 0) | (values == 1)).all())


def mean_interval(values: NDArray[np.float64], codes: NDArray[np.intp], *, confidence: float = 0.95) -> Interval | None:
    """Give the interval of a mean of scores in 0 to 1.

    Right-or-wrong scores in clusters of one row: Wilson. In larger clusters: Wilson at the effective sample size that
    the cluster-robust variance implies (E. L. Korn, B. I. Graubard, Survey Methodology 24, 1998; C. Franco et al.,
    J. Survey Statistics and Methodology 7, 2019). Graded scores: cluster-robust t, cut to 0 to 1.

    Args:
        values: The scores, at least one.
        codes: The cluster of each.
        confidence: The confidence level, 0 to 1.

    Returns:
        The interval; None for graded scores of fewer than two clusters.
    """
    clusters = cluster_sums(values, codes)
    if is_binary(values):
        return _share_interval(clusters, confidence=confidence)
    interval = cluster_robust_interval(clusters, confidence=confidence)
    if interval is None:
        return None
    low, high = max(0.0, interval.low), min(1.0, interval.high)
    return Interval(low=low, high=high, confidence=confidence, method=interval.method)


def _share_interval(clusters: ClusterSums, *, confidence: float) -> Interval:
    n = float(clusters.sizes.sum())
    if clusters.single:
        return wilson_interval(float(clusters.sums.sum()), n, confidence=confidence)
    effective = effective_size(clusters, confidence=confidence)
    return wilson_interval(clusters.mean * effective, effective, confidence=confidence, method="Wilson, clustered")


def effective_size(clusters: ClusterSums, *, confidence: float = 0.95) -> float:
    """Tell how many independent rows would fix the share as well as these clustered ones do.

    Between the number of clusters divided by the largest share a cluster can have, and the number of rows; shrunk for
    the few clusters behind the variance, by the ratio of the normal to Student's quantile. Where all rows are right
    or all wrong, nothing is seen of the variance, and the number of clusters is taken.

    Args:
        clusters: Right-or-wrong scores added up by cluster.
        confidence: The confidence level, 0 to 1.
    """
    from scipy.special import ndtri, stdtrit

    m, n, share = len(clusters.sums), float(clusters.sizes.sum()), clusters.mean
    error = cluster_robust_error(clusters)
    if m == 1 or error == 0 or share in {0.0, 1.0}:
        return float(m)
    shrink = float(ndtri((1 + confidence) / 2) / stdtrit(m - 1, (1 + confidence) / 2)) ** 2
    return max(1.0, min(n, share * (1 - share) / error**2) * shrink)
