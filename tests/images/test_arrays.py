"""Arrays as images: which shapes, types and ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqaft.errors import ImageError
from vqaft.images.source import image_of_array


@pytest.mark.parametrize(
    ("array", "mode", "pixel"),
    [
        (np.full((2, 3), 9, np.uint8), "L", 9),
        (np.full((2, 3, 1), 9, np.uint8), "L", 9),
        (np.full((2, 3, 2), 9, np.uint8), "LA", (9, 9)),
        (np.full((2, 3, 3), 9, np.uint8), "RGB", (9, 9, 9)),
        (np.full((2, 3, 4), 9, np.uint8), "RGBA", (9, 9, 9, 9)),
        (np.ones((2, 3), np.bool_), "L", 255),
        (np.full((2, 3), 65535, np.uint16), "L", 255),
        (np.full((2, 3, 3), 0.5, np.float64), "RGB", (128, 128, 128)),
        (np.full((4, 6, 3), 9, np.uint8)[::2, ::2], "RGB", (9, 9, 9)),
    ],
)
def test_arrays_that_are_pictures(array: NDArray[Any], mode: str, pixel: Any) -> None:
    image = image_of_array(array)
    assert (image.mode, image.size, image.getpixel((2, 1))) == (mode, (3, 2), pixel)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5, np.uint8),
        np.zeros((3, 20, 20), np.uint8),
        np.zeros((0, 5), np.uint8),
        np.zeros((2, 3, 4, 5), np.uint8),
        np.zeros((2, 3), np.int64),
        np.full((2, 3), 1.5),
        np.full((2, 3), -0.1),
        np.full((2, 3), np.nan),
        np.zeros((2, 3), np.complex128),
    ],
)
def test_arrays_that_are_not(array: NDArray[Any]) -> None:
    with pytest.raises(ImageError):
        image_of_array(array)
