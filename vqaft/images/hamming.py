"""All pairs of 64-bit hashes that differ in few bits, without looking at every pair.

If two hashes differ in at most `d` bits and the bits are cut into `d + 2` bands, at least two bands are equal (the
pigeonhole principle). So every two bands in turn make a key, hashes are sorted by it, and only hashes with the same key
are compared. Two bands rather than one keep real hashes apart, whose bits are far from random.

`nearest_across` finds the nearest hash in another set by the same principle.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

Indices = NDArray[np.intp]

_NOTHING: Indices = np.empty(0, dtype=np.intp)

_DENSE = 96  # buckets above this size are walked, not compared pair by pair


def near_pairs(hashes: Hashes, *, distance: int) -> tuple[Indices, Indices]:
    """Find enough near pairs to connect all near hashes.

    Every two hashes within the distance are joined by the pairs found, directly or through others. Not every single
    pair is listed: in dense clusters their number is quadratic.

    Args:
        hashes: The hashes; repetitions are allowed.
        distance: How many bits may differ, 0 to 16.

    Returns:
        The two sides of the pairs, as positions in `hashes`.
    """
    distinct, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    same = np.flatnonzero(first[inverse] != np.arange(len(hashes)))
    found = [(same, first[inverse[same]])]
    if distance > 0 and len(distinct) > 1:
        found += [(first[left], first[right]) for left, right in _pairs_of_distinct(distinct, distance)]
    lefts, rights = zip(*found, strict=True)
    return np.concatenate(lefts), np.concatenate(rights)


def near_groups(hashes: Hashes, *, distance: int) -> Indices:
    """Number the groups of hashes that hang together by steps of at most this distance.

    Args:
        hashes: The hashes.
        distance: How many bits may differ in one step.

    Returns:
        The group of each hash, numbered from 0 in the order of first appearance.
    """
    left, right = near_pairs(hashes, distance=distance)
    return connected(len(hashes), left, right)


def connected(count: int, left: Indices, right: Indices) -> Indices:
    """Number the connected components of a graph, from 0 in the order of first appearance.

    Args:
        count: How many nodes there are.
        left: One end of each edge.
        right: The other end.
    """
    labels = _components(count, left, right)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.intp)
    order[np.argsort(first)] = np.arange(len(first))
    return order[inverse]


def _components(count: int, left: Indices, right: Indices) -> NDArray[np.int32]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = left.astype(np.int32), right.astype(np.int32)
    edges = coo_array((np.ones(len(left), dtype=np.int8), ends), shape=(count, count))
    labels: NDArray[np.int32] = connected_components(edges, directed=False)[1]
    return labels


def _pairs_of_distinct(hashes: Hashes, distance: int) -> Iterator[tuple[Indices, Indices]]:
    label = np.arange(len(hashes), dtype=np.int32)
    for key in _keys(hashes, distance):
        pairs = list(_pairs_of_key(hashes, key, label, distance))
        left, right = (np.concatenate([pair[side] for pair in pairs] or [_NOTHING]) for side in (0, 1))
        if len(left):
            label = _components(len(hashes), label[left], label[right])[label]
            yield left, right


def _keys(hashes: Hashes, distance: int) -> Iterator[Hashes]:
    bands = distance + 2
    # Neighbouring bits of a perceptual hash go together in real images: deal them out like cards.
    masks = [np.uint64(sum(1 << bit for bit in range(band, 64, bands))) for band in range(bands)]
    for one, other in combinations(masks, 2):
        yield hashes & (one | other)


def _pairs_of_key(
    hashes: Hashes, key: Hashes, label: NDArray[np.int32], distance: int
) -> Iterator[tuple[Indices, Indices]]:
    """Compare hashes of the same key, but leave out buckets whose hashes are all joined already."""
    order = np.argsort(key)
    in_order = key[order]
    starts = np.flatnonzero(np.concatenate(([True], in_order[1:] != in_order[:-1])))
    sizes = np.diff(np.append(starts, len(key)))
    labels = label[order]
    open_ones = np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts)
    rows = np.flatnonzero(np.repeat(open_ones & (sizes <= _DENSE), sizes))
    yield from _by_steps(hashes, order, in_order, rows, distance)
    for bucket in np.flatnonzero(open_ones & (sizes > _DENSE)):
        yield from _by_walking(hashes, order[starts[bucket] : starts[bucket] + sizes[bucket]], distance)


def _by_steps(
    hashes: Hashes, order: Indices, keys: Hashes, rows: Indices, distance: int
) -> Iterator[tuple[Indices, Indices]]:
    """Compare each row with the next, the one after the next … of the same key, all buckets at once."""
    step = 1
    while len(rows):
        rows = rows[rows + step < len(order)]
        rows = rows[keys[rows] == keys[rows + step]]
        left, right = order[rows], order[rows + step]
        near = np.bitwise_count(hashes[left] ^ hashes[right]) <= distance
        yield left[near], right[near]
        step += 1


def _by_walking(hashes: Hashes, waiting: Indices, distance: int) -> Iterator[tuple[Indices, Indices]]:
    """Walk from hash to near hash; what was reached once is never compared again."""
    reached: list[int] = []
    while len(waiting):
        if not reached:
            reached, waiting = [int(waiting[0])], waiting[1:]
        here = reached.pop()
        near = np.bitwise_count(hashes[waiting] ^ hashes[here]) <= distance
        if near.any():
            yield np.full(np.count_nonzero(near), here, dtype=np.intp), waiting[near]
            reached += waiting[near].tolist()
            waiting = waiting[~near]


_BLOCK = 1 << 20  # comparisons in one array operation: 8 MB of differences, which stay near the processor
_NOTHING_FOUND = 65
MAX_DISTANCE = 16
"""Distances beyond this say nothing about two images: hashes of different images differ in 20 bits and more."""
_SMALL = 1 << 28  # comparisons below which looking at every pair takes less than a second
_STEPS = (4, 6, 8, 10, 12, 14, MAX_DISTANCE)


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """For each query, the nearest target within a distance.

    Attributes:
        target: Its position among the targets; of several, the first; 0 where nothing was found.
        distance: How many bits differ; 65 where nothing is within the distance.
    """

    target: Indices
    distance: NDArray[np.uint8]


def nearest_across(queries: Hashes, targets: Hashes, *, within: int = MAX_DISTANCE) -> Nearest:
    """Find the nearest target of each query, exactly, up to a distance.

    Multi-index hashing (Norouzi, Punjani and Fleet, 2012, arXiv:1307.2982): two hashes that differ in at most `d` bits
    agree in `k` of `d + k` bands, so that only pairs which share a key of `k` bands are compared. Where that is no
    less work, every pair is compared.

    Args:
        queries: The hashes to find look-alikes of.
        targets: Where to look.
        within: How many bits may differ, 0 to 64; beyond 16 or so every pair is compared.

    Returns:
        The nearest target of each query.
    """
    best = Nearest(
        target=np.zeros(len(queries), dtype=np.intp),
        distance=np.full(len(queries), _NOTHING_FOUND, dtype=np.uint8),
    )
    if not len(queries) or not len(targets):
        return best
    bands = _bands(within, len(queries), len(targets))
    if bands is None:
        _by_comparing_all(queries, targets, best)
    else:
        for mask in bands:
            _by_key(queries, targets, mask, best)
    beyond = best.distance > within
    best.distance[beyond], best.target[beyond] = _NOTHING_FOUND, 0
    return best


def closest_across(queries: Hashes, targets: Hashes, *, within: int = MAX_DISTANCE) -> tuple[int, int, int] | None:
    """Find the closest pair of a query and a target, exactly, up to a distance.

    The distance grows in steps until a pair is found, so that the widest and slowest search is rarely needed.

    Args:
        queries: Hashes of one set.
        targets: Hashes of the other set.
        within: How many bits may differ, 0 to 16.

    Returns:
        The positions of query and target and the bits that differ; None if no pair is within the distance.
    """
    for step in (*(step for step in _STEPS if step < within), within):
        found = nearest_across(queries, targets, within=step)
        query = int(found.distance.argmin()) if len(queries) else 0
        if len(queries) and found.distance[query] <= step:
            return query, int(found.target[query]), int(found.distance[query])
    return None


def _bands(distance: int, queries: int, targets: int) -> list[np.uint64] | None:
    """Choose the keys to compare by, as masks of bits; None if comparing all pairs costs less."""
    every = queries * targets
    if every <= _SMALL:
        return None
    costs = {0: float(every)}
    for agreeing in (1, 2, 3):
        keys = math.comb(distance + agreeing, agreeing)
        share = 2.0 ** (-_BITS * agreeing / (distance + agreeing))
        costs[agreeing] = keys * (_SORT_COST * (targets + queries) + _GATHER_COST * every * share)
    agreeing = min(costs, key=costs.__getitem__)
    if agreeing == 0:
        return None
    edges = np.linspace(0, _BITS, distance + agreeing + 1).round().astype(int)
    bands = [sum(1 << bit for bit in range(*edge)) for edge in itertools.pairwise(edges.tolist())]
    return [np.uint64(sum(chosen)) for chosen in combinations(bands, agreeing)]


_BITS = 64
_SORT_COST = 60.0  # in comparisons of `_by_comparing_all`, for each hash
_GATHER_COST = 5.0  # the same, for each pair that shares a key


def _by_comparing_all(queries: Hashes, targets: Hashes, best: Nearest) -> None:
    rows = max(1, _BLOCK // len(targets))
    for start in range(0, len(queries), rows):
        block = slice(start, start + rows)
        bits = np.bitwise_count(queries[block, None] ^ targets[None, :])
        best.target[block] = bits.argmin(axis=1)
        best.distance[block] = bits.min(axis=1)


def _by_key(queries: Hashes, targets: Hashes, mask: np.uint64, best: Nearest) -> None:
    """Compare the queries with the targets that share a key, and keep what is nearer than before."""
    keys = targets & mask
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    wanted = queries & mask
    first, last = np.searchsorted(keys, wanted, side="left"), np.searchsorted(keys, wanted, side="right")
    for chunk in _chunks(last - first):
        counts = (last - first)[chunk]
        query = np.repeat(chunk, counts)
        offsets = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
        target = order[np.repeat(first[chunk], counts) + offsets]
        bits = np.bitwise_count(queries[query] ^ targets[target])
        _keep_nearer(query, target, bits, best)


def _chunks(counts: Indices) -> Iterator[Indices]:
    """Cut the queries so that each chunk has some million pairs to compare."""
    rows = np.flatnonzero(counts)
    number = np.cumsum(counts[rows]) // _BLOCK
    for cut in np.split(rows, np.flatnonzero(np.diff(number)) + 1):
        if len(cut):
            yield cut


def _keep_nearer(query: Indices, target: Indices, bits: NDArray[np.uint8], best: Nearest) -> None:
    nearer = (bits < best.distance[query]) | ((bits == best.distance[query]) & (target < best.target[query]))
    query, target, bits = query[nearer], target[nearer], bits[nearer]
    order = np.lexsort((target, bits, query))
    query, target, bits = query[order], target[order], bits[order]
    first = np.flatnonzero(np.diff(query, prepend=-1))
    best.target[query[first]], best.distance[query[first]] = target[first], bits[first]
