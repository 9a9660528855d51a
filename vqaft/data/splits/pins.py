"""What an earlier split has decided already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.data.duplicates import ImageTable
from vqaft.data.splits.groups import Groups
from vqaft.data.splits.placement import Placement
from vqaft.data.splits.sizes import PARTS, UNUSED

_NUMBER = {name: number for number, name in enumerate(PARTS)}


@dataclass(frozen=True, kw_only=True)
class Pins:
    """Images that stay where they were, and what that means for the images that hang together with them.

    Attributes:
        part: The part of each image, -1 for new ones.
        only: For each group, the one part that its new images may go to: that of the old ones, `UNUSED` where the old
            ones are in several parts, -1 where there are none.
    """

    part: NDArray[np.int8]
    only: NDArray[np.int8]

    @classmethod
    def of(cls, images: ImageTable, groups: Groups, earlier: Placement | None) -> Pins:
        """Look up what an earlier placement says.

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
