"""The interval and the test of a paired difference: which method for which data."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.interval import Interval
from vqaft.evaluation.statistics.bootstrap import bootstrap_interval
from vqaft.evaluation.statistics.cluster_robust import cluster_robust_error
from vqaft.evaluation.statistics.clusters import ClusterSums
from vqaft.evaluation.statistics.mcnemar import mcnemar_exact
from vqaft.evaluation.statistics.mean import is_binary
from vqaft.evaluation.statistics.sign_flip import sign_flip_exact, whole_steps


def difference_interval(
    clusters: ClusterSums, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval | None:
    """Give the interval of the mean difference of paired scores in 0 to 1, by the cluster bootstrap.

    Where no two clusters differ the bootstrap sees no variance at all. Then the interval reaches as far as the score
    interval of T. Tango (Statistics in Medicine 17, 1998) for that many pairs without a difference.

    Args:
        clusters: Differences (tuned minus base) added up by cluster.
        level: The confidence level, 0 to 1.
        resamples: Bootstrap draws.
        seed: Seed of the draws.

    Returns:
        The interval within -1 to 1; None with fewer than two clusters.
    """
    from scipy.special import ndtri

    m = len(clusters.sums)
    if m > 1 and np.ptp(clusters.sums / clusters.sizes) == 0:
        z2 = float(ndtri((1 + level) / 2)) ** 2
        low, high = max(-1.0, clusters.mean - z2 / (m + z2)), min(1.0, clusters.mean + z2 / (m + z2))
        return Interval(low=low, high=high, level=level, method="score, no variance seen")
    return bootstrap_interval(clusters, level=level, resamples=resamples, seed=seed)


def difference_test(differences: NDArray[np.float64], clusters: ClusterSums) -> tuple[str, float]:
    """Test whether there is no difference.

    Scores of 0 and 1, clusters of one row: exact McNemar. Scores on a grid (levels), or larger clusters: the exact
    sign-flip test over clusters. Anything else: Student's t with the cluster-robust standard error.

    Args:
        differences: Tuned minus base, row by row.
        clusters: The same, added up by cluster.

    Returns:
        The test's name and the two-sided p-value.
    """
    if clusters.single and is_binary(np.abs(differences)):
        return "exact McNemar", mcnemar_exact(int((differences > 0).sum()), int((differences < 0).sum()))
    steps = whole_steps(clusters.sums)
    if steps is not None:
        return "exact sign flip by cluster", sign_flip_exact(steps)
    return "cluster-robust t", _t_test(clusters)


def _t_test(clusters: ClusterSums) -> float:
    from scipy.special import stdtr

    error = cluster_robust_error(clusters)
    if math.isnan(error) or clusters.mean == 0:
        return 1.0
    if error == 0:
        return 0.0
    return 2 * float(stdtr(len(clusters.sums) - 1, -abs(clusters.mean) / error))
