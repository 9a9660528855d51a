"""Any image → a compliant data URL."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageOps

from vqaft.errors import ImageError
from vqaft.images.encoded import EncodedImage
from vqaft.images.source import ImageSource, describe_source

OutputFormat: TypeAlias = Literal["jpeg", "png", "webp"]

DECODERS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
PILLOW_FAILURES = (OSError, ValueError, TypeError, SyntaxError, RuntimeError, NotImplementedError, MemoryError)
MAX_PIXELS = 64_000_000


@dataclass(frozen=True, kw_only=True)
class ImageEncoder:
    """Turns images into what the providers accept: upright, RGB or RGBA, without metadata.

    Attributes:
        format: "jpeg", "png" or "webp"; None keeps JPEG as JPEG and makes PNG of anything else.
        quality: Of JPEG and WEBP, 1 to 100.
        max_side: The longest side in pixels; larger images are shrunk, none is enlarged. None keeps the size.
        max_bytes: The largest file that is accepted.
    """

    format: OutputFormat | None = None
    quality: int = 85
    max_side: int | None = None
    max_bytes: int = 10_000_000

    def encode(self, source: ImageSource) -> EncodedImage:
        """Encode one image.

        Args:
            source: The image, in any of the forms of `ImageSource`.

        Returns:
            The compliant image.

        Raises:
            ImageError: If the image is missing, unreadable or unsafe.
        """
        try:
            image = _open(source)
            kept = image.format
            upright = _plain(ImageOps.exif_transpose(image))
        except ImageError:
            raise
        except (*PILLOW_FAILURES, Image.DecompressionBombError) as error:
            raise ImageError(f"cannot be read ({error})", path=describe_source(source)) from error
        if self.max_side and max(upright.size) > self.max_side:
            upright.thumbnail((self.max_side, self.max_side))
        kind = self.format or ("jpeg" if kept in {"JPEG", "MPO"} else "png")
        return self._saved(upright, kind, describe_source(source))

    def _saved(self, image: Image.Image, kind: OutputFormat, name: str) -> EncodedImage:
        if kind == "jpeg" and image.mode != "RGB":
            image = image.convert("RGB")
        buffer = io.BytesIO()
        image.save(buffer, kind.upper(), **({} if kind == "png" else {"quality": self.quality}))
        data = buffer.getvalue()
        if len(data) > self.max_bytes:
            hint = "Set max_side to shrink it."
            raise ImageError(f"takes {len(data)} bytes, more than {self.max_bytes}", path=name, hint=hint)
        return EncodedImage(data=data, mime=f"image/{kind}", width=image.width, height=image.height)


def _open(source: ImageSource) -> Image.Image:
    if isinstance(source, Image.Image):
        return source
    if isinstance(source, np.ndarray):
        return Image.fromarray(source)
    image = Image.open(io.BytesIO(_bytes(source)), formats=DECODERS)
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"has {image.width} × {image.height} pixels", path=describe_source(source))
    return image


def _bytes(source: ImageSource) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, Mapping):
        return _bytes(source.get("bytes") or source["path"])
    if isinstance(source, str) and source.startswith("data:"):
        try:
            return base64.b64decode(source.partition(",")[2], validate=True)
        except binascii.Error as error:
            raise ImageError(f"is no base64 ({error})", path=describe_source(source)) from error
    if isinstance(source, str | PathLike):
        return Path(source).read_bytes()
    return source.read()  # type: ignore[union-attr]


def _plain(image: Image.Image) -> Image.Image:
    transparent = "transparency" in image.info or image.mode in {"RGBA", "LA", "La", "RGBa", "PA"}
    converted = image.convert("RGBA" if transparent else "RGB")
    converted.info.clear()
    return converted
