"""An image as it goes into a record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import pybase64


@dataclass(frozen=True, kw_only=True)
class EncodedImage:
    """A compliant image file with the facts that records need.

    Attributes:
        data: The bytes of the image file.
        mime: Its type, e.g. `image/jpeg`.
        width: Width in pixels, as shown.
        height: Height in pixels, as shown.
    """

    data: bytes = field(repr=False)
    mime: str
    width: int
    height: int

    @property
    def size_bytes(self) -> int:
        """Length of the image file in bytes."""
        return len(self.data)

    @cached_property
    def sha256(self) -> str:
        """Hash of the image file, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def data_url_bytes(self) -> bytes:
        """The `data:` URL in ASCII bytes; it holds no character that JSON escapes."""
        return b"data:" + self.mime.encode() + b";base64," + pybase64.b64encode(self.data)

    @cached_property
    def data_url(self) -> str:
        """The `data:` URL as text."""
        return self.data_url_bytes.decode("ascii")
