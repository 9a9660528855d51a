"""Whether two images that look alike are one picture, saved twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.data.duplicates.perceptual_hash import thumbnail
from vqaft.images import ImageSource

_SIDE = 128
_LEAST = 0.85


def same_picture(one: ImageSource, other: ImageSource) -> bool:
    """Compare two pictures closely: in colour, at 128 × 128.

    A perceptual hash tells look-alikes apart from others; this tells copies apart from look-alikes. On real receipts,
    copies saved at low quality or at half the size correlate by 0.99 or more, 19 of 20 that are 20 % brighter by 0.90
    or more, and receipts of one shop and form by 0.81 or less (`benchmarks/duplicates_distance.py`).

    Args:
        one: An image.
        other: Another.

    Returns:
        Whether the two correlate by 0.85 or more; False for web addresses.

    Raises:
        ImageError: If an image cannot be read.
    """
    pictures = [thumbnail(source, mode="RGB", side=_SIDE) for source in (one, other)]
    if pictures[0] is None or pictures[1] is None:
        return False
    return correlation(pictures[0], pictures[1]) >= _LEAST


def correlation(one: Image.Image, other: Image.Image) -> float:
    """Correlate two pictures of the same size and mode, over all pixels and channels, without each channel's mean.

    Args:
        one: A picture.
        other: Another.

    Returns:
        From -1 to 1; 1 if both are flat and of the same colour, 0 if only one is flat or the colours differ.
    """
    levels = [np.asarray(picture, dtype=np.float64) for picture in (one, other)]
    first, second = (_centred(level) for level in levels)
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    if scale == 0:
        return float(np.array_equal(levels[0], levels[1]))
    return float((first * second).sum() / scale)


def _centred(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    centred: NDArray[np.float64] = levels - levels.mean(axis=(0, 1))
    return centred
