"""Clustered observations: questions about one image are not independent."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.interval import Interval
from vqaft.typed import typed

UNEVEN = 0.4
"""Below this ratio of effective to counted clusters, simulated coverage falls under 93 %."""


def cluster_codes(groups: Iterable[Hashable]) -> NDArray[np.intp]:
    """Number the groups from 0 in the order in which they are first seen.

    Args:
        groups: The group of every row.
    """
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(group, len(known)) for group in groups], dtype=np.intp)


@dataclass(frozen=True, kw_only=True)
@typed
class ClusterSums:
    """Rows added up by cluster: all that a clustered mean needs.

    Attributes:
        sums: The sum of each cluster's values.
        sizes: The number of each cluster's rows, at least 1.
        squares: The sum of the squares of all rows' values.
    """

    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]
    squares: float

    @property
    def mean(self) -> float:
        """The mean over all rows."""
        return float(self.sums.sum() / self.sizes.sum())

    @property
    def mean_size(self) -> float:
        """Rows of a cluster on average."""
        return float(self.sizes.mean())

    @property
    def own_size(self) -> float:
        """Rows of a row's own cluster on average: more than `mean_size` where sizes differ."""
        return float(self.sizes @ self.sizes / self.sizes.sum())

    @property
    def single(self) -> bool:
        """Whether every cluster has one row only."""
        return bool((self.sizes == 1).all())

    @property
    def uneven(self) -> bool:
        """Whether a few clusters hold most of the rows, so that the interval covers less often than it says.

        By the effective number of clusters of L. Kish, "Survey Sampling" (1965).
        """
        effective = self.sizes.sum() ** 2 / (self.sizes @ self.sizes)
        return bool(effective < UNEVEN * len(self.sizes))

    @property
    def design_effect(self) -> float:
        """Variance of the mean relative to that of as many independent rows; 1 where nothing varies.

        Between 1 and its value for clusters that are all of one piece.
        """
        rest = self.sums - self.mean * self.sizes
        spread = self.squares - self.sizes.sum() * self.mean**2
        return min(self.own_size, max(1.0, float(rest @ rest) / spread)) if spread > 1e-9 else 1.0  # noqa: PLR2004 - rounding


def cluster_sums(values: NDArray[np.float64], codes: NDArray[np.intp]) -> ClusterSums:
    """Add up rows by cluster.

    Args:
        values: The values of the rows.
        codes: The rows' clusters, as whole numbers of 0 or more; numbers that do not occur are ignored.
    """
    sizes = np.bincount(codes)
    used = sizes > 0
    sums: NDArray[np.float64] = np.bincount(codes, weights=values).astype(np.float64, copy=False)
    return ClusterSums(sums=sums[used], sizes=sizes[used].astype(np.float64), squares=float(values @ values))


def cluster_robust_error(clusters: ClusterSums) -> float:
    """Compute the standard error of the mean over rows by the linearized ("sandwich") variance between clusters.

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
    """Compute the interval of a mean by the cluster-robust standard error and Student's t with m - 1 degrees.

    For values without a known range; scores have `mean_interval`, which covers where this one fails.

    Args:
        clusters: The rows added up by cluster.
        confidence: The confidence level, 0 to 1.

    Returns:
        The interval; None with fewer than two clusters or where no value differs from another.
    """
    from scipy.special import stdtrit

    error = cluster_robust_error(clusters)
    if math.isnan(error) or error == 0:
        return None
    half = float(stdtrit(len(clusters.sums) - 1, (1 + confidence) / 2)) * error
    return Interval(
        low=clusters.mean - half, high=clusters.mean + half, confidence=confidence, method="cluster-robust t"
    )
