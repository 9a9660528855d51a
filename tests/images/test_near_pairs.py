"""The banded search finds what comparing everything finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.images import near_groups, near_pairs


def hashes_near_few_centres(
    seed: int, count: int, centres: int, flips: int
) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    chance = np.random.default_rng(seed)
    hashes = chance.choice(chance.integers(0, 2**64, centres, dtype=np.uint64), count)
    for _ in range(flips):
        hashes = hashes ^ (np.uint64(1) << chance.integers(0, 64, count, dtype=np.uint64))
    return hashes


def groups_by_comparing_everything(hashes: np.ndarray[tuple[int], np.dtype[np.uint64]], distance: int) -> list[int]:
    label = np.arange(len(hashes))
    near = np.bitwise_count(hashes[:, None] ^ hashes[None, :]) <= distance
    while True:
        lowest = np.where(near, label[None, :], len(hashes)).min(axis=1)
        if (lowest == label).all():
            return list(np.unique(label, return_inverse=True)[1])
        label = lowest


@settings(deadline=None)  # the first call imports scipy
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 300),
    centres=st.integers(1, 20),
    flips=st.integers(0, 8),
    distance=st.integers(0, 10),
)
def test_same_groups(seed: int, count: int, centres: int, flips: int, distance: int) -> None:
    hashes = hashes_near_few_centres(seed, count, centres, flips)
    assert list(near_groups(hashes, distance=distance)) == groups_by_comparing_everything(hashes, distance)


@pytest.mark.parametrize("flips", [3, 6, 10])
def test_same_groups_where_buckets_are_large(flips: int) -> None:
    hashes = hashes_near_few_centres(0, 3000, 2, flips)
    assert list(near_groups(hashes, distance=4)) == groups_by_comparing_everything(hashes, 4)


@pytest.mark.parametrize("count", [0, 1])
def test_few_hashes(count: int) -> None:
    left, right = near_pairs(np.zeros(count, dtype=np.uint64), distance=4)
    assert len(left) == len(right) == 0


def test_dense_clusters_do_not_list_every_pair() -> None:
    hashes = hashes_near_few_centres(0, 20_000, 1, 2)
    left, _ = near_pairs(hashes, distance=4)
    assert len(left) < 100 * len(hashes)
