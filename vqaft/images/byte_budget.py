"""Pixels → a file within a budget of bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from PIL import Image

from vqaft.errors import ImageError
from vqaft.images.codec import Codec, encode_jpeg, save_pillow, shrink
from vqaft.images.formats.container import OutputFormat
from vqaft.images.model_vision import shrunk_size

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
