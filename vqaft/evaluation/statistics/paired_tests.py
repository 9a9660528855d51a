"""Tests of paired differences, their correction for several, and views of wins and losses beyond one p-value.

These are effect sizes, mid-p, a posterior, and a test that holds at any moment.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clustered_mean import is_binary, mean_interval
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_robust_error, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.typed import typed

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


Floats = NDArray[np.float64]

BETS = np.linspace(-0.995, 0.995, 200)
"""Stakes that are placed side by side; the average of their gains is a valid gain too."""
SCALES = 4.0 ** np.arange(6)
"""Inverse variances of stakes on sums of images, side by side: each suits about ten times as large a sum of squares."""


@dataclass(frozen=True, kw_only=True)
@typed
class WinLoss:
    """Examples on which one model scores higher than the other.

    Attributes:
        win_share: Share of these examples that the tuned model wins, with its interval, clustered by image.
        odds_ratio: Wins for one loss, the effect size of paired right-or-wrong answers, with its interval; without a
            value where nothing was lost.
        mid_p: The p-value of McNemar's mid-p test, more powerful than the exact one; takes examples as independent.
        probability_better: Posterior probability that the tuned model wins more than it loses: beta-binomial with
            Jeffreys' prior, wins and losses divided by their design effect.
        always_valid_p: A p-value that holds at any moment at which one looks, so that one may look after every image
            and stop; larger than that of a test made once.
    """

    win_share: Estimate
    odds_ratio: Estimate
    mid_p: float
    probability_better: float
    always_valid_p: float


def win_loss(differences: Floats, codes: NDArray[np.intp], *, confidence: float = 0.95) -> WinLoss:
    """Compute further views of a paired difference.

    Args:
        differences: Tuned minus base, row by row, at least one of them not 0.
        codes: The rows' clusters.
        confidence: The confidence level of the intervals, 0 to 1.
    """
    from scipy.special import betainc

    decided = differences != 0
    wins = (differences[decided] > 0).astype(np.float64)
    won, lost = int(wins.sum()), int((1 - wins).sum())
    share = mean_interval(wins, codes[decided], confidence=confidence)
    effect = cluster_sums(wins, codes[decided]).design_effect
    return WinLoss(
        win_share=Estimate(value=won / (won + lost), interval=share),
        odds_ratio=_odds_ratio(won, lost, share),
        mid_p=mcnemar_mid_p(won, lost),
        probability_better=1 - float(betainc(won / effect + 0.5, lost / effect + 0.5, 0.5)),
        always_valid_p=always_valid_p(differences, codes),
    )


def always_valid_p(differences: Floats, codes: NDArray[np.intp]) -> float:
    """Test whether there is no difference, by a p-value that stays valid however often one looks.

    The reciprocal of an e-value: of what bets would have gained that gain nothing on average where the models do not
    differ. With one question an image the bets are on the mean difference, between -1 and 1 (G. Shafer, "Testing by
    betting", JRSS A 184, 2021; I. Waudby-Smith, A. Ramdas, JRSS B 86, 2024). With several they are on the sums of
    images, by the self-normalized martingale of V. H. de la Peña, Annals of Probability 27 (1999), mixed over stakes as
    by H. Robbins, Annals of Mathematical Statistics 41 (1970): exact where base and tuned could be swapped on any
    image, as the sign-flip test; `benchmarks/trust_verdicts.py` has models that are equal without that. Images must
    be looked at in an order that does not depend on their scores.

    Args:
        differences: Tuned minus base, row by row, each from -1 to 1.
        codes: The rows' clusters.
    """
    from scipy.special import logsumexp

    clusters = cluster_sums(differences, codes)
    if clusters.single:
        steps, counts = np.unique(clusters.sums, return_counts=True)
        gains = np.log1p(BETS[:, None] * steps) @ counts
    else:
        total, spread = float(clusters.sums.sum()), float(clusters.sums @ clusters.sums)
        gains = 0.5 * np.log(SCALES / (spread + SCALES)) + total**2 / (2 * (spread + SCALES))
    return float(min(1.0, np.exp(np.log(len(gains)) - logsumexp(gains))))


def _odds_ratio(won: int, lost: int, share: Interval) -> Estimate:
    if not lost or share.high == 1:
        return Estimate(value=None)
    low, high = share.low / (1 - share.low), share.high / (1 - share.high)
    interval = Interval(low=low, high=high, confidence=share.confidence, method=f"odds, {share.method}")
    return Estimate(value=won / lost, interval=interval)
