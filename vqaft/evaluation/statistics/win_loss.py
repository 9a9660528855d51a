"""Views of wins and losses beyond one p-value: effect sizes, mid-p, a posterior, an always-valid test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clustered_mean import mean_interval
from vqaft.evaluation.statistics.clusters import cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.paired_tests import mcnemar_mid_p

Floats = NDArray[np.float64]

BETS = np.linspace(-0.995, 0.995, 200)
"""Stakes that are placed side by side; the average of their gains is a valid gain too."""


@dataclass(frozen=True, kw_only=True)
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


def always_valid_p(differences: Floats, codes: NDArray[np.intp], *, largest: int | None = None) -> float:
    """Test whether there is no difference, by a p-value that stays valid however often one looks.

    A bet on the sum of differences on the next image, as a share of the largest image, gains nothing on average where
    the models are right on equally many questions; the gain of all bets so far is an e-value, and its reciprocal a
    p-value at any stopping time. G. Shafer, "Testing by betting", JRSS A 184 (2021); I. Waudby-Smith, A. Ramdas,
    JRSS B 86 (2024). Images must be looked at in an order that does not depend on their scores.

    Args:
        differences: Tuned minus base, row by row, each from -1 to 1.
        codes: The rows' clusters.
        largest: Rows of the largest image that there is in all, to be given by those who look before all are in; that
            of `codes` by default.
    """
    from scipy.special import logsumexp

    clusters = cluster_sums(differences, codes)
    most = float(clusters.sizes.max(initial=1.0))
    steps, counts = np.unique(clusters.sums / max(most, largest or most), return_counts=True)
    gains = np.log1p(BETS[:, None] * steps) @ counts
    return float(min(1.0, np.exp(np.log(len(BETS)) - logsumexp(gains))))


def _odds_ratio(won: int, lost: int, share: Interval) -> Estimate:
    if not lost or share.high == 1:
        return Estimate(value=None)
    low, high = share.low / (1 - share.low), share.high / (1 - share.high)
    interval = Interval(low=low, high=high, confidence=share.confidence, method=f"odds, {share.method}")
    return Estimate(value=won / lost, interval=interval)
