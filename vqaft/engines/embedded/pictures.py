"""Images as records carry them: `data:` URLs, opened once and known by their content."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field

import pybase64
from PIL import Image

from vqaft.errors import ImageError

_DATA_URL = re.compile(r"data:image/[\w.+-]+(?:;[\w=.+-]+)*;base64,", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The bytes of an image file.

    Attributes:
        data: The file.
        key: Its SHA-256 in hexadecimal.
    """

    data: bytes = field(repr=False)
    key: str

    @classmethod
    def from_url(cls, url: str) -> Picture:
        """Take the file out of a `data:` URL.

        Args:
            url: The URL.

        Raises:
            ImageError: If it is no `data:` URL with base64; the embedded engine fetches nothing.
        """
        head = _DATA_URL.match(url)
        if head is None:
            hint = "The embedded engine opens no other address: send the image itself as a data URL in base64"
            raise ImageError(f"{url[:40]!r} is no data URL of an image", hint=hint)
        try:
            data = pybase64.b64decode(url[head.end() :], validate=True)
        except ValueError as error:
            raise ImageError(f"the image is not valid base64: {error}") from error
        return cls(data=data, key=hashlib.sha256(data).hexdigest())

    def open(self) -> Image.Image:
        """Decode the image to RGB.

        Raises:
            ImageError: If pillow cannot.
        """
        try:
            with Image.open(io.BytesIO(self.data)) as image:
                return image.convert("RGB")
        except Exception as error:  # pillow raises many kinds for broken files
            raise ImageError(f"the image cannot be decoded: {error}") from error

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, without decoding.

        Raises:
            ImageError: If the header cannot be read.
        """
        try:
            with Image.open(io.BytesIO(self.data)) as image:
                return image.size
        except Exception as error:
            raise ImageError(f"the image cannot be read: {error}") from error
