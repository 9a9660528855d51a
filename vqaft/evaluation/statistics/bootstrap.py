"""Bayesian bootstrap of clustered, bounded scores, with one worst-case cluster added.

Resampling only what was seen cannot know of the rare image that was not: where 20 of 20 images are right, every
resample is right as well. Each end of the interval therefore sees one image more, with the worst (or best) score there
is. For right-or-wrong scores of single questions this is exactly the interval of C. J. Clopper and E. S. Pearson
(Biometrika 26, 1934), for paired ones it agrees with McNemar's exact test; for graded scores it is the bound of
N. Gaffke (2005) that E. Learned-Miller and P. S. Thomas study in "A New Confidence Interval for the Mean of a Bounded
Random Variable" (2020). D. B. Rubin, "The Bayesian Bootstrap", Annals of Statistics 9 (1981), draws whole images here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clusters import ClusterSums
from vqaft.evaluation.statistics.interval import Interval

MAX_KINDS, MIN_KINDS = 48, 24
CLUSTERS_PER_KIND = 32
METHOD = "Bayesian bootstrap of images"
UNRELIABLE = f"{METHOD}; unreliable, a few images hold most of the questions"


def bounded_mean_interval(
    clusters: ClusterSums,
    *,
    bounds: tuple[float, float],
    extra: float,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Compute the interval of a clustered mean of bounded scores.

    Clusters with the same sum and size are interchangeable, so one gamma variate is drawn for all of a kind. Where
    graded scores make more than 48 kinds, neighbors are merged into 24 to 48 of equal numbers first, and spread so that
    mean and variance are kept.

    Args:
        clusters: The rows added up by cluster.
        bounds: The lowest and the highest possible score of a row.
        extra: Rows of the worst-case cluster that is added at either end, above 0.
        confidence: The confidence level, 0 to 1.
        resamples: Draws of the bootstrap.
        seed: Seed of the draws; the same seed gives the same interval.
    """
    sums, sizes, counts = _kinds(clusters)
    rng = np.random.default_rng(seed)
    weights = rng.standard_gamma(counts, size=(resamples, len(counts)))
    more = extra * rng.standard_exponential(resamples)
    top, bottom = weights @ sums, weights @ sizes + more
    low = np.quantile((top + bounds[0] * more) / bottom, (1 - confidence) / 2)
    high = np.quantile((top + bounds[1] * more) / bottom, (1 + confidence) / 2)
    method = UNRELIABLE if clusters.uneven else METHOD
    return Interval(low=float(low), high=float(high), confidence=confidence, method=method)


def _kinds(clusters: ClusterSums) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    kinds, counts = np.unique(clusters.sums + 1j * clusters.sizes, return_counts=True)
    if len(kinds) <= MAX_KINDS:
        return kinds.real, kinds.imag, counts.astype(np.float64)
    rest = clusters.sums - clusters.mean * clusters.sizes
    order = np.argsort(rest, kind="stable")
    groups = min(MAX_KINDS, max(MIN_KINDS, len(order) // CLUSTERS_PER_KIND))
    starts = np.linspace(0, len(order), groups, endpoint=False).astype(np.intp)
    members = np.diff(np.append(starts, len(order))).astype(np.float64)
    sizes = np.add.reduceat(clusters.sizes[order], starts) / members
    merged = np.add.reduceat(rest[order], starts) / members
    spread = math.sqrt(float(rest @ rest) / float(members @ (merged * merged)))
    return clusters.mean * sizes + spread * merged, sizes, members
