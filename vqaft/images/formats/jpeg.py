"""JPEG files: segments, each with a marker and a length, around the coded pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from vqaft.images.formats.container import EXIF_HEAD, Container, ImageHeader, is_turned, orientation_of

_SOI, _EOI, _SOS, _DNL, _APP0, _APP1, _APP2, _APP14, _COMMENT = 0xD8, 0xD9, 0xDA, 0xDC, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_PIXELS = 0x00  # no marker: the coded pixels after a start of scan
_BROKEN = -1  # no marker: the structure breaks here
_HEADER_ENDS = {_SOS, _BROKEN}
_MARK, _RESTART = 0xFF, 0xD0
_COMMON_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: all Huffman-coded
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES = {0xC4, 0xDB, 0xDD}  # Huffman, quantisation, restart interval
_BARE = {0x00, 0x01, _SOI, *range(0xD0, 0xD8)}  # codes without a length, out of place between segments
_ICC_HEAD = b"ICC_PROFILE\x00"
_JFIF_HEAD, _JFIF_LENGTH = b"JFIF\x00", 14
_ADOBE_HEAD, _ADOBE_LENGTH = b"Adobe", 12
_FRAME_LENGTH = 6
_BITS = 8
_RGB_COMPONENTS = 3
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_END_IN = 64  # the last bytes in which the end is looked for: some writers fill up behind it

_Segment: TypeAlias = tuple[int, int, int, int]
"""Marker, and the places of its first byte, of its content and of its end."""


@dataclass(slots=True)
class _Found:
    kept: list[bytes] = field(default_factory=list)
    frame: tuple[int, bytes] | None = None
    exif: bytes = b""
    xmp: bytes = b""
    profile: list[bytes] = field(default_factory=list)
    scans: int = 0
    jfif: bool = False


def jpeg_header(data: bytes) -> ImageHeader:
    """Read the header of a JPEG file, up to its first scan.

    Args:
        data: The file.
    """
    frame, metadata, turned = b"", list[str](), False
    for marker, _, content, end in _segments(data):
        if marker in _HEADER_ENDS:
            break
        if marker in _FRAMES and end - content >= _FRAME_LENGTH:
            frame = data[content:end]
        elif marker == _APP1:
            is_exif = data.startswith(EXIF_HEAD, content)
            metadata.append("exif" if is_exif else "xmp")
            turned = is_turned(data[content:end]) if is_exif else turned
        elif marker == _COMMENT:
            metadata.append("text")
    width, height = _size(frame) if frame else (None, None)
    return ImageHeader(
        format="jpeg",
        width=width,
        height=height,
        mode=_MODES.get(frame[5]) if frame else None,
        whole=b"\xff\xd9" in data[-_END_IN:],
        metadata=tuple(metadata),
        turned=turned,
    )


def _size(frame: bytes) -> tuple[int, int]:
    return int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3])


def read_jpeg(data: bytes) -> Container | None:
    """Read the structure of a JPEG file, up to the end of its first picture.

    Kept are the tables, the frame, the scans, and what says how colors are meant: JFIF (without a thumbnail) and the
    Adobe marker. Everything else goes: EXIF with GPS and thumbnails, XMP, comments, Photoshop and maker blocks, further
    pictures, and bytes after the end.

    Args:
        data: The file.

    Returns:
        What was found; None where the structure is broken or the end is missing.
    """
    found = _Found(kept=[data[:2]])
    for segment in _segments(data):
        if segment[0] == _BROKEN or not _take(found, segment, data):
            return None
    if found.frame is None or not found.scans or len(found.frame[1]) < _FRAME_LENGTH:
        return None
    marker, frame = found.frame
    width, height = _size(frame)
    kept = b"".join((*found.kept, b"\xff\xd9"))
    return Container(
        format="jpeg",
        width=width,
        height=height,
        compliant=marker in _COMMON_FRAMES and frame[0] == _BITS and frame[5] == _RGB_COMPONENTS,
        orientation=orientation_of(found.exif, found.xmp),
        profile=b"".join(part for _, part in sorted((part[0], part[2:]) for part in found.profile)) or None,
        data=data if len(kept) == len(data) else kept,
    )


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield the segments up to the end of the first picture, coded pixels as one; at last `_BROKEN` where it is."""
    place = 2
    while place + 2 <= len(data) and data[place] == _MARK:
        marker = data[place + 1]
        if marker == _MARK:
            place += 1  # filling
            continue
        if marker == _EOI:
            return
        segment = _segment_at(data, place)
        if segment is None:
            break
        yield segment
        end = place = segment[-1]
        if marker == _SOS:
            place = _end_of_pixels(data, end)
            yield _PIXELS, end, end, place
    yield _BROKEN, place, place, place


def _segment_at(data: bytes, place: int) -> _Segment | None:
    marker, content = data[place + 1], place + 4
    if marker in _BARE or content > len(data):
        return None
    end = place + 2 + (data[place + 2] << 8 | data[place + 3])
    return (marker, place, content, end) if content <= end <= len(data) else None


def _end_of_pixels(data: bytes, start: int) -> int:
    # In coded pixels, 0xFF is followed by 0x00 or a restart marker; anything else ends them. This is what
    # re.search(rb"\xff+[^\x00\xd0-\xd7\xff]") finds, at 27 times its speed: most of the time of a pass-through.
    codes = np.frombuffer(data, np.uint8, offset=start)
    marks = np.flatnonzero(codes[:-1] == _MARK)
    after = codes[marks + 1]
    ends = marks[(after != 0) & (after != _MARK) & ((after < _RESTART) | (after >= _SOI))]
    place = start + int(ends[0]) if len(ends) else len(data)
    while len(ends) and place > start and data[place - 1] == _MARK:
        place -= 1
    return place


def _take(found: _Found, segment: _Segment, data: bytes) -> bool:
    """Keep the segments that show the picture; return whether the file is still understood."""
    marker, start, content_start, end = segment
    if marker == _PIXELS:
        found.kept.append(data[start:end])
        return True
    content = data[content_start:end]
    if marker in _FRAMES:
        if found.frame is not None or found.scans:
            return False  # one frame, and in front of its scans (ITU T.81, B.2.1)
        found.frame = (marker, content[:_FRAME_LENGTH])
    elif marker in {_SOS, *_TABLES}:
        found.scans += marker == _SOS
    elif marker >= _APP0:
        _take_application(found, marker, content)
        return True
    else:
        return marker != _DNL
    found.kept.append(data[start:end])
    return True


def _take_application(found: _Found, marker: int, content: bytes) -> None:
    if marker == _APP0 and content.startswith(_JFIF_HEAD) and len(content) >= _JFIF_LENGTH and not found.jfif:
        found.jfif = True
        found.kept.append(b"\xff\xe0\x00\x10" + content[: _JFIF_LENGTH - 2] + b"\x00\x00")
    elif marker == _APP14 and content.startswith(_ADOBE_HEAD) and len(content) >= _ADOBE_LENGTH:
        found.kept.append(b"\xff\xee\x00\x0e" + content[:_ADOBE_LENGTH])
    elif marker == _APP1 and content.startswith(EXIF_HEAD):
        found.exif += content[len(EXIF_HEAD) :] if found.exif else content
    elif marker == _APP1:
        found.xmp += content
    elif marker == _APP2 and content.startswith(_ICC_HEAD) and len(content) > len(_ICC_HEAD) + 1:
        found.profile.append(content[len(_ICC_HEAD) :])
