"""What is known of an image file without decoding a pixel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

OutputFormat: TypeAlias = Literal["jpeg", "png", "webp"]
"""The file formats that providers take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """A JPEG, PNG or WEBP file, read as far as its structure goes.

    Attributes:
        format: The format of the file.
        width: Width in pixels, as stored.
        height: Height in pixels, as stored.
        compliant: Whether the pixels are one whole picture of 8-bit RGB or RGBA that every reader knows.
        orientation: The EXIF value, 1 to 8, where 1 is upright; None where only a full parser can tell.
        profile: The ICC profile, where there is one.
        data: The file without anything that is not needed to show its first picture. The very bytes that were read
            where there was nothing to leave out.
    """

    format: OutputFormat
    width: int
    height: int
    compliant: bool
    orientation: int | None
    profile: bytes | None = field(repr=False)
    data: bytes = field(repr=False)
