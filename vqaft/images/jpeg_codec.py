"""Who decodes and encodes JPEG: pillow, or simplejpeg where it is installed."""

from __future__ import annotations

import io
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, features

from vqaft.errors import MissingExtraError

JpegCodec: TypeAlias = Literal["auto", "pillow", "simplejpeg"]
"""Which library works on JPEG files.

Both are libjpeg-turbo and decode to the same pixels. They encode with another rounding, so the bytes differ between
them (not from run to run): name one where the same bytes are wanted on machines with and without the extra `fast`.
"""


@cache
def resolved_codec(codec: JpegCodec) -> Literal["pillow", "simplejpeg"]:
    """Settle "auto": simplejpeg where it is installed, else pillow.

    Raises:
        MissingExtraError: If simplejpeg is asked for and not installed.
    """
    if codec == "pillow":
        return "pillow"
    try:
        import simplejpeg  # noqa: F401 - asks whether it can be imported
    except ImportError as error:
        if codec == "simplejpeg":
            raise MissingExtraError("simplejpeg", extra="fast") from error
        return "pillow"
    return "simplejpeg"


def codec_version(codec: JpegCodec) -> str:
    """Name the library that writes JPEG, with what decides its bytes, e.g. "pillow 13.0.0, libjpeg-turbo 3.2.0"."""
    name = resolved_codec(codec)
    inner = f", libjpeg-turbo {features.version('libjpeg_turbo')}" if name == "pillow" else ""
    try:
        return f"{name} {version(name)}{inner}"
    except PackageNotFoundError:
        return name + inner


def decode_fast(data: bytes, *, at_least: tuple[int, int]) -> Image.Image | None:
    """Decode a sound three-colour JPEG by simplejpeg, scaled down while decoding as far as a size allows.

    Args:
        data: The file.
        at_least: Width and height that the result may not be smaller than; those of the image for all of it.

    Returns:
        An RGBX image; None where the file is not sound, and pillow may know better.
    """
    import simplejpeg

    width, height = at_least
    try:
        # With a fourth, empty channel pillow takes the pixels over as they lie, without a copy.
        pixels = simplejpeg.decode_jpeg(data, "RGBX", min_width=width, min_height=height)
    except ValueError:
        return None
    return Image.frombuffer("RGBX", (pixels.shape[1], pixels.shape[0]), pixels, "raw", "RGBX", 0, 1)


def encode_again(data: bytes, *, quality: int) -> bytes | None:
    """Decode and encode a sound three-colour JPEG by simplejpeg, with nothing between.

    Args:
        data: The file.
        quality: 1 to 100, on libjpeg's scale.

    Returns:
        The same bytes as by `decode_fast` and `encode_jpeg`; None where the file is not sound.
    """
    import simplejpeg

    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB")
    except ValueError:
        return None
    again: bytes = simplejpeg.encode_jpeg(pixels, quality, "RGB", "420")
    return again


def encode_jpeg(image: Image.Image, *, quality: int, codec: JpegCodec) -> bytes:
    """Encode an RGB image as a baseline JPEG with halved colour (4:2:0).

    Args:
        image: The image, of mode RGB, without metadata.
        quality: 1 to 100, on libjpeg's scale.
        codec: Who encodes.
    """
    if resolved_codec(codec) == "simplejpeg":
        import simplejpeg

        data: bytes = simplejpeg.encode_jpeg(np.asarray(image), quality, "RGB", "420")
        return data
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()
