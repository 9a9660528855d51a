"""The interval and the test of a paired difference: which method for which data.

A paired test that keeps clusters whole.

McNemar's exact test.

Holm's correction for several tests.

What a comparison of this size can see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.bootstrap import bootstrap_interval
from vqaft.evaluation.statistics.clustered_mean import ClusterSums, cluster_robust_error, is_binary
from vqaft.evaluation.statistics.interval import Interval

DENOMINATORS = (1, 2, 3, 4, 5, 6, 10, 12, 30, 60)


TOLERANCE = 1e-9


LARGEST = 200_000


NOTHING = 1e-30


def whole_steps(sums: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Write numbers as whole multiples of one step.

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
            return steps.astype(np.int64) if np.abs(steps).sum() <= LARGEST else None
    return None


def sign_flip_exact(steps: NDArray[np.int64]) -> float:
    """Test whether two models do equally well, by turning the sign of whole clusters.

    Where the models do not differ, base and tuned could be swapped within any cluster: its sum of differences is as
    likely positive as negative. The p-value is the share of all sign patterns whose total is as far from zero as the
    one seen; computed in full, not sampled. With right-or-wrong scores and clusters of one row it is McNemar's exact
    test. R. A. Fisher, "The Design of Experiments" (1935), section 21.

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
    centre = len(chances) // 2
    seen = abs(int(steps.sum()))
    if seen == 0:
        return 1.0
    return min(1.0, 2 * float(chances[centre + seen :].sum()))


def _trimmed(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    # Both ends alike, so that the middle stays the middle.
    outside = int(np.argmax(chances > NOTHING))
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


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of even one false alarm among them stays at the level.

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


def detectable_difference(standard_error: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """Give the least true difference that a two-sided test would find.

    Args:
        standard_error: The standard error of the difference.
        confidence: 1 minus the level of the test.
        power: How often the difference would be found, 0 to 1.
    """
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2) + ndtri(power)) * standard_error


def difference_interval(
    clusters: ClusterSums, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval | None:
    """Give the interval of the mean difference of paired scores in 0 to 1, by the cluster bootstrap.

    Where no two clusters differ the bootstrap sees no variance at all. Then the interval reaches as far as the score
    interval of T. Tango (Statistics in Medicine 17, 1998) for that many pairs without a difference.

    Args:
        clusters: Differences (tuned minus base) added up by cluster.
        confidence: The confidence level, 0 to 1.
        resamples: Bootstrap draws.
        seed: Seed of the draws.

    Returns:
        The interval within -1 to 1; None with fewer than two clusters.
    """
    from scipy.special import ndtri

    m = len(clusters.sums)
    if m > 1 and np.ptp(clusters.sums / clusters.sizes) == 0:
        z2 = float(ndtri((1 + confidence) / 2)) ** 2
        low, high = max(-1.0, clusters.mean - z2 / (m + z2)), min(1.0, clusters.mean + z2 / (m + z2))
        return Interval(low=low, high=high, confidence=confidence, method="score, no variance seen")
    return bootstrap_interval(clusters, confidence=confidence, resamples=resamples, seed=seed)


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
