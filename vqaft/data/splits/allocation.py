"""Allocation of groups to parts: sizes, strata, and a keyed hash that is the same on every machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.data.example import VQAExample
from vqaft.data.question_rules import question_kind
from vqaft.errors import SplitError, shown

PARTS = ("train", "validation", "test")

UNUSED = len(PARTS)
"""The number of what no part needs, after the parts' own numbers 0, 1, 2."""

_COUNTS = (150, 50, 100)


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Counts, or fractions of the data.

    Attributes:
        train: What to train on.
        validation: What to watch training on.
        test: What to judge by.

    Raises:
        SplitError: If a size is negative, all are 0, counts and fractions are mixed, or fractions make more than 1.
    """

    train: int | float
    validation: int | float
    test: int | float

    def __post_init__(self) -> None:
        sizes = (self.train, self.validation, self.test)
        text = f"train={shown(self.train)}, validation={shown(self.validation)}, test={shown(self.test)}"
        if not all(map(_is_size, sizes)) or not sum(sizes):
            raise SplitError(f"{text} are no sizes", hint="Give counts, or fractions that make at most 1.0.")
        kinds = {type(size) for size in sizes if size}
        if len(kinds) > 1:
            raise SplitError(f"{text} mix counts and fractions", hint="Give all as counts, or all as fractions.")
        if self.are_fractions and sum(sizes) > 1 + 1e-9:
            raise SplitError(f"the fractions {text} make {sum(sizes):g}, more than 1")

    @classmethod
    def of(cls, *, train: float | None, validation: float | None, test: float | None) -> Sizes:
        """Fill in what is not said: 150, 50 and 100; beside fractions no validation, and the rest for train or test."""
        said = [size for size in (train, validation, test) if size is not None]
        if not any(isinstance(size, float) for size in said):
            counts = zip((train, validation, test), _COUNTS, strict=True)
            return cls(**dict(zip(PARTS, (default if size is None else size for size, default in counts), strict=True)))
        rest = max(0.0, 1.0 - sum(size for size in said if _is_size(size)))
        train_rest = rest if train is None else train
        test_rest = (rest if train is not None else 0.0) if test is None else test
        return cls(train=train_rest, validation=0 if validation is None else validation, test=test_rest)

    @property
    def are_fractions(self) -> bool:
        """Whether the sizes are fractions of the data."""
        return any(isinstance(size, float) and size for size in (self.train, self.validation, self.test))

    @property
    def shares(self) -> NDArray[np.float64]:
        """The shares of the three parts and of what stays unused, as far as the sizes alone say."""
        sizes = np.array([self.train, self.validation, self.test], dtype=np.float64)
        shares = sizes if self.are_fractions else sizes / sizes.sum()
        rest = max(0.0, 1.0 - shares.sum())
        return np.append(shares, rest if rest > 1e-9 else 0.0)  # noqa: PLR2004 - what rounding leaves

    def counts(self, total: int) -> NDArray[np.int64]:
        """Turn the sizes into counts; the last is what stays unused.

        Args:
            total: How much there is.

        Returns:
            Four counts that make the total; they are below 0 where there is too little.
        """
        if self.are_fractions:
            bounds = np.rint(np.cumsum(self.shares) * total).astype(np.int64)
            return np.diff(bounds, prepend=0)
        counts = [int(self.train), int(self.validation), int(self.test)]
        return np.array([*counts, total - sum(counts)], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Strata:
    """How many examples of each stratum each group holds, as a sparse table.

    Attributes:
        totals: The examples of each stratum.
        rarity: For each group, the size of its rarest stratum.
        starts: Where each group's entries start; one more than there are groups.
        ids: The stratum of each entry.
        counts: The examples of each entry.
    """

    totals: NDArray[np.float64]
    rarity: NDArray[np.float64]
    starts: NDArray[np.intp]
    ids: NDArray[np.intp]
    counts: NDArray[np.float64]

    def of_group(self, group: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the strata of a group and how many examples it holds of each."""
        entries = slice(self.starts[group], self.starts[group + 1])
        return self.ids[entries], self.counts[entries]

    @classmethod
    def of(cls, examples: Sequence[VQAExample], groups: NDArray[np.int32], count: int) -> Strata:
        """Count the strata of each group.

        Answers that only one group has cannot be balanced and are left out.

        Args:
            examples: The examples.
            groups: The group of each example; below 0 for examples that do not count.
            count: How many groups there are.
        """
        numbers: dict[tuple[str, str], int] = {}
        entries = (
            (group << 32) + numbers.setdefault(stratum, len(numbers))
            for example, group in zip(examples, groups.tolist(), strict=True)
            if group >= 0
            for stratum in _strata(example)
        )
        cells, counts = np.unique(np.fromiter(entries, dtype=np.int64), return_counts=True)
        group, stratum = cells >> 32, cells & 0xFFFFFFFF
        shared = np.bincount(stratum, minlength=len(numbers))[stratum] > 1
        group, stratum, counts = group[shared], stratum[shared], counts[shared]
        totals = np.bincount(stratum, weights=counts, minlength=len(numbers))
        starts = np.searchsorted(group, np.arange(count + 1))
        rarity = np.full(count, np.inf)
        np.minimum.at(rarity, group, totals[stratum])
        return cls(
            totals=totals.astype(np.float64),
            rarity=rarity,
            starts=starts,
            ids=stratum,
            counts=counts.astype(np.float64),
        )


