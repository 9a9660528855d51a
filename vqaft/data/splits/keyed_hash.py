"""Chance that is the same on every machine and independent of everything but the key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def keyed_uniform(keys: Sequence[str], *, seed: int, purpose: str) -> NDArray[np.float64]:
    """Draw a number in [0, 1) for each key: BLAKE2b of the key, keyed by the seed.

    Args:
        keys: What to draw for.
        seed: Another seed, other numbers.
        purpose: Draws for different purposes are independent; at most 16 bytes.
    """
    secret, person = str(seed).encode(), purpose.encode()
    digests = b"".join(hashlib.blake2b(key.encode(), key=secret, person=person, digest_size=8).digest() for key in keys)
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / 2.0**53


def group_uniform(keys: Sequence[Sequence[str]], *, seed: int) -> NDArray[np.float64]:
    """Draw a number in [0, 1) for each group of keys, from one key alone that a draw of its own picks.

    So the number changes only if a new key happens to be picked, and small groups and large ones are drawn alike.

    Args:
        keys: The keys of each group, at least one.
        seed: Another seed, other numbers.
    """
    flat = [key for group in keys for key in group]
    starts = np.cumsum([0, *(len(group) for group in keys)])[:-1]
    order = keyed_uniform(flat, seed=seed, purpose="pick")
    lowest = np.minimum.reduceat(order, starts)
    group_of = np.repeat(np.arange(len(keys)), np.diff(np.append(starts, len(flat))))
    picked = np.flatnonzero(order == lowest[group_of])
    first = picked[np.unique(group_of[picked], return_index=True)[1]]
    return keyed_uniform([flat[index] for index in first], seed=seed, purpose="home")
