"""The nearest look-alike of each image in another set of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Indices = NDArray[np.intp]

_BLOCK = 1 << 22  # comparisons at once: 32 MB of differences
_FARTHEST = 64


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """For each query, the nearest target.

    Attributes:
        target: Its position among the targets; of several, the first.
        distance: How many bits differ, 0 to 64; 65 where nothing was found.
    """

    target: Indices
    distance: NDArray[np.uint8]


def nearest_across(queries: Hashes, targets: Hashes) -> Nearest:
    """Compare every query with every target.

    Two thousand queries against eight thousand targets take a few hundredths of a second; the time grows with the
    product, about a second for each thousand million.

    Args:
        queries: The hashes to find look-alikes of.
        targets: Where to look.

    Returns:
        The nearest target of each query.
    """
    target = np.zeros(len(queries), dtype=np.intp)
    distance = np.full(len(queries), _FARTHEST + 1, dtype=np.uint8)
    if len(targets):
        rows = max(1, _BLOCK // len(targets))
        for start in range(0, len(queries), rows):
            block = slice(start, start + rows)
            bits = np.bitwise_count(queries[block, None] ^ targets[None, :])
            target[block] = bits.argmin(axis=1)
            distance[block] = bits.min(axis=1)
    return Nearest(target=target, distance=distance)
