"""Intervals of 95 % cover the truth in 93 to 97 of 100 cases; tests of 5 % find nothing in 95 where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vqaft.evaluation.statistics.clustered_mean import cluster_sums, mean_interval
from vqaft.evaluation.statistics.paired_tests import difference_interval, difference_test

ROUNDS = 2000
Codes = NDArray[np.intp]
Floats = NDArray[np.float64]


def layout(rng: np.random.Generator, images: int, most: int) -> Codes:
    """Images with one to `most` questions each."""
    return np.repeat(np.arange(images), rng.integers(1, most + 1, size=images))


def right(rng: np.random.Generator, codes: Codes, share: float, together: float) -> Floats:
    """Right or wrong, with this mean; questions of one image go together as far as `together` (intraclass)."""
    if not together:
        return np.asarray(rng.random(len(codes)) < share, dtype=np.float64)
    scale = (1 - together) / together
    luck = rng.beta(share * scale, (1 - share) * scale, size=codes.max() + 1)
    return np.asarray(rng.random(len(codes)) < luck[codes], dtype=np.float64)


@pytest.mark.parametrize(
    ("images", "most", "share", "together"),
    [
        (190, 1, 0.9, 0.0),
        (40, 1, 0.7, 0.0),
        (100, 8, 0.9, 0.3),
        (100, 8, 0.6, 0.02),
        (30, 8, 0.6, 0.3),
        (15, 6, 0.5, 0.3),
    ],
)
def test_intervals_of_a_share_cover(images: int, most: int, share: float, together: float) -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(ROUNDS):
        codes = layout(rng, images, most)
        interval = mean_interval(right(rng, codes, share, together), codes)
        assert interval is not None
        covered += share in interval
    assert 0.93 <= covered / ROUNDS <= 0.97


@pytest.mark.parametrize(("images", "most"), [(60, 1), (40, 6)])
def test_intervals_of_a_graded_mean_cover(images: int, most: int) -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(ROUNDS):
        codes = layout(rng, images, most)
        values = np.clip(rng.beta(2, 2, size=images)[codes] * rng.choice([1.0, 2 / 3], size=len(codes)), 0, 1)
        interval = mean_interval(values, codes)
        assert interval is not None
        covered += 0.5 * (1 + 2 / 3) / 2 in interval
    assert 0.93 <= covered / ROUNDS <= 0.97


@pytest.mark.parametrize(
    ("images", "most", "base", "gain", "together"),
    [
        (190, 1, 0.85, 0.05, 0.0),
        (80, 1, 0.5, 0.1, 0.0),
        (190, 1, 0.95, 0.01, 0.0),
        (60, 5, 0.5, 0.1, 0.3),
        (30, 8, 0.5, 0.1, 0.3),
        (15, 8, 0.5, 0.0, 0.3),
    ],
)
def test_intervals_of_a_paired_difference_cover(
    images: int, most: int, base: float, gain: float, together: float
) -> None:
    rng = np.random.default_rng(2)
    covered = found = 0
    for place in range(ROUNDS):
        codes = layout(rng, images, most)
        before, fresh = right(rng, codes, base, together), right(rng, codes, base + 2 * gain, together)
        differences = np.where(rng.random(len(codes)) < 0.5, 0.0, fresh - before)
        clusters = cluster_sums(differences, codes)
        interval = difference_interval(clusters, resamples=500, seed=place)
        assert interval is not None
        covered += gain in interval
        found += difference_test(differences, clusters)[1] <= 0.05
    assert 0.93 <= covered / ROUNDS <= 0.97
    if gain == 0:
        assert 0.02 <= found / ROUNDS <= 0.05  # exact tests keep below their level
