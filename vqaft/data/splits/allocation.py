"""Which part each group goes to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.data.splits.sizes import UNUSED, Sizes
from vqaft.data.splits.strata import Strata

Parts = NDArray[np.int8]

_SMOOTHING = 0.2  # examples; keeps one rare answer from outweighing all else


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
    """Give every group a home by its own chance alone, so that nothing else in the data can move it.

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
    """Give what is unused to parts with room: first to its home, then to any, each by chance.

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
    """Give each group to the part where it brings the strata nearest to their shares.

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
