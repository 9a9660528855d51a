"""A mean from a few true values and many predicted ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clustered_mean import bounded_mean_interval
from vqaft.evaluation.statistics.clusters import cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval

Floats = NDArray[np.float64]

MIN_LABELED = 40
"""Labeled clusters, as many even ones as weigh as much (Kish), from which on simulated intervals keep their promise;
below, true values alone are used."""


def prediction_powered_mean(
    truth: Floats,
    predicted: Floats,
    codes: NDArray[np.intp],
    *,
    bounds: tuple[float, float] = (-1.0, 1.0),
    weight: float | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Estimate a mean without the bias of the predictions, and with a narrower interval than the true values alone.

    The mean prediction over the rows without a true value, plus the mean error of the predictions over those with
    one. A. N. Angelopoulos et al., "Prediction-powered inference", Science 382 (2023); with the weight of the
    predictions chosen from the data as in A. N. Angelopoulos, J. C. Duchi, T. Zrnic, "PPI++" (2023), so that useless
    predictions do no harm. The variance is that between clusters, so that labeled and unlabeled rows of one image
    share it; Student's t has two degrees of freedom less than there are labeled clusters, counted by Kish's effective
    number.

    With fewer than 40 labeled clusters, or where all true values are the same, the true values alone are used, with
    the interval of bounded scores.

    Args:
        truth: The true values, NaN where there is none; those known must be a random sample of the rows (or clusters).
        predicted: The predictions of all rows.
        codes: The rows' clusters.
        bounds: The lowest and the highest possible true value.
        weight: How much the predictions count, 0 to 1; 1 is the paper of 2023, None chooses the best from the data.
        confidence: The confidence level, 0 to 1.
    """
    known = ~np.isnan(truth)
    per_image = np.bincount(codes[known])
    labeled = float(per_image.sum() ** 2 / (per_image @ per_image)) if known.any() else 0.0
    if labeled < MIN_LABELED or np.ptp(truth[known]) == 0 or known.all():
        return _classical(truth[known], codes[known], bounds, confidence)
    rest = predicted[~known]
    if weight is None:
        weight = _best_weight(truth[known], predicted[known], rest)
    rectified, bulk = truth[known] - weight * predicted[known], weight * rest
    value = float(rectified.mean() + bulk.mean())
    influence = np.zeros(len(truth))
    influence[known] = (rectified - rectified.mean()) / len(rectified)
    influence[~known] = (bulk - bulk.mean()) / len(bulk)
    clusters = cluster_sums(influence, codes)
    # The mean and the weight of the predictions take a degree of freedom each.
    error = math.sqrt(labeled / (labeled - 2) * float(clusters.sums @ clusters.sums))
    return Estimate(value=value, interval=_t_interval(value, error, labeled - 2, confidence))


def _classical(truth: Floats, codes: NDArray[np.intp], bounds: tuple[float, float], confidence: float) -> Estimate:
    clusters = cluster_sums(truth, codes)
    inside = bool((truth >= bounds[0]).all() and (truth <= bounds[1]).all())
    if not inside:
        return Estimate(value=clusters.mean)
    interval = bounded_mean_interval(clusters, bounds=bounds, extra=clusters.mean_size, confidence=confidence)
    return Estimate(value=clusters.mean, interval=interval)


def _t_interval(value: float, error: float, freedom: float, confidence: float) -> Interval:
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    return Interval(low=value - half, high=value + half, confidence=confidence, method="prediction-powered")


def _best_weight(truth: Floats, fitted: Floats, rest: Floats) -> float:
    spread = float(np.concatenate([fitted, rest]).var(ddof=1))
    if spread == 0:
        return 1.0
    together = float(np.cov(truth, fitted)[0, 1])
    return float(np.clip(together / ((1 + len(truth) / len(rest)) * spread), 0.0, 1.0))
