"""Pixels → fewer pixels."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.images.codec import Codec, resolved_codec

Box: TypeAlias = tuple[float, float, float, float]

# An average over whole blocks down to no less than this many times the wanted size, then the filter.
GAP = 1.25
# What the image processors of open-weight models shrink by. Lanczos takes half as long again, and print that was shrunk
# by it is read no better.
_FILTER = Image.Resampling.BICUBIC


def shrink(image: Image.Image, wanted: tuple[int, int], *, codec: Codec, box: Box | None = None) -> Image.Image:
    """Shrink an image by cubic interpolation over all its pixels.

    Args:
        image: Of mode RGB or RGBA.
        wanted: Width and height, no larger than the image's.
        codec: Who shrinks; where there is transparency, or a box, it is pillow.
        box: The part to take, as left, upper, right, lower, in pixels and fractions of them; all of it where None.
    """
    if image.size == wanted:
        return image
    if image.mode == "RGB" and box is None and resolved_codec(codec) == "fast":
        return shrink_array(np.asarray(image), wanted)
    return image.resize(wanted, _FILTER, box, GAP)


def shrink_array(pixels: NDArray[np.uint8], wanted: tuple[int, int]) -> Image.Image:
    """Shrink pixels by libvips, as `shrink` does.

    Args:
        pixels: Height × width × 3.
        wanted: Width and height, no larger than those of the pixels.
    """
    import pyvips

    height, width, bands = pixels.shape
    whole = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels).data, width, height, bands, "uchar")
    whole.set_type(pyvips.GValue.gint_type, "concurrency", 1)  # callers have threads of their own
    fewer = whole.resize(wanted[0] / width, vscale=wanted[1] / height, kernel="cubic")
    return Image.frombuffer("RGB", wanted, fewer.write_to_memory(), "raw", "RGB", 0, 1)
