"""JPEG files by libjpeg-turbo: through simplejpeg, or through pillow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.images.codec import Codec, resolved_codec
from vqaft.images.saving import save_pillow

# What libjpeg-turbo scales down by while decoding with vector instructions; other eighths take longer than the whole.
_DIVISORS = (8, 4, 2)


def decode_fast(data: bytes, size: tuple[int, int], *, at_least: tuple[int, int]) -> NDArray[np.uint8] | None:
    """Decode a sound three-colour JPEG by simplejpeg, at a half, a quarter or an eighth where that is enough.

    Args:
        data: The file.
        size: Its width and height.
        at_least: Width and height that the result may not be smaller than.

    Returns:
        Height × width × 3, as RGB; None where the file is not sound, and pillow may know better.
    """
    import simplejpeg

    width, height = next(filter(lambda part: _covers(part, at_least), _parts(size)), size)
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", min_width=width, min_height=height)
    except ValueError:
        return None
    return pixels


def encode_again(data: bytes, *, quality: int) -> bytes | None:
    """Decode and encode a sound three-colour JPEG by simplejpeg, with nothing between.

    Args:
        data: The file.
        quality: 1 to 100, on libjpeg's scale.

    Returns:
        The new file; None where the old one is not sound.
    """
    import simplejpeg

    try:
        # Halved colours are only repeated, not smoothed: halving them again then gives back what was there.
        pixels = simplejpeg.decode_jpeg(data, "RGB", fastupsample=True)
    except ValueError:
        return None
    again: bytes = simplejpeg.encode_jpeg(pixels, quality, "RGB", "420")
    return again


def encode_jpeg(image: Image.Image, *, quality: int, codec: Codec) -> bytes:
    """Encode an RGB image as a baseline JPEG with halved colour (4:2:0).

    Args:
        image: The image, of mode RGB, without metadata.
        quality: 1 to 100, on libjpeg's scale.
        codec: Who encodes.
    """
    if resolved_codec(codec) == "fast":
        import simplejpeg

        data: bytes = simplejpeg.encode_jpeg(np.asarray(image), quality, "RGB", "420")
        return data
    return save_pillow(image, "JPEG", quality=quality, subsampling="4:2:0")


def _parts(size: tuple[int, int]) -> list[tuple[int, int]]:
    return [(-(-size[0] // divisor), -(-size[1] // divisor)) for divisor in _DIVISORS]


def _covers(part: tuple[int, int], wanted: tuple[int, int]) -> bool:
    return part[0] >= wanted[0] and part[1] >= wanted[1]
