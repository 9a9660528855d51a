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
SCALES = 4.0 ** np.arange(6)
"""Inverse variances of stakes on sums of images, side by side: each suits about ten times as large a sum of squares."""


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
