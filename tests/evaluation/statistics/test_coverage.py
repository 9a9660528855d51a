"""Short forms of benchmarks/trust_intervals.py: intervals cover, verdicts and certificates are seldom false.

Every limit lies at least four standard errors of the simulation away from what the method reaches, and a method known
to be wrong falls short of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from vqaft.evaluation import Interval
from vqaft.evaluation.statistics import (
    ClusterSums,
    cluster_robust_interval,
    cluster_sums,
    difference_interval,
    mcnemar_exact,
    mean_interval,
    sign_flip_exact,
)

ROUNDS = 500
MOST_FALSE = 0.05 + 4 * 0.01
"""The level, and four standard errors."""
_MANY = np.clip(np.rint(np.random.default_rng(4).lognormal(1.1, 0.9, 100_000)), 1, 20)
LOSS = 0.2 * _MANY[_MANY <= 3].sum() / _MANY[_MANY > 3].sum()
Codes = NDArray[np.intp]
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator], tuple[Floats, Codes]]


def layout(rng: np.random.Generator, images: int) -> Codes:
    """Images with 1 to 20 questions each, skewed."""
    return np.repeat(np.arange(images), np.clip(np.rint(rng.lognormal(1.1, 0.9, images)), 1, 20).astype(int))


def luck(rng: np.random.Generator, images: int, share: float, icc: float) -> Floats:
    """The chance of a right answer on each image."""
    if icc == 0 or share in {0, 1}:
        return np.full(images, share)
    scale = (1 - icc) / icc
    return rng.beta(share * scale, (1 - share) * scale, size=images)


def right(rng: np.random.Generator, codes: Codes, share: float, icc: float) -> Floats:
    """Right or wrong answers; those on one image go together as far as `icc`."""
    return (rng.random(len(codes)) < luck(rng, int(codes.max()) + 1, share, icc)[codes]).astype(np.float64)


def t_interval(values: Floats, codes: Codes) -> Interval:
    """The wrong method: Student's t, as if scores had no range."""
    found = cluster_robust_interval(cluster_sums(values, codes))
    return found or Interval(low=float(values.mean()), high=float(values.mean()))


def coverage(truth: float, draw: Draw, interval: Callable[[Floats, Codes], Interval], rounds: int = ROUNDS) -> float:
    """How often an interval holds the truth."""
    rng = np.random.default_rng(1)
    return sum(truth in interval(*draw(rng)) for _ in range(rounds)) / rounds


def quick_mean(values: Floats, codes: Codes) -> Interval:
    return mean_interval(values, codes, resamples=400)


@pytest.mark.parametrize("images", [10, 20])
def test_intervals_of_graded_means_near_one_cover(images: int) -> None:
    """Nine answers of ten nearly right, the rest worth nothing: the worst case for intervals by the spread seen."""

    def draw(rng: np.random.Generator) -> tuple[Floats, Codes]:
        good = rng.random(images) < 0.9
        return np.where(good, rng.uniform(0.9, 1, images), 0.0), np.arange(images)

    assert coverage(0.9 * 0.95, draw, quick_mean) >= 0.93
    assert coverage(0.9 * 0.95, draw, t_interval) < 0.93


@pytest.mark.parametrize(("images", "share", "icc"), [(50, 0.95, 0.6), (100, 0.9, 0.2)])
def test_intervals_of_clustered_shares_cover(images: int, share: float, icc: float) -> None:
    def draw(rng: np.random.Generator) -> tuple[Floats, Codes]:
        codes = layout(rng, images)
        return right(rng, codes, share, icc), codes

    def ignoring_images(values: Floats, codes: Codes) -> Interval:
        return mean_interval(values, np.arange(len(codes)), resamples=400)

    assert coverage(share, draw, quick_mean) >= 0.93
    assert coverage(share, draw, ignoring_images) < 0.88


def paired(rng: np.random.Generator, images: int, base: float, tuned: float, icc: float) -> ClusterSums:
    """Differences of two models that agree on half of the questions by copying."""
    codes = layout(rng, images)
    before, after = luck(rng, images, base, icc)[codes], luck(rng, images, tuned, icc)[codes]
    one, other = rng.random(len(codes)), rng.random(len(codes))
    other = np.where(rng.random(len(codes)) < 0.5, one, other)
    return cluster_sums((other < after).astype(np.float64) - (one < before), codes)


@pytest.mark.parametrize(("images", "base", "tuned"), [(50, 0.95, 1.0), (20, 0.98, 0.88)])
def test_intervals_of_differences_cover(images: int, base: float, tuned: float) -> None:
    rng = np.random.default_rng(2)
    drawn = [paired(rng, images, base, tuned, 0.6) for _ in range(ROUNDS)]
    ours = [difference_interval(clusters, resamples=400) for clusters in drawn]
    naive = [cluster_robust_interval(clusters) for clusters in drawn]
    truth = tuned - base
    assert sum(truth in interval for interval in ours) / ROUNDS >= 0.93
    assert sum(interval is not None and truth in interval for interval in naive) / ROUNDS < 0.9


def test_a_loss_of_the_whole_margin_is_seldom_certified() -> None:
    """The tuned model loses five points by failing wholly on some images: certified in fewer than 5 of 100 cases."""
    rng = np.random.default_rng(3)
    ours = naive = 0
    for _ in range(ROUNDS):
        codes = layout(rng, 50)
        differences = -1.0 * (rng.random(50) < 0.05)[codes]
        clusters = cluster_sums(np.asarray(differences, dtype=np.float64), codes)
        interval = difference_interval(clusters, confidence=0.9, resamples=400, whole_image=True)
        t = cluster_robust_interval(clusters, confidence=0.9)
        ours += interval.low > -0.05
        naive += t is None or t.low > -0.05
    assert ours / ROUNDS <= 0.05
    assert naive / ROUNDS > 0.05 + 4 * 0.012


def unswappable(rng: np.random.Generator) -> ClusterSums:
    """Equal on average, though one model gains on small images and loses on large ones."""
    codes = layout(rng, 20)
    size = np.bincount(codes)[codes]
    change = np.where(size <= 3, 0.2, -LOSS)
    return cluster_sums((rng.random(len(codes)) < 0.5 + change).astype(float) - (rng.random(len(codes)) < 0.5), codes)


def alike(rng: np.random.Generator) -> ClusterSums:
    """Models that are right and wrong on whole images, apart from each other."""
    codes = layout(rng, 50)
    sides = [right(rng, codes, 0.8, 0.6) for _ in range(2)]
    return cluster_sums(sides[1] - sides[0], codes)


@pytest.mark.parametrize("draw", [unswappable, alike])
def test_verdicts_on_equal_models_are_seldom_false(draw: Callable[[np.random.Generator], ClusterSums]) -> None:
    rng = np.random.default_rng(4)
    false = alone = by_question = 0
    for _ in range(ROUNDS):
        clusters = draw(rng)
        steps = clusters.sums.astype(np.int64)
        found = sign_flip_exact(steps) <= 0.05
        alone += found
        false += found and 0 not in difference_interval(clusters, resamples=400)
        by_question += mcnemar_exact(int(steps[steps > 0].sum()), int(-steps[steps < 0].sum())) <= 0.05
    assert max(false, alone) / ROUNDS <= MOST_FALSE
    assert by_question / ROUNDS > MOST_FALSE
