"""The nearest look-alike in another set: exact up to a distance, whichever way it is searched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vqaft.images import closest_across, hamming, nearest_across

Hashes = NDArray[np.uint64]


def near_hashes(seed: int, count: int) -> tuple[Hashes, Hashes]:
    """Random targets, and queries that differ from some of them in 0 to 20 bits."""
    chance = np.random.default_rng(seed)
    targets = chance.integers(0, 2**64, count, dtype=np.uint64)
    queries = targets[chance.integers(0, count, count)].copy()
    for row in range(count):
        for bit in chance.choice(64, chance.integers(0, 21), replace=False):
            queries[row] ^= np.uint64(1 << int(bit))
    return queries, targets


def by_hand(queries: Hashes, targets: Hashes, within: int) -> tuple[list[int], list[int]]:
    found, places = [], []
    for query in queries.tolist():
        bits = [(query ^ target).bit_count() for target in targets.tolist()]
        best = min(bits)
        found.append(best if best <= within else 65)
        places.append(bits.index(best) if best <= within else 0)
    return found, places


def test_first_of_the_nearest() -> None:
    found = nearest_across(np.array([0b1111, 0], dtype=np.uint64), np.array([1 << 63, 0b0111, 0b1110], dtype=np.uint64))
    assert list(found.target) == [1, 0]
    assert list(found.distance) == [1, 1]


def test_nothing_to_find() -> None:
    nothing, one = np.array([], dtype=np.uint64), np.array([1], dtype=np.uint64)
    assert list(nearest_across(one, nothing).distance) == [65]
    assert len(nearest_across(nothing, one).distance) == 0
    assert closest_across(one, nothing) is None
    assert closest_across(nothing, one) is None


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([0, 1, 3, 4, 8, 16]), st.booleans())
def test_both_ways_of_searching_find_the_same(seed: int, count: int, within: int, banded: bool) -> None:  # noqa: FBT001
    queries, targets = near_hashes(seed, count)
    with pytest.MonkeyPatch.context() as patch:
        if banded:
            patch.setattr(hamming, "_SMALL", 0)
            patch.setattr(hamming, "_SORT_COST", 0.0)
            patch.setattr(hamming, "_GATHER_COST", 0.0)
            patch.setattr(hamming, "_BLOCK", 7)
        found = nearest_across(queries, targets, within=within)
    assert (found.distance.tolist(), found.target.tolist()) == by_hand(queries, targets, within)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_closest_pair_is_the_nearest_of_all(seed: int, count: int) -> None:
    queries, targets = near_hashes(seed, count)
    bits = min(by_hand(queries, targets, 64)[0])
    closest = closest_across(queries, targets)
    if bits > 16:
        assert closest is None
    else:
        assert closest is not None
        query, target, distance = closest
        assert distance == bits == int(queries[query] ^ targets[target]).bit_count()
