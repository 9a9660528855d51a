"""Tests of paired differences, and the correction for several of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clustered_mean import is_binary
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_robust_error

DENOMINATORS = (1, 2, 3, 4, 5, 6, 10, 12, 30, 60)
TOLERANCE = 1e-9
MAX_STEPS = 200_000
NEGLIGIBLE = 1e-30


def whole_steps(sums: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Return numbers as whole multiples of one step.

    Args:
        sums: Sums of differences of scores; scores with levels, e.g. thirds, lie on a grid.

    Returns:
        The multiples; None where no step among the usual fractions fits, or the multiples grow too large for
        `sign_flip_exact`.
    """
    for denominator in DENOMINATORS:
        scaled = sums * denominator
        steps = np.rint(scaled)
        if np.abs(scaled - steps).max(initial=0.0) < TOLERANCE:
            return steps.astype(np.int64) if np.abs(steps).sum() <= MAX_STEPS else None
    return None


def sign_flip_exact(steps: NDArray[np.int64]) -> float:
    """Test whether base and tuned could be swapped within any cluster, by flipping the sign of whole clusters.

    Under that null hypothesis a cluster's sum of differences is as likely positive as negative. The p-value is the
    share of all sign patterns whose total is as far from zero as the one seen; computed in full, not sampled. With
    right-or-wrong scores and clusters of one row it is McNemar's exact test. Models can be equally accurate without
    being swappable, e.g. where one gains on small clusters and loses on large ones; the test is then approximate.
    R. A. Fisher, "The Design of Experiments" (1935), section 21.

    Args:
        steps: The sum of differences (tuned minus base) of each cluster, in whole steps.

    Returns:
        The two-sided p-value; 1 where all sums are 0, and 0 where it is below about 1e-25.
    """
    from scipy.special import gammaln

    sizes, counts = np.unique(np.abs(steps[steps != 0]), return_counts=True)
    chances = np.ones(1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        heads = np.arange(count + 1)
        binomial = np.exp(gammaln(count + 1) - gammaln(heads + 1) - gammaln(count - heads + 1) - count * np.log(2.0))
        spread = np.zeros(2 * size * count + 1)
        spread[:: 2 * size] = binomial
        chances = np.convolve(chances, _trimmed(spread))
    center = len(chances) // 2
    seen = abs(int(steps.sum()))
    if seen == 0:
        return 1.0
    return min(1.0, 2 * float(chances[center + seen :].sum()))


def _trimmed(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    # Both ends alike, so that the middle stays the middle.
    outside = int(np.argmax(chances > NEGLIGIBLE))
    return chances[outside : len(chances) - outside]


def mcnemar_exact(won: int, lost: int) -> float:
    """Test whether two models are right equally often, from the examples on which just one of them is right.

    Two-sided, from the binomial distribution with one half. Takes every example as independent of all others.
    Q. McNemar, Psychometrika 12 (1947).

    Args:
        won: Examples that only the second model gets right.
        lost: Examples that only the first gets right.

    Returns:
        The p-value; 1 where both are 0.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(won, lost), won + lost, 0.5)))


def mcnemar_mid_p(won: int, lost: int) -> float:
    """Compute the mid-p of McNemar's test: half the probability of the very table seen is left out.

    Nearly always at or below its level, and more powerful than the exact test. M. W. Fagerland, S. Lydersen,
    P. Laake, BMC Medical Research Methodology 13 (2013).

    Args:
        won: Examples that only the second model gets right.
        lost: Examples that only the first gets right.
    """
    from scipy.special import bdtr

    fewer = min(won, lost)
    below = float(bdtr(fewer - 1, won + lost, 0.5)) if fewer else 0.0
    return min(1.0, below + float(bdtr(fewer, won + lost, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the probability of even one false alarm among them stays at alpha.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).

    Args:
        p_values: The p-values of all tests of the family.

    Returns:
        The adjusted p-values, in the same order.
    """
    adjusted = [0.0] * len(p_values)
    worst = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = worst
    return adjusted


def difference_test(differences: NDArray[np.float64], clusters: ClusterSums) -> tuple[str, float]:
    """Test whether there is no difference.

    Scores of 0 and 1, clusters of one row: exact McNemar. Scores on a grid (levels), or larger clusters: the sign-flip
    test over clusters. Anything else: Student's t with the cluster-robust standard error.

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
        return "sign flip of images", sign_flip_exact(steps)
    return "cluster-robust t", _t_test(clusters)


def _t_test(clusters: ClusterSums) -> float:
    from scipy.special import stdtr

    error = cluster_robust_error(clusters)
    if math.isnan(error) or clusters.mean == 0:
        return 1.0
    if error == 0:
        return float(2.0 ** (1 - len(clusters.sums)))  # all clusters differ by the same: their signs are all there is
    return 2 * float(stdtr(len(clusters.sums) - 1, -abs(clusters.mean) / error))
