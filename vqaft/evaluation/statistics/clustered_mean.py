"""The interval of a mean score, and of a difference of paired scores."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_sums
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
    """Compute the interval of a clustered mean of bounded scores: Bayesian bootstrap with one worst-case cluster added.

    Resampling only what was seen cannot know of the rare image that was not: where 20 of 20 images are right, every
    resample is right as well. Each end of the interval therefore sees one image more, with the worst (or best) score
    there is. For right-or-wrong scores of single questions this is exactly the interval of C. J. Clopper and E. S.
    Pearson (Biometrika 26, 1934), for paired ones it agrees with McNemar's exact test; for graded scores it is the
    bound of N. Gaffke (2005) that E. Learned-Miller and P. S. Thomas study in "A New Confidence Interval for the Mean
    of a Bounded Random Variable" (2020). D. B. Rubin, "The Bayesian Bootstrap", Annals of Statistics 9 (1981), draws
    whole images here.

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


TRUSTED_IMAGES = 5
"""Weight, in informative images, of the assumption that answers about one image are right or wrong together."""


def is_binary(values: NDArray[np.float64]) -> bool:
    """Return whether all values are 0 or 1.

    Args:
        values: The scores.
    """
    return bool(((values == 0) | (values == 1)).all())


def clopper_pearson(successes: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Compute the exact interval of a binomial share.

    C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26 (1934). It covers at least as often as it says, for every share and number.

    Args:
        successes: How many were right, 0 to `n`.
        n: How many there were, above 0.
        confidence: The confidence level, 0 to 1.
    """
    from scipy.special import betaincinv

    tail, failures = (1 - confidence) / 2, n - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, tail))
    high = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, 1 - tail))
    return Interval(low=low, high=high, confidence=confidence, method="Clopper-Pearson")


def mean_interval(
    values: NDArray[np.float64],
    codes: NDArray[np.intp],
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Compute the interval of a mean of scores in 0 to 1.

    Right-or-wrong scores in clusters of one row: Clopper and Pearson. Everything else: the Bayesian bootstrap of
    clusters with one more of mean size, all wrong at the lower end and all right at the upper one.

    Args:
        values: The scores, at least one.
        codes: The cluster of each.
        confidence: The confidence level, 0 to 1.
        resamples: Draws of the bootstrap.
        seed: Seed of the draws.
    """
    clusters = cluster_sums(values, codes)
    if clusters.single and is_binary(values):
        return clopper_pearson(float(clusters.sums.sum()), float(len(values)), confidence=confidence)
    return bounded_mean_interval(
        clusters,
        bounds=(0.0, 1.0),
        extra=clusters.mean_size,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )


def difference_interval(
    clusters: ClusterSums,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    whole_image: bool = False,
) -> Interval:
    """Compute the interval of the mean difference of paired scores in 0 to 1.

    The Bayesian bootstrap of clusters with one more that is all lost at the lower end and all won at the upper one. It
    has as many rows as the differences of one cluster go together (their design effect), drawn towards a whole
    cluster where few clusters differ at all.

    Args:
        clusters: Differences (tuned minus base) added up by cluster.
        confidence: The confidence level, 0 to 1.
        resamples: Draws of the bootstrap.
        seed: Seed of the draws.
        whole_image: Add a whole cluster, as large as that of a row on average, as certifying equivalence asks for.
    """
    informative = int(np.count_nonzero(clusters.sums))
    size = clusters.design_effect * informative + clusters.mean_size * TRUSTED_IMAGES
    return bounded_mean_interval(
        clusters,
        bounds=(-1.0, 1.0),
        extra=clusters.own_size if whole_image else size / (informative + TRUSTED_IMAGES),
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
