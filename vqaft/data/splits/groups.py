"""Groups that no split separates (same or similar images, named groups), and those fixed by an earlier split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqaft.data.example import VQAExample
from vqaft.data.image_table import ImageTable
from vqaft.data.splits.allocation import PARTS, UNUSED
from vqaft.data.splits.placement import Placement
from vqaft.errors import DataError
from vqaft.images import connected, near_pairs

GroupBy: TypeAlias = str | Callable[[VQAExample], str | None] | None
"""What else keeps examples together: a metadata column, a function, or None for `VQAExample.group`."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Groups of examples that no split may tear.

    Groups are numbered from 0 in the order of their first image.

    Attributes:
        of_image: The group of each image of the table.
        of_name: The group that each name given by the caller belongs to.
        of_earlier: The group of each image of the earlier placement; above all others where no image of the table
            looks like it.
        keys: What names each group whatever else is in the data: the names in it, else the contents of its images.
        names: The name that the caller gave each example's group, where there is one.
    """

    of_image: NDArray[np.int32]
    of_name: dict[str, int]
    of_earlier: NDArray[np.int32]
    keys: tuple[tuple[str, ...], ...]
    names: tuple[str | None, ...]


def group_examples(
    examples: Sequence[VQAExample],
    images: ImageTable,
    *,
    group_by: GroupBy = None,
    distance: int | None = None,
    earlier: Placement | None = None,
    transformed: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None,
) -> Groups:
    """Find what hangs together.

    Args:
        examples: The examples.
        images: Their images.
        group_by: What else keeps examples together, beside the image.
        distance: How many bits may differ between images that look alike; None to compare contents only.
        earlier: A placement whose images count too: what looks like the same old image hangs together.
        transformed: Pairs of images that are transformed copies and stay together too.

    Returns:
        The groups. Their keys hold the names where there are names, else the contents of the images.

    Raises:
        DataError: If a column is missing; the message names the columns there are.
    """
    names = tuple(_name(example, group_by) for example in examples)
    numbers: dict[str, int] = {}
    named = np.array([-1 if name is None else numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)
    rows = np.flatnonzero(named >= 0)
    left, right = _alike(images, distance, earlier)
    if transformed is not None:
        left, right = np.concatenate([left, transformed[0]]), np.concatenate([right, transformed[1]])
    together = np.flatnonzero(images.owner[1:] == images.owner[:-1])  # neighbors in one example
    first_name = len(images) + (0 if earlier is None else len(earlier.looks))
    label = connected(
        first_name + len(numbers),
        np.concatenate([images.first[rows], left, images.shown[together]]),
        np.concatenate([named[rows] + first_name, right, images.shown[together + 1]]),
    )
    of_image = label[: len(images)].astype(np.int32)
    return Groups(
        of_image=of_image,
        of_name=dict(zip(numbers, label[first_name:].tolist(), strict=True)),
        of_earlier=label[len(images) : first_name].astype(np.int32),
        keys=_keys(images, of_image, numbers, label[first_name:]),
        names=names,
    )


def _name(example: VQAExample, group_by: GroupBy) -> str | None:
    if group_by is None:
        return example.group
    if callable(group_by):
        return group_by(example)
    if group_by not in example.metadata:
        there = ", ".join(map(repr, example.metadata)) or "none"
        hint = "Carry the column along with Columns(metadata=(…,))."
        raise DataError(f"no metadata {group_by!r} to group by; there is {there}", example_id=example.id, hint=hint)
    value = example.metadata[group_by]
    return None if value is None else str(value)


def _alike(
    images: ImageTable, distance: int | None, earlier: Placement | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if distance is None:
        nothing = np.empty(0, dtype=np.intp)
        return nothing, nothing
    old = np.empty(0, dtype=np.uint64) if earlier is None else np.array([*earlier.looks.values()], dtype=np.uint64)
    seen = np.concatenate([np.flatnonzero(images.visible), np.arange(len(images), len(images) + len(old))])
    left, right = near_pairs(np.concatenate([images.phash[images.visible], old]), distance=distance)
    return seen[left], seen[right]


def _keys(
    images: ImageTable, of_image: NDArray[np.int32], names: dict[str, int], of_name: NDArray[np.intp]
) -> tuple[tuple[str, ...], ...]:
    count = int(of_image.max()) + 1
    by_name: dict[int, list[str]] = {}
    for name, group in zip(names, of_name.tolist(), strict=True):
        by_name.setdefault(group, []).append(f"group:{name}")
    keys: list[list[str]] = [by_name.get(group, []) for group in range(count)]
    for sha, group in zip(images.sha256, of_image.tolist(), strict=True):
        if group not in by_name:
            keys[group].append(sha)
    return tuple(map(tuple, keys))


_NUMBER = {name: number for number, name in enumerate(PARTS)}


@dataclass(frozen=True, kw_only=True)
class FixedAssignments:
    """Images that stay where they were, and what that means for the images that hang together with them.

    Attributes:
        part: The part of each image, -1 for new ones.
        only: For each group, the one part that its new images may go to: that of the old ones, `UNUSED` where the old
            ones are in several parts, -1 where there are none.
    """

    part: NDArray[np.int8]
    only: NDArray[np.int8]

    @classmethod
    def of(cls, images: ImageTable, groups: Groups, earlier: Placement | None) -> FixedAssignments:
        """Look up the parts in an earlier placement.

        Args:
            images: The images of the new data.
            groups: What hangs together, made with the same earlier placement.
            earlier: The earlier placement, if there is one.
        """
        count = len(groups.keys)
        if earlier is None:
            return cls(part=np.full(len(images), -1, dtype=np.int8), only=np.full(count, -1, dtype=np.int8))
        part = np.array([_NUMBER.get(earlier.images.get(sha, ""), -1) for sha in images.sha256], dtype=np.int8)
        present = np.zeros((count, len(PARTS)), dtype=np.bool_)
        old = np.flatnonzero(part >= 0)
        present[groups.of_image[old], part[old]] = True
        for name in groups.of_name.keys() & earlier.groups.keys():
            present[groups.of_name[name], _NUMBER[earlier.groups[name]]] = True
        for group, sha in zip(groups.of_earlier.tolist(), earlier.looks, strict=True):
            if group < count:
                present[group, _NUMBER[earlier.images[sha]]] = True
        parts = present.sum(axis=1)
        only = np.select([parts == 0, parts == 1], [-1, present.argmax(axis=1)], UNUSED)
        return cls(part=part, only=only.astype(np.int8))
