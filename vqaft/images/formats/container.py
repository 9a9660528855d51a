"""What an image file says without decoding a pixel: its header, its structure, and its orientation by EXIF and XMP."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from vqaft.typed import typed

OutputFormat: TypeAlias = Literal["jpeg", "png", "webp"]
"""The file formats that providers take."""


@dataclass(frozen=True, kw_only=True)
@typed
class ImageHeader:
    """The facts in front of the pixels; read from damaged files too, as far as they go.

    Attributes:
        format: "jpeg", "png", "webp", "gif", "bmp", "tiff", "heic", "avif", "svg", "pdf" or "html".
        width: Pixels as stored; None where the header is broken, or was not read.
        height: Pixels as stored.
        mode: Pillow's name of the colors ("RGB", "L", "CMYK", "P", …); None where not known.
        animated: Whether there is more than one picture.
        whole: Whether the file's end is there.
        metadata: Kinds of metadata inside: "exif", "xmp", "text".
        turned: Whether EXIF says that it is to be shown turned.
    """

    format: str
    width: int | None = None
    height: int | None = None
    mode: str | None = None
    animated: bool = False
    whole: bool = True
    metadata: tuple[str, ...] = ()
    turned: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
@typed
class Container:
    """A whole JPEG, PNG or WEBP file, taken apart into what shows its first picture and what does not.

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


UPRIGHT = 1
EXIF_HEAD = b"Exif\x00\x00"
_TAG = 0x0112
_SHORT = 3
_MOST = 8


def orientation_of(exif: bytes, xmp: bytes) -> int | None:
    """Find the orientation in EXIF, or suspect it in XMP.

    Args:
        exif: An EXIF block, with or without its head; empty where there is none.
        xmp: All XMP of the file; empty where there is none.

    Returns:
        1 to 8 (EXIF 2.32, section 4.6.4: 1 is upright); None where this simple reader cannot tell.
    """
    found = _first_directory(exif.removeprefix(EXIF_HEAD)) if exif else UPRIGHT
    return None if b"tiff:Orientation" in xmp else found


def _first_directory(tiff: bytes) -> int | None:
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(order + "L", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        entries = [struct.unpack_from(order + "HHLH", tiff, start + 2 + 12 * index) for index in range(count)]
    except struct.error:
        return None
    values = [(kind, number, value) for tag, kind, number, value in entries if tag == _TAG]
    if not values:
        return UPRIGHT
    kind, number, value = values[-1]
    if kind != _SHORT or number != 1:
        return None
    return value if UPRIGHT <= value <= _MOST else UPRIGHT


def is_turned(exif: bytes) -> bool:
    """Return whether EXIF says, beyond doubt, that the picture is to be shown turned."""
    return orientation_of(exif, b"") not in {UPRIGHT, None}
