"""A mean from a few true values and many predicted ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clusters import cluster_robust_error, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval

Floats = NDArray[np.float64]


def prediction_powered_mean(
    truth: Floats, predicted: Floats, codes: NDArray[np.intp], *, weight: float | None = None, confidence: float = 0.95
) -> Estimate:
    """Estimate a mean without the bias of the predictions, and with a narrower interval than the true values alone.

    The mean prediction over the rows without a true value, plus the mean error of the predictions over those with
    one. A. N. Angelopoulos et al., "Prediction-powered inference", Science 382 (2023); with the weight of the
    predictions chosen from the data as in A. N. Angelopoulos, J. C. Duchi, T. Zrnic, "PPI++" (2023), so that useless
    predictions do no harm.

    Args:
        truth: The true values, NaN where there is none; those known must be a random sample of the rows (or clusters).
        predicted: The predictions of all rows.
        codes: The rows' clusters.
        weight: How much the predictions count, 0 to 1; 1 is the paper of 2023, None chooses the best from the data.
        confidence: The confidence level, 0 to 1.
    """
    from scipy.special import ndtri

    known = ~np.isnan(truth)
    rest = predicted[~known]
    if weight is None:
        weight = _best_weight(truth[known], predicted[known], rest)
    if not len(rest):
        weight = 0.0  # every true value is known, and the predictions have nothing to add
    rectifier = cluster_sums(truth[known] - weight * predicted[known], codes[known])
    value, error = rectifier.mean, cluster_robust_error(rectifier)
    if len(rest):
        bulk = cluster_sums(weight * rest, codes[~known])
        value, error = value + bulk.mean, math.hypot(error, cluster_robust_error(bulk))
    if math.isnan(error):
        return Estimate(value=value)
    half = float(ndtri((1 + confidence) / 2)) * error
    interval = Interval(low=value - half, high=value + half, confidence=confidence, method="prediction-powered")
    return Estimate(value=value, interval=interval)


def _best_weight(truth: Floats, fitted: Floats, rest: Floats) -> float:
    spread = float(np.concatenate([fitted, rest]).var(ddof=1))
    if spread == 0 or len(truth) < 3 or not len(rest):  # noqa: PLR2004 - too few to learn a weight from
        return 1.0
    together = float(np.cov(truth, fitted)[0, 1])
    return float(np.clip(together / ((1 + len(truth) / len(rest)) * spread), 0.0, 1.0))
