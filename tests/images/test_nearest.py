"""The nearest look-alike in another set."""

from __future__ import annotations

import numpy as np
import pytest

from vqaft.images import nearest_across


def test_first_of_the_nearest() -> None:
    found = nearest_across(np.array([0b1111, 0], dtype=np.uint64), np.array([1 << 63, 0b0111, 0b1110], dtype=np.uint64))
    assert list(found.target) == [1, 0]
    assert list(found.distance) == [1, 1]


def test_nothing_to_find() -> None:
    found = nearest_across(np.array([1], dtype=np.uint64), np.array([], dtype=np.uint64))
    assert list(found.distance) == [65]


@pytest.mark.parametrize("count", [3, 5000])
def test_blocks_do_not_show(count: int) -> None:
    chance = np.random.default_rng(0)
    targets = chance.integers(0, 2**64, count, dtype=np.uint64)
    queries = chance.integers(0, 2**64, 2000, dtype=np.uint64)
    found = nearest_across(queries, targets)
    row = 1999
    bits = [int(queries[row] ^ target).bit_count() for target in targets]
    assert (found.distance[row], found.target[row]) == (min(bits), bits.index(min(bits)))
