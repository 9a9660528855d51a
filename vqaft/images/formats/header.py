"""What the first bytes of an image file say: its format, size and colors. No pixel is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from vqaft.images.formats.container import EXIF_HEAD, UPRIGHT, orientation_of
from vqaft.images.formats.read import sniff

NO_IMAGES = frozenset({"html", "pdf"})
"""Formats that are recognized only to say what came instead of an image."""


@dataclass(frozen=True, kw_only=True)
class ImageHeader:
    """The facts in front of the pixels.

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


def read_header(data: bytes) -> ImageHeader | None:
    """Read the header of an image file.

    Args:
        data: The whole file.

    Returns:
        What it says, or None where the bytes are of no known kind.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:6] in {b"GIF87a", b"GIF89a"} and len(data) >= _GIF_HEAD:
        width, height = struct.unpack_from("<HH", data, 6)
        return ImageHeader(format="gif", width=width, height=height, mode="P", whole=data.endswith(b";"))
    kind = _kind(data)
    return None if kind is None else ImageHeader(format=kind)


_GIF_HEAD = 10


def _kind(data: bytes) -> str | None:
    if (known := sniff(data)) is not None:
        return {"HEIF": "heic"}.get(known, known.lower())
    if data.startswith(b"%PDF"):
        return "pdf"
    text = data[:300].lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "html"
    return "svg" if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text else None


_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOS = 0xDA
_JPEG_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def _jpeg(data: bytes) -> ImageHeader:
    size: tuple[int | None, int | None, str | None] = (None, None, None)
    metadata: list[str] = []
    turned = False
    for marker, start, length in _segments(data):
        if marker in _SOF and length >= 6:  # noqa: PLR2004 - precision, height, width, components
            height, width, components = struct.unpack_from(">HHB", data, start + 1)
            size = (width, height, _JPEG_MODES.get(components))
        elif marker == 0xE1 and data.startswith(EXIF_HEAD, start):  # noqa: PLR2004 - APP1
            metadata.append("exif")
            turned = _turned(data[start : start + length])
        elif marker == 0xE1:  # noqa: PLR2004 - APP1
            metadata.append("xmp")
        elif marker == 0xFE:  # noqa: PLR2004 - a comment
            metadata.append("text")
    return ImageHeader(
        format="jpeg",
        width=size[0],
        height=size[1],
        mode=size[2],
        whole=b"\xff\xd9" in data[-64:],
        metadata=tuple(metadata),
        turned=turned,
    )


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and length of each segment's content, up to the picture itself."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:  # noqa: PLR2004 - every marker starts so
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if marker == 0xFF:  # noqa: PLR2004 - filling
            place += 1
            continue
        if marker == _SOS or length < 2 or place + 2 + length > len(data):  # noqa: PLR2004 - it counts itself
            return
        yield marker, place + 4, length - 2
        place += 2 + length


def _turned(exif: bytes) -> bool:
    return orientation_of(exif, b"") not in {UPRIGHT, None}


_PNG_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_PNG_TEXT = {b"tEXt": "text", b"zTXt": "text", b"iTXt": "text", b"eXIf": "exif"}


def _png(data: bytes) -> ImageHeader:
    if data[12:16] != b"IHDR" or len(data) < 26:  # noqa: PLR2004 - up to the color type
        return ImageHeader(format="png", whole=False)
    width, height, bits, color = struct.unpack_from(">IIBB", data, 16)
    mode = _PNG_MODES.get(color)
    if bits == 16:  # noqa: PLR2004 - bits a channel
        mode = f"{mode};16"
    chunks = [(data[place + 4 : place + 8], place) for place in _chunks(data, 8, ">", skip=4)]
    kinds = [kind for kind, _ in chunks]
    return ImageHeader(
        format="png",
        width=width,
        height=height,
        mode=mode,
        animated=b"acTL" in kinds,
        whole=b"IEND" in data[-12:],
        metadata=tuple(_PNG_TEXT[kind] for kind in kinds if kind in _PNG_TEXT),
        turned=any(kind == b"eXIf" and _turned(data[place + 8 :]) for kind, place in chunks),
    )


def _chunks(data: bytes, place: int, order: str, *, skip: int) -> Iterator[int]:
    """Yield the place of each chunk: in PNG length, name, content, sum; in RIFF name, length, content."""
    while place + 8 <= len(data):
        yield place
        (length,) = struct.unpack_from(order + "I", data, place + (0 if order == ">" else 4))
        place += 8 + length + (skip if order == ">" else length % 2)


_WEBP_ALPHA, _WEBP_EXIF, _WEBP_XMP, _WEBP_ANIMATED = 0x10, 0x08, 0x04, 0x02


def _webp(data: bytes) -> ImageHeader:
    whole = len(data) >= int.from_bytes(data[4:8], "little") + 8
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:  # noqa: PLR2004 - the longest of the three headers
        return ImageHeader(format="webp", whole=False)
    if kind == b"VP8X":
        flags, width, height = body[0], int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:], "little") + 1
        said = ((_WEBP_EXIF, "exif"), (_WEBP_XMP, "xmp"))
        metadata = tuple(name for flag, name in said if flags & flag)
        mode = "RGBA" if flags & _WEBP_ALPHA else "RGB"
        animated = bool(flags & _WEBP_ANIMATED)
        exif = (place for place in _chunks(data, 12, "<", skip=0) if data.startswith(b"EXIF", place))
        return ImageHeader(
            format="webp",
            width=width,
            height=height,
            mode=mode,
            animated=animated,
            whole=whole,
            metadata=metadata,
            turned="exif" in metadata and any(_turned(data[place + 8 :]) for place in exif),
        )
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height, mode = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, "RGBA" if bits >> 28 & 1 else "RGB"
    else:
        width, height, mode = (*(side & 0x3FFF for side in struct.unpack_from("<HH", body, 6)), "RGB")
    return ImageHeader(format="webp", width=width, height=height, mode=mode, whole=whole)
