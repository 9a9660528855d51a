"""Codecs that decode, shrink and encode: pillow, or simplejpeg and libvips where they are installed.

`FileWriter` writes pixels into a file within a budget of bytes.
"""

from __future__ import annotations

import io
import math
import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from vqaft.errors import ImageError, MissingExtraError
from vqaft.images.formats.container import OutputFormat
from vqaft.images.model_vision import shrunk_size

Codec: TypeAlias = Literal["auto", "pillow", "fast"]
"""Which libraries work on pixels.

"fast" takes simplejpeg for JPEG and libvips for shrinking, both of the extra `fast`; "auto" takes them where they are
installed. What they make looks the same, but they round differently, so the bytes differ between them (not from run to
run): name one where the same bytes are wanted on machines with and without the extra.
"""

_FAST = ("simplejpeg", "pyvips")


@cache
def resolved_codec(codec: Codec) -> Literal["pillow", "fast"]:
    """Settle "auto".

    Raises:
        MissingExtraError: If the fast libraries are asked for and not installed.
    """
    if codec == "pillow":
        return "pillow"
    for name in _FAST:
        try:
            import_module(name)
        except (ImportError, OSError) as error:  # OSError: libvips itself is missing
            if codec == "fast":
                raise MissingExtraError(name, extra="fast") from error
            return "pillow"
    return "fast"


def codec_version(codec: Codec) -> str:
    """Name the libraries that work, with what decides their bytes, e.g. "pillow 13.0.0, libjpeg-turbo 3.2.0"."""
    if resolved_codec(codec) == "pillow":
        return f"{_named('pillow')}, libjpeg-turbo {features.version('libjpeg_turbo')}"
    import pyvips

    inner = ".".join(str(pyvips.version(place)) for place in range(3))
    return f"{_named('simplejpeg')}, {_named('pyvips')}, libvips {inner}"


def _named(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def save_pillow(image: Image.Image, kind: str, **settings: Any) -> bytes:
    """Write an image to memory.

    Into a Python object pillow writes holding the interpreter's lock, into a real file without it. So where the system
    has files that live in memory alone, the image goes through one of them, and threads encode at the same time.

    Args:
        image: The image.
        kind: Pillow's name of the format.
        settings: For `Image.save`.
    """
    with _memory_file() as file:
        image.save(file, kind, **settings)
        file.seek(0)
        return file.read()


def _memory_file() -> BinaryIO:
    try:
        descriptor = os.memfd_create("image", os.MFD_CLOEXEC)
    except (AttributeError, OSError):  # not Linux, or a sandbox that forbids it
        return io.BytesIO()
    return open(descriptor, "w+b", buffering=0)  # noqa: PTH123 - has no path


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


# What libjpeg-turbo scales down by while decoding with vector instructions; other eighths take longer than the whole.
_DIVISORS = (8, 4, 2)


def decode_fast(data: bytes, size: tuple[int, int], *, at_least: tuple[int, int]) -> NDArray[np.uint8] | None:
    """Decode a sound three-color JPEG by simplejpeg, at a half, a quarter or an eighth where that is enough.

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
    """Decode and encode a sound three-color JPEG by simplejpeg, with nothing between.

    Args:
        data: The file.
        quality: 1 to 100, on libjpeg's scale.

    Returns:
        The new file; None where the old one is not sound.
    """
    import simplejpeg

    try:
        # Halved colors are only repeated, not smoothed: halving them again then gives back what was there.
        pixels = simplejpeg.decode_jpeg(data, "RGB", fastupsample=True)
    except ValueError:
        return None
    again: bytes = simplejpeg.encode_jpeg(pixels, quality, "RGB", "420")
    return again


def encode_jpeg(image: Image.Image, *, quality: int, codec: Codec) -> bytes:
    """Encode an RGB image as a baseline JPEG with halved color (4:2:0).

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


_LEAST_QUALITY = 40  # below it, fewer pixels look better than worse ones
_MARGIN = 0.95  # files shrink a little less than their pixels


@dataclass(frozen=True, kw_only=True)
class FileWriter:
    """Writes image files of one format.

    Attributes:
        format: The format.
        quality: Of JPEG and WEBP, 1 to 100.
        background: What transparent pixels are laid on where the format is JPEG.
        codec: Who writes JPEG.
    """

    format: OutputFormat
    quality: int
    background: tuple[int, int, int]
    codec: Codec

    def write(self, image: Image.Image, quality: int) -> bytes:
        """Write an image once.

        Args:
            image: Of mode RGB or RGBA, without metadata.
            quality: In place of the writer's own.
        """
        if self.format == "jpeg":
            return encode_jpeg(_opaque(image, self.background), quality=quality, codec=self.codec)
        settings = {} if self.format == "png" else {"quality": quality}
        return save_pillow(image, self.format.upper(), **settings)

    def write_within(self, image: Image.Image, max_bytes: int) -> tuple[bytes, tuple[int, int]]:
        """Write the best file that a budget allows: the best quality first, then fewer pixels.

        Args:
            image: Of mode RGB or RGBA, without metadata.
            max_bytes: The budget.

        Returns:
            The file, and its width and height.

        Raises:
            ImageError: If not even one pixel fits.
        """
        data, shown = self.write(image, self.quality), image
        while len(data) > max_bytes:
            best, least = self._best_quality(shown, max_bytes)
            if best is not None:
                return best, shown.size
            if max(shown.size) == 1:
                raise ImageError(f"does not fit into {max_bytes} bytes")
            shown = shrink(image, _smaller(image.size, shown.size, max_bytes / (least or len(data))), codec=self.codec)
            data = self.write(shown, self.quality)
        return data, shown.size

    def _best_quality(self, image: Image.Image, max_bytes: int) -> tuple[bytes | None, int | None]:
        """Search the highest quality that fits; give it, and the size in bytes at the least quality. PNG has none."""
        if self.format == "png" or self.quality <= _LEAST_QUALITY:
            return None, None
        best = self.write(image, _LEAST_QUALITY)
        if len(best) > max_bytes:
            return None, len(best)
        low, high = _LEAST_QUALITY + 1, self.quality - 1
        while low <= high:
            middle = (low + high) // 2
            data = self.write(image, middle)
            if len(data) <= max_bytes:
                best, low = data, middle + 1
            else:
                high = middle - 1
        return best, None


def _smaller(whole: tuple[int, int], last: tuple[int, int], fits: float) -> tuple[int, int]:
    """Return the size that should fit, measured from the whole image, so that roundings do not add up."""
    longest = max(1, math.floor(max(last) * min(_MARGIN, math.sqrt(fits) * _MARGIN)))
    return shrunk_size(whole, Fraction(longest, max(whole)))


def _opaque(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if image.mode == "RGB":
        return image
    laid = Image.new("RGB", image.size, background)
    laid.paste(image, mask=image.getchannel("A"))
    return laid
