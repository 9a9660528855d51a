"""Unlabelled images that look like those a model fails on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from vqaft.data import VQAExample
from vqaft.data.duplicates import NEAR_DISTANCE, ImageTable, nearest_across

LIKE = 20
"""Bits of 64 in which images that still have something in common differ at most."""


def alike_examples(
    pool: Sequence[VQAExample], examples: Sequence[VQAExample], *, liked: Collection[str]
) -> tuple[str, ...]:
    """Rank examples of a pool by how much their images look like some of the evaluated ones.

    Args:
        pool: The examples to choose from.
        examples: The evaluated examples.
        liked: The ids of those to look for, e.g. the failures.

    Returns:
        Ids from the pool, most alike first. An image that is, or nearly is, an evaluated one is left out: trained on,
        it would give its answer away.

    Raises:
        ImageError: If an image cannot be read.
    """
    if not pool or not examples:
        return ()
    table = ImageTable.of([*pool, *examples])
    mine, theirs = table.index[: len(pool)], table.index[len(pool) :]
    wanted = np.array(
        [place for place, example in zip(theirs, examples, strict=True) if example.id in liked], dtype=int
    )
    near_any = nearest_across(table.phash[mine], table.phash[theirs][table.visible[theirs]]).distance
    near = nearest_across(table.phash[mine], table.phash[wanted][table.visible[wanted]]).distance
    leaks = (near_any <= NEAR_DISTANCE) | np.isin(mine, theirs)
    order = np.argsort(near, kind="stable")
    return tuple(
        pool[place].id for place in order if near[place] <= LIKE and table.visible[mine[place]] and not leaks[place]
    )
