"""Format and size of an image that came in a `data:` URL, checked before any pixel is decoded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from vqaft.errors import ImageError
from vqaft.images.decode import open_image
from vqaft.images.formats.read import sniff
from vqaft.images.source import InputLimits, is_web_address, read_source

CHAT_FORMATS = frozenset({"GIF", "JPEG", "PNG", "WEBP"})
"""Formats that chat models accept."""


@dataclass(frozen=True, kw_only=True)
class ImageSize:
    """What the header of an image file says.

    Attributes:
        format: "JPEG", "PNG", "WEBP" or "GIF".
        width: Pixels, as stored; at least 1.
        height: Pixels, as stored; at least 1.
    """

    format: str
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width × height."""
        return self.width * self.height


def inspect_data_url(url: str, limits: InputLimits, *, formats: Collection[str] = CHAT_FORMATS) -> ImageSize:
    """Read the header of an image in a `data:` URL, with the one decoder of its format; nothing is fetched or opened.

    Args:
        url: The URL.
        limits: The most bytes and pixels.
        formats: Which formats are allowed.

    Raises:
        ImageError: If it is not such a URL, of another format, damaged, or exceeds the limits.
    """
    if is_web_address(url):
        raise ImageError("is at a web address, and nothing is fetched", hint="Send it as a data URL.")
    if url[:5].lower() != "data:":
        raise ImageError("is not a data URL", hint="Send it as data:image/png;base64,…")
    data = read_source(url, limits)
    kind = sniff(data) if isinstance(data, bytes) else None
    if kind is None or kind not in formats or not isinstance(data, bytes):
        raise ImageError(f"is not one of {', '.join(sorted(formats))}")
    try:
        image = open_image(data, limits)
        return ImageSize(format=kind, width=image.width, height=image.height)
    except ImageError:
        raise
    except Exception as error:  # whatever pillow raises for a broken header
        raise ImageError(f"is damaged ({type(error).__name__})") from error
