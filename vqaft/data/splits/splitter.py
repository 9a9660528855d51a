"""Split of a dataset into train, validation and test, with no image in two of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from vqaft.data.example import VQAExample
from vqaft.data.image_table import ImageTable
from vqaft.data.splits.allocation import (
    PARTS,
    UNUSED,
    Demand,
    Parts,
    Sizes,
    Strata,
    balance,
    fill,
    group_uniform,
    homes,
)
from vqaft.data.splits.groups import FixedAssignments, GroupBy, Groups, group_examples
from vqaft.data.splits.placement import Placement
from vqaft.data.splits.split import Split
from vqaft.errors import DataError, SplitError, shown
from vqaft.images import NEAR_DISTANCE
from vqaft.typed import typed_call

Unit: TypeAlias = Literal["images", "pairs"]

_MOST_BITS = 16


@dataclass(frozen=True, kw_only=True)
class DatasetSplitter:
    """Splits by image: the same on every machine, in whatever order the examples come, and stable when they grow.

    What holds when examples are added:

    * With `previous`, no image of the earlier split moves, whatever else is asked for. A new image that looks like old
      ones in two parts goes to neither.
    * With fractions (and `stratify` left alone) each group goes by its own hash: no old image moves, unless a new one
      hangs together with it. Sizes are then as near to the fractions as chance makes them.
    * With counts, groups are chosen among those whose own hash gives them to that part: an old image may be left out
      or taken in, but moves from one part to another only where a part found too few and had to borrow
      (`Split.borrowed`).

    Attributes:
        train: How much to train on: a count, or a fraction of the data as a float up to 1.0. What is not said is 150,
            50 and 100 where sizes are counts. Where they are fractions, no validation, and all that is left for the
            one of train and test that is not said.
        validation: How much to watch training on; 0 for none.
        test: How much to judge by; 0 for none.
        unit: What sizes measure: images, or pairs of image and question. Groups are kept whole either way, so a count
            may be missed by less than one group.
        group_by: What must stay together beside the image: a metadata column, a function of the example, or None for
            `VQAExample.group`.
        near_duplicates: How many of 64 bits may differ between images that look alike and stay together; None to
            compare contents only, without decoding.
        transformed: Whether cropped, mirrored, turned and bordered copies and screenshots stay together too, of up to
            3,000 images. Off by default: simple shapes on a plain ground are mirror images of each other.
        stratify: Whether to balance the kinds, types and answers of the questions as well as the groups allow. By
            default where sizes are counts; with fractions it costs the stability without `previous`.
        seed: Another seed, another split.

    Raises:
        SplitError: If a size is negative or not a number, all are 0, counts and fractions are mixed, or fractions make
            more than 1.
        DataError: If another field has the wrong type or value; it names the field, the value and what is allowed.
    """

    train: int | float | None = None
    validation: int | float | None = None
    test: int | float | None = None
    unit: Unit = "images"
    group_by: GroupBy = None
    near_duplicates: int | None = NEAR_DISTANCE
    transformed: bool = False
    stratify: bool | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        _ = self.sizes
        bits = self.near_duplicates
        by = self.group_by
        for name, fits, wanted in (
            ("unit", self.unit in get_args(Unit), "'images' or 'pairs'"),
            ("group_by", by is None or isinstance(by, str) or callable(by), "a column, a function or None"),
            ("near_duplicates", bits is None or (_is_whole(bits) and 0 <= bits <= _MOST_BITS), "0 to 16, or None"),
            ("transformed", isinstance(self.transformed, bool), "True or False"),
            ("transformed", not self.transformed or bits is not None, "False where near_duplicates is None"),
            ("stratify", self.stratify is None or isinstance(self.stratify, bool), "True, False or None"),
            ("seed", _is_whole(self.seed), "an integer"),
        ):
            if not fits:
                raise DataError(f"{name} is {shown(getattr(self, name))}, not {wanted}")

    @property
    def sizes(self) -> Sizes:
        """The sizes of the parts, with what was not said."""
        return Sizes.of(train=self.train, validation=self.validation, test=self.test)

    @typed_call
    def split(
        self, examples: Iterable[VQAExample], *, previous: Placement | None = None, images: ImageTable | None = None
    ) -> Split:
        """Split a dataset.

        Args:
            examples: The dataset; ids must differ.
            previous: The placement of an earlier split, `split.placement` or a file read by `Placement.read`; its
                images stay where they were.
            images: The examples' images, where they were hashed before, e.g. on a cluster (`vqaft.ray_data`).

        Returns:
            The parts; within a part, examples come in the order of the input.

        Raises:
            DataError: If there are no examples, two have the same id, or the column to group by is missing.
            ImageError: If an image cannot be read.
            SplitError: If the sizes make no sense, or the data cannot give them.
        """
        sizes = self.sizes
        everything = tuple(examples)
        _check(everything)
        if images is None:
            images = ImageTable.of(everything, looks=self.near_duplicates is not None, transformed=self.transformed)
        _check_table(images, everything)
        groups = group_examples(
            everything,
            images,
            group_by=self.group_by,
            distance=self.near_duplicates,
            earlier=previous,
            transformed=images.transformed_pairs() if self.transformed else None,
        )
        pins = FixedAssignments.of(images, groups, previous)
        pinned = _pinned(images, pins)
        group_of = np.where(pinned < 0, groups.of_image[images.first], -1).astype(np.int32)
        demand = self._demand(sizes, images, groups, pins, group_of)
        chosen, borrowed = self._allocate(sizes, demand, everything, group_of)
        parts = np.where(pinned < 0, chosen[group_of], pinned).astype(np.int8)
        return Split.of(
            everything,
            parts,
            images=images,
            names=groups.names,
            borrowed=borrowed,
            distance=self.near_duplicates,
            transformed=self.transformed,
        )

    def _demand(
        self, sizes: Sizes, images: ImageTable, groups: Groups, pins: FixedAssignments, group_of: NDArray[np.int32]
    ) -> Demand:
        if self.unit == "images":
            members, pinned = groups.of_image[pins.part < 0], pins.part[pins.part >= 0]
            total = len(images)
        else:
            members, pinned = group_of[group_of >= 0], _pinned(images, pins)[group_of < 0]
            total = len(group_of)
        room = sizes.counts(total)
        if room[UNUSED] < 0:
            asked = (
                f"{total - room[UNUSED]} {self.unit} are asked for ({sizes.train} + {sizes.validation} + {sizes.test})"
            )
            hint = "Ask for less, or give fractions such as train=0.7, validation=0.1, test=0.2."
            raise SplitError(f"{asked}, {total} are there", hint=hint)
        return Demand(
            weight=np.bincount(members, minlength=len(groups.keys)).astype(np.int64),
            chance=group_uniform(groups.keys, seed=self.seed),
            only=pins.only,
            room=room - np.bincount(pinned, minlength=len(room)),
        )

    def _allocate(
        self, sizes: Sizes, demand: Demand, examples: tuple[VQAExample, ...], group_of: NDArray[np.int32]
    ) -> tuple[Parts, int]:
        at = homes(demand, sizes)
        stratify = (not sizes.are_fractions) if self.stratify is None else self.stratify
        if sizes.are_fractions and not stratify:
            return at, 0
        parts = np.full(len(at), UNUSED, dtype=np.int8)
        if stratify:
            options = np.zeros((len(at), UNUSED + 1), dtype=np.bool_)
            options[np.arange(len(at)), at] = True
            options[demand.only < 0] |= sizes.are_fractions & (sizes.shares > 0)
            options[:, UNUSED] |= not sizes.are_fractions
            parts = balance(demand, Strata.of(examples, group_of, len(at)), options)
        if sizes.are_fractions:
            return parts, 0
        parts, borrowed = fill(parts, demand, at)
        self._check_counts(parts, demand)
        return parts, borrowed

    def _check_counts(self, parts: Parts, demand: Demand) -> None:
        taken = np.bincount(parts, weights=demand.weight, minlength=UNUSED + 1).astype(np.int64)
        short = np.maximum(demand.room - taken, 0)[:UNUSED]
        waiting = (parts == UNUSED) & (demand.weight > 0) & (demand.only < 0)
        empty = (short > 0) & (taken[:UNUSED] == 0)
        if not short.any() or (waiting.any() and not empty.any()):
            return  # less than one more group is missing
        missing = ", ".join(f"{PARTS[part]} lacks {short[part]}" for part in np.flatnonzero(short))
        hint = "Ask for less, give fractions, or compare contents only with near_duplicates=None."
        largest = f"the largest has {demand.weight.max()}"
        raise SplitError(f"{missing} {self.unit}: groups are kept whole, and {largest}", hint=hint)


def _pinned(images: ImageTable, pins: FixedAssignments) -> NDArray[np.int8]:
    """Return the part that all images of an example have been in before; -1 if they have not all been in one."""
    least = np.minimum.reduceat(pins.part[images.shown], images.starts[:-1])
    most = np.maximum.reduceat(pins.part[images.shown], images.starts[:-1])
    return np.where(least == most, least, -1).astype(np.int8)


def _check_table(images: ImageTable, examples: tuple[VQAExample, ...]) -> None:
    counts = [len(example.images) for example in examples]
    if not np.array_equal(np.diff(images.starts), counts):
        raise DataError("the table of images was made of other examples", hint="Make it with ImageTable.of(examples).")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check(examples: tuple[VQAExample, ...]) -> None:
    if not examples:
        raise DataError("there are no examples to split")
    seen: set[str] = set()
    for example in examples:
        if not isinstance(example, VQAExample):
            raise DataError(f"{shown(example)} is not a VQAExample")
        if example.id in seen:
            raise DataError("two examples have this id", example_id=example.id, hint="Give a prefix when loading.")
        seen.add(example.id)
