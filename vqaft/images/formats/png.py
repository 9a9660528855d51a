"""PNG files: chunks, each with a length, a name and a checksum."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from vqaft.images.formats.container import Container, ImageHeader, is_turned, orientation_of

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_HEADER_LENGTH = 13
_BITS = 8
_RGB, _RGBA = 2, 6
_FRAME = 12  # length, name and checksum around a chunk's content
_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_DEEP = 16
_METADATA = {b"tEXt": "text", b"zTXt": "text", b"iTXt": "text", b"eXIf": "exif"}
_MAX_PROFILE = 1 << 22
_STEP = 1 << 20
_TO_COLORS = 26  # bytes up to the color type
# Adam7: first column and line, and the steps to the next ones (PNG specification, section 8.2).
_PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


class _Chunk(NamedTuple):
    name: bytes
    content: memoryview
    whole: memoryview


def png_header(data: bytes) -> ImageHeader:
    """Read the header of a PNG file, and the names of its chunks.

    Args:
        data: The file.
    """
    if data[12:16] != b"IHDR" or len(data) < _TO_COLORS:
        return ImageHeader(format="png", whole=False)
    width, height, bits, colors = struct.unpack_from(">LLBB", data, len(PNG_HEAD) + 8)
    chunks = list(_chunks(data))
    names = [chunk.name for chunk in chunks]
    return ImageHeader(
        format="png",
        width=width,
        height=height,
        mode=f"{_MODES.get(colors)};16" if bits == _DEEP else _MODES.get(colors),
        animated=b"acTL" in names,
        whole=b"IEND" in data[-_FRAME:],
        metadata=tuple(_METADATA[name] for name in names if name in _METADATA),
        turned=b"eXIf" in names and is_turned(_all(chunks, b"eXIf")),
    )


def read_png(data: bytes) -> Container | None:
    """Read the structure of a PNG file.

    Kept are the header and the coded pixels. Everything else goes: text, EXIF, XMP, times, physical sizes, suggested
    palettes, the frames of an animation after its still picture, and bytes after the end.

    Args:
        data: The file.

    Returns:
        What was found; None where the structure is broken, a kept checksum is wrong, or the end is missing.
    """
    chunks = list(_chunks(data))
    names = [chunk.name for chunk in chunks]
    if not chunks or names[0] != b"IHDR" or names[-1] != b"IEND" or b"IDAT" not in names:
        return None
    kept = [chunk for chunk in chunks if chunk.name in {b"IHDR", b"IDAT", b"IEND"}]
    if len(chunks[0].content) != _HEADER_LENGTH or not all(map(_sound, kept)):
        return None
    width, height, bits, colors = struct.unpack_from(">LLBB", chunks[0].content)
    shown = b"".join((PNG_HEAD, *(chunk.whole for chunk in kept)))
    return Container(
        format="png",
        width=width,
        height=height,
        compliant=bits == _BITS and colors in {_RGB, _RGBA} and b"tRNS" not in names,
        orientation=orientation_of(_all(chunks, b"eXIf"), _texts(chunks)),
        profile=_profile(_all(chunks, b"iCCP")),
        data=data if len(shown) == len(data) else shown,
    )


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Yield the chunks up to the end; the last may be cut off, and is not sound then."""
    view = memoryview(data)
    place = len(PNG_HEAD)
    while place + _FRAME <= len(data):
        end = place + _FRAME + int.from_bytes(data[place : place + 4])
        chunk = _Chunk(data[place + 4 : place + 8], view[place + 8 : end - 4], view[place:end])
        yield chunk
        if chunk.name == b"IEND":
            return
        place = end


def _sound(chunk: _Chunk) -> bool:
    is_cut = len(chunk.whole) - len(chunk.content) != _FRAME
    return not is_cut and zlib.crc32(chunk.whole[4:-4]) == int.from_bytes(chunk.whole[-4:])


def _all(chunks: list[_Chunk], name: bytes) -> bytes:
    return b"".join(chunk.content for chunk in chunks if chunk.name == name)


def is_whole_png(png: Container) -> bool:
    """Return whether the coded pixels of a compliant PNG file are all there, by unpacking them once.

    A JPEG or WEBP that lacks pixels lacks its end too; a PNG may have every chunk and a checksum over each, and still
    stop in the middle.

    Args:
        png: The file. Its size has been checked: this needs time for every pixel, though no memory.
    """
    chunks = list(_chunks(png.data))
    header = chunks[0].content
    samples = 4 if header[9] == _RGBA else 3
    expected = _length(png.width, png.height, samples, interlaced=bool(header[12]))
    unpacker, length = zlib.decompressobj(), 0
    try:
        for piece in (chunk.content for chunk in chunks if chunk.name == b"IDAT"):
            pending: bytes | memoryview = piece
            while pending and length <= expected:
                length += len(unpacker.decompress(pending, _STEP))
                pending = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return unpacker.eof and length == expected


def _length(width: int, height: int, samples: int, *, interlaced: bool) -> int:
    """Return the length of the unpacked pixels: a filter byte a line, for each pass that has pixels."""
    total = 0
    for left, top, across, down in _PASSES if interlaced else [(0, 0, 1, 1)]:
        columns, lines = -(-(width - left) // across), -(-(height - top) // down)
        total += lines * (1 + columns * samples) if columns > 0 and lines > 0 else 0
    return total


def _texts(chunks: list[_Chunk]) -> bytes:
    # Older writers hide EXIF in compressed text; where a text might, a full parser is asked.
    texts = b"".join(chunk.content for chunk in chunks if chunk.name in {b"tEXt", b"zTXt", b"iTXt"})
    hidden = (b"Raw profile type exif", b"Raw profile type APP1", b"XML:com.adobe.xmp\x00\x01")
    return b"tiff:Orientation" if any(mark in texts for mark in hidden) else texts


def _profile(content: bytes) -> bytes | None:
    packed = content.partition(b"\x00")[2][1:]  # after a name and a byte for the method
    if not packed:
        return None
    try:
        return zlib.decompressobj().decompress(packed, _MAX_PROFILE) or None
    except zlib.error:
        return None
