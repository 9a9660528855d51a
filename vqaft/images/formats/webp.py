"""WEBP files: RIFF chunks around VP8 (lossy) or VP8L (lossless) pixels."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from vqaft.images.formats.container import Container, ImageHeader, is_turned, orientation_of

_HEAD = 12
_FRAME = 8
_ALPHA, _EXIF, _XMP, _ANIMATED = 0x10, 0x08, 0x04, 0x02
_PICTURES = {b"VP8X", b"VP8 ", b"VP8L"}
_LONGEST_HEAD = 10
_LOSSY_HEAD = b"\x9d\x01\x2a"


def webp_header(data: bytes) -> ImageHeader:
    """Read the header of a WEBP file: what its first chunk about a picture says.

    Args:
        data: The file.
    """
    kind, start = next(((name, start) for name, start, _ in _chunks(data) if name in _PICTURES), (b"", len(data)))
    body = data[start : start + _LONGEST_HEAD]
    if len(body) < _LONGEST_HEAD:
        return ImageHeader(format="webp", whole=False)
    flags = body[0] if kind == b"VP8X" else 0
    size = _canvas(body) if kind == b"VP8X" else _lossy_size(body) if kind == b"VP8 " else _lossless_size(body)
    alpha = flags & _ALPHA or (kind == b"VP8L" and body[4] & _ALPHA)
    exif = (data[start:end] for name, start, end in _chunks(data) if name == b"EXIF")
    return ImageHeader(
        format="webp",
        width=size[0] if size else None,
        height=size[1] if size else None,
        mode="RGBA" if alpha else "RGB",
        animated=bool(flags & _ANIMATED),
        whole=len(data) >= _end(data),
        metadata=tuple(name for flag, name in ((_EXIF, "exif"), (_XMP, "xmp")) if flags & flag),
        turned=bool(flags & _EXIF) and any(map(is_turned, exif)),
    )


def read_webp(data: bytes) -> Container | None:
    """Read the structure of a WEBP file.

    Kept are the pixels and, where there is one, their alpha plane. Everything else goes: EXIF, XMP, the color profile,
    unknown chunks, and bytes after the end.

    Args:
        data: The file.

    Returns:
        What was found; None where the structure is broken or the end is missing.
    """
    chunks = _contents(data)
    if chunks is None:
        return None
    size = _size(chunks)
    if size is None:
        return None
    shown = _rebuilt(chunks, size)
    return Container(
        format="webp",
        width=size[0],
        height=size[1],
        compliant=b"ANIM" not in chunks and b"ANMF" not in chunks,
        orientation=orientation_of(chunks.get(b"EXIF", b""), chunks.get(b"XMP ", b"")),
        profile=chunks.get(b"ICCP"),
        data=data if shown == data else shown,
    )


def _end(data: bytes) -> int:
    return _FRAME + int.from_bytes(data[4:8], "little")


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each chunk, and where its content begins and ends; the last may lack its end."""
    place, last = _HEAD, min(_end(data), len(data))
    while place + _FRAME <= last:
        start = place + _FRAME
        length = int.from_bytes(data[place + 4 : start], "little")
        yield data[place : place + 4], start, start + length
        place = start + length + length % 2


def _contents(data: bytes) -> dict[bytes, bytes] | None:
    end = _end(data)
    found: dict[bytes, bytes] = {}
    for name, start, stop in _chunks(data):
        if stop > end:
            return None
        found.setdefault(name, data[start:stop])
    return found if end <= len(data) else None


def _size(chunks: dict[bytes, bytes]) -> tuple[int, int] | None:
    own = _lossy_size(chunks[b"VP8 "]) if b"VP8 " in chunks else _lossless_size(chunks.get(b"VP8L", b""))
    # A still picture fills its canvas; where it does not, a full parser is asked.
    return own if own is None or b"VP8X" not in chunks or _canvas(chunks[b"VP8X"]) == own else None


def _lossy_size(pixels: bytes) -> tuple[int, int] | None:
    if len(pixels) < 10 or pixels[3:6] != _LOSSY_HEAD:  # noqa: PLR2004 - RFC 6386, section 9.1
        return None
    width, height = struct.unpack_from("<HH", pixels, 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless_size(pixels: bytes) -> tuple[int, int] | None:
    if len(pixels) < 5 or pixels[0] != 0x2F:  # noqa: PLR2004 - WebP lossless bitstream, section 3
        return None
    bits = int.from_bytes(pixels[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _canvas(header: bytes) -> tuple[int, int]:
    return int.from_bytes(header[4:7], "little") + 1, int.from_bytes(header[7:10], "little") + 1


def _rebuilt(chunks: dict[bytes, bytes], size: tuple[int, int]) -> bytes:
    lossy = b"VP8 " in chunks
    parts = []
    if lossy and b"ALPH" in chunks:
        sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
        parts += [_chunk(b"VP8X", bytes([_ALPHA, 0, 0, 0]) + sides), _chunk(b"ALPH", chunks[b"ALPH"])]
    name = b"VP8 " if lossy else b"VP8L"
    body = b"WEBP" + b"".join((*parts, _chunk(name, chunks[name])))
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\x00" * (len(content) % 2)
