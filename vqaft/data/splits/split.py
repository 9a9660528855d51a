"""The parts of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqaft.data.duplicates import ImageTable
from vqaft.data.example import VQAExample
from vqaft.data.splits.placement import Placement
from vqaft.data.splits.sizes import PARTS


@dataclass(frozen=True, kw_only=True)
class Split:
    """A data set in parts that share no image.

    Attributes:
        train: What the model learns from.
        validation: What training is watched on.
        test: What the model is judged by; never shown to it.
        unused: What no part needed, and new images that hang together with old ones in two parts.
        placement: The part of every image, to be kept and given to the next split as `previous`.
        borrowed: How many groups went to a part that is not theirs by their own hash, because it had too few.
    """

    train: tuple[VQAExample, ...]
    validation: tuple[VQAExample, ...]
    test: tuple[VQAExample, ...]
    unused: tuple[VQAExample, ...] = ()
    placement: Placement = field(default=Placement(images={}, groups={}, looks={}), repr=False)
    borrowed: int = 0

    @classmethod
    def of(
        cls,
        examples: Sequence[VQAExample],
        parts: NDArray[np.int8],
        *,
        images: ImageTable,
        names: Sequence[str | None],
        borrowed: int,
    ) -> Split:
        """Deal examples out.

        Args:
            examples: The examples.
            parts: The number of each example's part.
            images: Their images.
            names: The name of each example's group, where it has one.
            borrowed: How many groups are not at home.
        """
        tuples = [
            tuple(examples[index] for index in np.flatnonzero(parts == number).tolist())
            for number in range(len(PARTS) + 1)
        ]
        placed = np.flatnonzero(parts < len(PARTS)).tolist()
        of_image = {int(images.index[index]): PARTS[parts[index]] for index in placed}
        placement = Placement(
            images={images.sha256[image]: part for image, part in of_image.items()},
            groups={name: PARTS[parts[index]] for index in placed if (name := names[index]) is not None},
            looks={images.sha256[image]: int(images.phash[image]) for image in of_image if images.visible[image]},
        )
        train, validation, test, unused = tuples
        return cls(train=train, validation=validation, test=test, unused=unused, placement=placement, borrowed=borrowed)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}={len(getattr(self, name))}" for name in (*PARTS, "unused"))
        return f"Split({sizes})"
