"""Blocks of image features on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Centres and scales features so that each block weighs the same, however many numbers it has.

    Attributes:
        mean: Of each feature over the training images.
        spread: Standard deviation times the square root of the block's length.
    """

    mean: Floats = field(repr=False)
    spread: Floats = field(repr=False)

    @classmethod
    def of(cls, images: Sequence[Mapping[str, Floats]]) -> Scaling:
        """Learn the scale from training images."""
        blocks = [np.stack([image[name] for image in images]) for name in images[0]]
        spreads = [(block.std(0) + 0.01) * np.sqrt(block.shape[1]) for block in blocks]
        return cls(mean=np.concatenate([block.mean(0) for block in blocks]), spread=np.concatenate(spreads))

    def apply(self, images: Sequence[Mapping[str, Floats]]) -> Floats:
        """Give a row of scaled features for each image, between -4 and 4 spreads."""
        raw = np.stack([np.concatenate(list(image.values())) for image in images])
        return np.clip((raw - self.mean) / self.spread, -4.0, 4.0)
