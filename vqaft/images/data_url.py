"""Images of records: a data URL to upright RGB pixels, within the kinds and limits of the chat format."""

from __future__ import annotations

import math

from PIL import Image

from vqaft.errors import DataError, ImageError
from vqaft.images.decode import decode_file
from vqaft.images.encoder import image_failures
from vqaft.images.formats.read import read_container, sniff
from vqaft.images.inspect import CHAT_FORMATS
from vqaft.images.source import InputLimits, read_source


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
