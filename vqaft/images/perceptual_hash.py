"""A 64-bit hash that two pictures share when they look alike.

The `pHash` of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), as in the package
imagehash: the 8 × 8 lowest frequencies of a 32 × 32 gray picture, each above their median or not. JPEG files are
decoded at an eighth of their size or so, which is what makes it fast; the bits stay within 4 of imagehash's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.errors import ImageError
from vqaft.images.color import to_rgb
from vqaft.images.content_hash import LocalImage, content_of, local_source
from vqaft.images.decode import TRANSPOSE_BY_EXIF, open_image
from vqaft.images.documents import read_image
from vqaft.images.encoder import image_failures
from vqaft.images.inner_pictures import INNER_SIDE
from vqaft.images.source import ImageSource, InputLimits
from vqaft.images.transformed import sketch_of

NEAR_DISTANCE = 4
"""At most so many of the 64 bits differ between near-duplicates.

On real images: every radiology image and receipt that was saved again at quality 40, at half its size or with 20 % less
contrast stayed within 4 bits; no two of 314 radiology images came closer than 10; receipts within 4 bits of each other
are of one shop and form. White paper that is made brighter (56 % within 4 bits), pictures with 1 % cut off each side
(85 % and 53 %), turned or mirrored ones get away. `benchmarks/duplicates_distance.py` prints the table.
"""

_SIDE = 32
_LOW = 8
_DRAFT = 4  # times the side: decoded larger, then shrunk
_FLAT = 0.5  # gray levels: a picture with less contrast than this has no shape to compare

# The rows of the cosine transform (DCT-II) that the hash looks at; scipy has all 32 and takes 2 s to import.
_COSINES = np.cos(np.pi / _SIDE * np.outer(np.arange(_LOW), np.arange(_SIDE) + 0.5))

_ORIENTATION = 0x0112

_ACCEPTED = InputLimits(max_pixels=178_956_970)  # pillow's own limit: a large photograph is decoded at an eighth
_PLAIN_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})  # pillow makes gray of them well


def perceptual_hash(source: ImageSource) -> int | None:
    """Hash what a picture looks like; its EXIF turn is applied.

    Args:
        source: The image.

    Returns:
        64 bits, or None where there is nothing to compare: a flat color, or a web address (nothing is downloaded).

    Raises:
        ImageError: If the image cannot be read.
    """
    picture = thumbnail(source)
    if picture is None:
        return None
    levels = np.asarray(picture, dtype=np.float32)
    return None if levels.std() < _FLAT else int(hash_thumbnails(levels))


def picture_sketch(source: ImageSource) -> bytes | None:
    """Compute the sketch of a picture, which shows whether it is a transformed copy of another.

    Args:
        source: The image.

    Returns:
        846 bytes for `transformed_pairs`; None for a web address (nothing is downloaded).

    Raises:
        ImageError: If the image cannot be read.
    """
    picture = _read_small(source, _fitted, at_least=INNER_SIDE)
    return None if picture is None else sketch_of(picture)


def hash_thumbnails(thumbnails: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Hash gray pictures of 32 × 32.

    Args:
        thumbnails: The last two axes are the picture's.

    Returns:
        The hashes, shaped like the other axes.
    """
    low = (_COSINES @ thumbnails @ _COSINES.T).reshape(*thumbnails.shape[:-2], _LOW * _LOW)
    in_order = np.sort(low, axis=-1)
    median = (in_order[..., _LOW * _LOW // 2 - 1] + in_order[..., _LOW * _LOW // 2]) / 2
    packed = np.packbits(low > median[..., None], axis=-1)
    hashes: NDArray[np.uint64] = packed.view(">u8")[..., 0].astype(np.uint64)
    return hashes


def thumbnail(source: ImageSource, *, mode: Literal["L", "RGB"] = "L", side: int = _SIDE) -> Image.Image | None:
    """Shrink an image to a small square, as it is shown.

    Args:
        source: The image.
        mode: In gray or in color.
        side: The side of the square in pixels.

    Returns:
        The picture; None for a web address.

    Raises:
        ImageError: If the image cannot be read.
    """
    return _read_small(source, lambda image: _square(image, mode, side), at_least=_DRAFT * side, mode=mode)


def _read_small(
    source: ImageSource, shrink: Callable[[Image.Image], Image.Image], *, at_least: int, mode: str = "L"
) -> Image.Image | None:
    """Read an image, JPEG files at a reduced size of `at_least` pixels a side, and shrink it, turned by its EXIF."""
    image = local_source(source)
    if image is None:
        return None
    try:
        with image_failures(source):
            return _shrunk(image, shrink, at_least, mode)
    except ImageError as error:
        way_out = "Leave the image out, or compare contents only with near_duplicates=None."
        error.hint = f"{error.hint} {way_out}" if error.hint else way_out
        raise


def _shrunk(image: LocalImage, shrink: Callable[[Image.Image], Image.Image], at_least: int, mode: str) -> Image.Image:
    if isinstance(image, np.ndarray):
        return shrink(Image.fromarray(image))
    if isinstance(image, Image.Image):
        return shrink(image)
    data = read_image(image, _ACCEPTED) if isinstance(image, str) else content_of(image)
    found = data if isinstance(data, Image.Image) else read_image(data, _ACCEPTED)
    if isinstance(found, Image.Image):
        return shrink(found)
    with open_image(found, _ACCEPTED) as opened:
        turn = TRANSPOSE_BY_EXIF.get(opened.getexif().get(_ORIENTATION, 1))
        opened.draft(mode, (at_least, at_least))
        small = shrink(opened)
    return small if turn is None else small.transpose(turn)


def _square(image: Image.Image, mode: str, side: int) -> Image.Image:
    return _plain(image, mode).resize((side, side), Image.Resampling.BILINEAR)


def _fitted(image: Image.Image) -> Image.Image:
    """Shrink an image in gray until its longer side has `INNER_SIDE` pixels."""
    scale = min(1.0, INNER_SIDE / max(image.size))
    width, height = (max(1, round(scale * side)) for side in image.size)
    return _plain(image, "L").resize((width, height), Image.Resampling.BOX)


def _plain(image: Image.Image, mode: str) -> Image.Image:
    return (image if image.mode in _PLAIN_MODES else to_rgb(image, None)).convert(mode)
