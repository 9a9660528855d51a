"""Arrays of pixels → images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.errors import ImageError

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_HINT = "Give height × width, or height × width × 1 to 4, of uint8, bool, uint16, or floats from 0 to 1."


def image_of_array(array: NDArray[Any]) -> Image.Image:
    """Make an image of an array of pixels.

    Args:
        array: Height × width, or height × width × 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA). Of uint8; bool, where
            True is white; uint16, of which the upper byte is kept; or floats from 0 to 1.

    Raises:
        ImageError: If shape, type or range is another.
    """
    if array.ndim not in {2, 3} or 0 in array.shape or (array.ndim == 3 and array.shape[2] not in _MODES):  # noqa: PLR2004
        raise ImageError("has a shape that is no picture's", hint=_HINT)
    pixels = _bytes(array)
    if pixels.ndim == 3 and pixels.shape[2] == 1:  # noqa: PLR2004 - a channel axis of one
        pixels = pixels[:, :, 0]
    height, width = pixels.shape[:2]
    mode = _MODES[1 if pixels.ndim == 2 else pixels.shape[2]]  # noqa: PLR2004 - no channel axis
    return Image.frombytes(mode, (width, height), pixels.tobytes())


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    kind, made = array.dtype, np.empty(array.shape, dtype=np.uint8)
    if kind == np.uint8:
        made[...] = array
    elif kind == np.bool_:
        made[...] = np.where(array, 255, 0)
    elif kind == np.uint16:
        made[...] = array >> 8
    elif np.issubdtype(kind, np.floating) and array.min() >= 0 and array.max() <= 1:  # False for NaN
        made[...] = np.rint(array * 255)
    else:
        raise ImageError(f"holds {kind}, or values out of range", hint=_HINT)
    return made
