"""The gate for images from outside: format, bytes and pixels are checked before any pixel is decoded.

One decoder is used, that of the format which the first bytes show; a file of another kind is refused, whatever it is
called. Every image that comes in a request, a row or an export is inspected here, and the image of a record is decoded
from its data URL.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from PIL import Image
from pydantic import PositiveInt

from vqaft.errors import DataError, ImageError
from vqaft.images.decode import decode_file, open_image
from vqaft.images.encoder import image_failures
from vqaft.images.formats.read import read_container, sniff
from vqaft.images.source import InputLimits, is_web_address, read_source
from vqaft.typed import typed, typed_call

CHAT_FORMATS = frozenset({"GIF", "JPEG", "PNG", "WEBP"})
"""Formats that chat models accept."""


@dataclass(frozen=True, kw_only=True)
@typed
class ImageSize:
    """What the header of an image file says.

    Attributes:
        format: "JPEG", "PNG", "WEBP" or "GIF".
        width: Pixels, as stored; at least 1.
        height: Pixels, as stored; at least 1.
    """

    format: str
    width: PositiveInt
    height: PositiveInt

    @property
    def pixels(self) -> int:
        """Width × height."""
        return self.width * self.height


def inspect_data_url(url: str, limits: InputLimits, *, formats: Collection[str] = CHAT_FORMATS) -> ImageSize:
    """Read the header of an image in a `data:` URL; nothing is fetched, opened by name, or decoded.

    Args:
        url: The URL.
        limits: The most bytes and pixels.
        formats: Which formats are allowed.

    Raises:
        ImageError: If it is not such a URL, of another format, damaged, or exceeds the limits.
    """
    return inspect_image(data_url_bytes(url, limits), limits, formats=formats)


def data_url_bytes(url: str, limits: InputLimits) -> bytes:
    """Return the content of a `data:` URL; nothing is fetched or opened by name.

    Args:
        url: The URL.
        limits: The most bytes.

    Raises:
        ImageError: If it is not such a URL, empty, or exceeds the limit.
    """
    if is_web_address(url):
        raise ImageError("is at a web address, and nothing is fetched", hint="Send it as a data URL.")
    if url[:5].lower() != "data:":
        raise ImageError("is not a data URL", hint="Send it as data:image/png;base64,…")
    data = read_source(url, limits)
    assert isinstance(data, bytes)  # noqa: S101 - a data URL has no pixels
    return data


def inspect_image(data: bytes, limits: InputLimits, *, formats: Collection[str] = CHAT_FORMATS) -> ImageSize:
    """Read the header of an image file; no pixel is decoded, which is what `ImageEncoder.decode` does.

    Args:
        data: The file.
        limits: The most bytes and pixels.
        formats: Which formats are allowed.

    Raises:
        ImageError: If it is of another format, damaged, or exceeds the limits.
    """
    limits.check_bytes(len(data))
    if sniff(data) not in formats:
        raise ImageError(f"is not one of {', '.join(sorted(formats))}")
    try:
        image = open_image(data, limits)
    except ImageError:
        raise
    except Exception as error:  # whatever pillow raises for a broken header
        raise ImageError(f"is damaged ({type(error).__name__})") from error
    kind = "JPEG" if image.format in {"JPEG", "MPO"} else image.format or ""
    return ImageSize(format=kind, width=image.width, height=image.height)


@typed_call
def decode_data_url(url: str, *, max_pixels: int | None = None, limits: InputLimits | None = None) -> Image.Image:
    """Decode the image of a record.

    Args:
        url: A `data:` URL in base64. Nothing else is opened: neither a path nor a web address.
        max_pixels: Width × height that a larger image is shrunk to; None keeps its size.
        limits: Those that the file must keep before it is decoded.

    Returns:
        RGB pixels, upright; transparent ones are laid on white.

    Raises:
        ImageError: If it is another kind of URL, of another format, broken, or too large.
        DataError: If `max_pixels` is less than 1.
    """
    if max_pixels is not None and max_pixels < 1:
        raise DataError(f"max_pixels is {max_pixels}, less than 1")
    if url[:5].lower() != "data:":
        hint = "Send the image itself as a data URL in base64."
        raise ImageError(f"{url[:40]!r} is not a data URL of an image", hint=hint)
    kept = limits or InputLimits()
    with image_failures(url):
        data = read_source(url, kept)
        if not isinstance(data, bytes) or sniff(data) not in CHAT_FORMATS:
            raise ImageError(f"is not one of {', '.join(sorted(CHAT_FORMATS))}")
        pixels = decode_file(
            data, read_container(data), kept, target=lambda size: _within(size, max_pixels), codec="pillow"
        )
        return _on_white(pixels)


def _within(size: tuple[int, int], max_pixels: int | None) -> tuple[int, int]:
    width, height = size
    if max_pixels is None or width * height <= max_pixels:
        return size
    scale = math.sqrt(max_pixels / (width * height))
    narrow, low = (max(1, math.floor(side * scale)) for side in size)
    low = min(low, max_pixels)  # a line one pixel wide cannot shrink on both sides
    return min(narrow, max_pixels // low), low


def _on_white(pixels: Image.Image) -> Image.Image:
    if pixels.mode == "RGB":
        return pixels
    rgba = pixels.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
