"""How far raters agree beyond chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.interval import Interval

Floats: TypeAlias = NDArray[np.float64]
Metric: TypeAlias = Literal["nominal", "ordinal", "interval"]


def weighted_kappa(confusion: Floats) -> Floats:
    """Compute Cohen's kappa with quadratic weights, which counts a disagreement by the square of its levels apart.

    J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968).

    Args:
        confusion: How often each pair of levels was given, levels in order along the last two axes; leading axes are
            separate tables.

    Returns:
        Kappa of each table: 1 for full agreement, 0 for that of chance; NaN where both raters only use one level.
    """
    k = confusion.shape[-1]
    places = np.arange(k)
    weights = (places[:, None] - places) ** 2
    n = confusion.sum(axis=(-2, -1))
    expected = confusion.sum(axis=-1)[..., :, None] * confusion.sum(axis=-2)[..., None, :]
    seen, chance = (weights * confusion).sum(axis=(-2, -1)), (weights * expected).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance > 0, 1 - n * seen / chance, np.nan))


def coincidences(ratings: Floats, levels: int) -> Floats:
    """Count how often levels meet in one unit, over all pairs of raters.

    Args:
        ratings: A row a rater, a column a unit; levels as numbers from 0, NaN where a rater gave none.
        levels: How many levels there are.

    Returns:
        The coincidence matrix, levels by levels.
    """
    found = np.zeros((levels, levels))
    for unit in ratings.T:
        given = unit[~np.isnan(unit)].astype(int)
        if len(given) > 1:
            counts = np.bincount(given, minlength=levels).astype(np.float64)
            found += (np.outer(counts, counts) - np.diag(counts)) / (len(given) - 1)
    return found


def krippendorff_alpha(matrix: Floats, *, metric: Metric = "ordinal") -> Floats:
    """Compute Krippendorff's alpha from a coincidence matrix.

    K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).

    Args:
        matrix: The coincidences of the levels, in order, along the last two axes; leading axes are separate tables.
        metric: How far apart two levels are.

    Returns:
        Alpha of each matrix: 1 for full agreement, 0 for that of chance; NaN where only one level occurs.
    """
    totals = matrix.sum(axis=-1)
    n = totals.sum(axis=-1)
    distance = _distance(totals, metric)
    seen = (matrix * distance).sum(axis=(-2, -1))
    chance = (totals[..., :, None] * totals[..., None, :] * distance).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance > 0, 1 - (n - 1) * seen / chance, np.nan))


def _distance(totals: Floats, metric: Metric) -> Floats:
    k = totals.shape[-1]
    places = np.arange(k, dtype=np.float64)
    if metric == "nominal":
        return np.asarray(places[:, None] != places, dtype=np.float64)
    if metric == "interval":
        return np.asarray(np.square(places[:, None] - places))
    middles = np.cumsum(totals, axis=-1) - totals / 2
    return np.asarray((middles[..., :, None] - middles[..., None, :]) ** 2)


def agreement_interval(
    statistic: Callable[[Floats], Floats], tables: Floats, *, confidence: float, resamples: int, seed: int
) -> Interval:
    """Compute the interval of an agreement, by the Bayesian bootstrap of clusters.

    As for means (`bounded_mean_interval`), each end sees one cluster more: at the lower end one of mean size on which
    the raters are as far apart as can be, at the upper end one on which they agree. So a few labels without any
    disagreement do not look like perfect agreement. `benchmarks/trust_agreement.py` has its coverage.

    Args:
        statistic: Computes the agreement of each table, as `weighted_kappa`; not NaN for the sum of all.
        tables: A table of levels for each cluster.
        confidence: The confidence level, 0 to 1.
        resamples: Draws of the bootstrap.
        seed: Seed of the draws.
    """
    m, mean = len(tables), tables.mean(axis=0)
    weights = np.random.default_rng(seed).dirichlet(np.ones(m + 1), size=resamples) * (m + 1)
    seen = np.tensordot(weights[:, :m], tables, axes=1)
    apart = np.zeros_like(mean)
    apart[0, -1] = apart[-1, 0] = mean.sum() / 2
    together = np.diag((mean.sum(axis=0) + mean.sum(axis=1)) / 2)
    tails = (1 - confidence) / 2, (1 + confidence) / 2
    low, high = (
        float(np.nanquantile(statistic(seen + weights[:, m, None, None] * extra), tail))
        for extra, tail in zip((apart, together), tails, strict=True)
    )
    value = float(statistic(tables.sum(axis=0)))
    return Interval(
        low=min(low, value), high=max(high, value), confidence=confidence, method="Bayesian bootstrap of images"
    )