def _strata(example: VQAExample) -> Iterator[tuple[str, str]]:
    yield "", ""  # every example counts for the size of its part
    yield "type", example.question_type or ""
    if example.kind or example.answers:
        yield "kind", question_kind(example)
    if example.answers:
        yield "answer", example.answer.casefold()


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


Parts = NDArray[np.int8]

_SMOOTHING = 0.2  # examples; keeps one rare answer from outweighing all else


def _is_size(size: object) -> bool:
    return isinstance(size, int | float) and not isinstance(size, bool) and 0 <= size < math.inf


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What is to be given to the parts.

    Attributes:
        weight: The size of each group, in the unit of the sizes.
        chance: A number in [0, 1) for each group that depends on nothing but the group.
        only: The part that a group must go to if to any (an earlier split says so), or -1.
        room: How much the three parts may still take, and how much stays unused.
    """

    weight: NDArray[np.int64]
    chance: NDArray[np.float64]
    only: Parts
    room: NDArray[np.int64]

    @property
    def order(self) -> NDArray[np.intp]:
        """The groups in the order of their chance."""
        return np.argsort(self.chance, kind="stable")


def homes(demand: Demand, sizes: Sizes) -> Parts:
    """Assign every group a home by its own chance alone, so that nothing else in the data can move it.

    Args:
        demand: The groups.
        sizes: How large the parts shall be; only their proportions matter.
    """
    # Test first: its bounds then do not move when validation is resized at the expense of training.
    order = np.array([2, 1, 0, UNUSED], dtype=np.int8)
    bounds = np.cumsum(sizes.shares[order])
    bounds[np.flatnonzero(sizes.shares[order])[-1] :] = 1.0
    at_home = order[np.searchsorted(bounds, demand.chance, side="right")]
    return np.where(demand.only >= 0, demand.only, at_home).astype(np.int8)


def fill(parts: Parts, demand: Demand, at: Parts) -> tuple[Parts, int]:
    """Assign what is unused to parts with room: first to its home, then to any, each by chance.

    Args:
        parts: Where the groups are so far.
        demand: The groups and the room of the parts before anything was given to them.
        at: The home of each group.

    Returns:
        Where the groups are now, and how many went to a part that is not their home.
    """
    result, room, borrowed = parts.copy(), _left(parts, demand), 0
    order = [int(group) for group in demand.order if result[group] == UNUSED and demand.weight[group]]
    for group in order:
        if at[group] != UNUSED and demand.weight[group] <= room[at[group]]:
            result[group] = at[group]
            room[at[group]] -= demand.weight[group]
    for group in order if room[:UNUSED].any() else []:
        part = int(np.argmax(room[:UNUSED]))
        if result[group] == UNUSED and demand.only[group] < 0 and demand.weight[group] <= room[part]:
            result[group] = part
            room[part] -= demand.weight[group]
            borrowed += 1
    return result, borrowed


def balance(demand: Demand, strata: Strata, options: NDArray[np.bool_]) -> Parts:
    """Assign each group to the part where it brings the strata nearest to their shares.

    Groups with rare strata go first, as in Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label
    Data" (2011). Of the parts with room, a group goes where it makes the least growth of the chi-square distance.

    Args:
        demand: The groups and the room of the parts.
        strata: What each group holds.
        options: For each group, which of the four parts it may go to.

    Returns:
        The part of each group. Where none has enough room it stays unused if that is an option, else it goes to the
        part with the most room.
    """
    room = demand.room.astype(np.float64)
    target = np.outer(np.maximum(room, 0) / max(room.clip(0).sum(), 1), strata.totals)
    excess = -target
    scale = 1.0 / (target + _SMOOTHING)
    result = np.full(len(demand.weight), UNUSED, dtype=np.int8)
    for group in np.lexsort((demand.chance, -demand.weight, strata.rarity)):
        ids, counts = strata.of_group(group)
        growth = ((2 * excess[:, ids] + counts) * counts * scale[:, ids]).sum(axis=1)
        part = _choose(growth, room, int(demand.weight[group]), options[group])
        result[group] = part
        room[part] -= demand.weight[group]
        excess[part, ids] += counts
    return result


def _choose(growth: NDArray[np.float64], room: NDArray[np.float64], weight: int, options: NDArray[np.bool_]) -> int:
    fitting = options & (room >= weight)
    if fitting.any():
        return int(np.argmin(np.where(fitting, growth, np.inf)))
    return UNUSED if options[UNUSED] else int(np.argmax(np.where(options, room, -np.inf)))


def _left(parts: Parts, demand: Demand) -> NDArray[np.int64]:
    taken = np.bincount(parts, weights=demand.weight, minlength=UNUSED + 1).astype(np.int64)
    left: NDArray[np.int64] = np.maximum(demand.room - taken, 0)
    left[UNUSED] = 0
    return left
