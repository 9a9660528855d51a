"""Format detection by first bytes, and the readers of each format: headers of any file, structure of whole files.

Both are read by one walk over the segments of JPEG and the chunks of PNG and WEBP (`jpeg.py`, `png.py`, `webp.py`):
`read_header` takes what a damaged file still says, `read_container` refuses it.
"""

from __future__ import annotations

import struct

from vqaft.images.formats.container import Container, ImageHeader
from vqaft.images.formats.jpeg import jpeg_header, read_jpeg
from vqaft.images.formats.png import PNG_HEAD, png_header, read_png
from vqaft.images.formats.webp import read_webp, webp_header

NO_IMAGES = frozenset({"html", "pdf"})
"""Formats that are recognized only to say what came instead of an image."""
_JPEG_HEAD = b"\xff\xd8\xff"
_GIF_HEAD = 10


def read_header(data: bytes) -> ImageHeader | None:
    """Read the header of an image file.

    Args:
        data: The whole file.

    Returns:
        What it says, or None where the bytes are of no known kind.
    """
    if data.startswith(_JPEG_HEAD):
        return jpeg_header(data)
    if data.startswith(PNG_HEAD):
        return png_header(data)
    if _is_webp(data):
        return webp_header(data)
    if data[:6] in {b"GIF87a", b"GIF89a"} and len(data) >= _GIF_HEAD:
        width, height = struct.unpack_from("<HH", data, 6)
        return ImageHeader(format="gif", width=width, height=height, mode="P", whole=data.endswith(b";"))
    kind = _kind(data)
    return None if kind is None else ImageHeader(format=kind)


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _kind(data: bytes) -> str | None:
    if (known := sniff(data)) is not None:
        return {"HEIF": "heic"}.get(known, known.lower())
    if data.startswith(b"%PDF"):
        return "pdf"
    text = data[:300].lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "html"
    return "svg" if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text else None


def read_container(data: bytes) -> Container | None:
    """Read the structure of a JPEG, PNG or WEBP file; no pixel is decoded.

    Args:
        data: The file.

    Returns:
        What was found; None where it is of another kind, or broken.
    """
    if data.startswith(_JPEG_HEAD):
        return read_jpeg(data)
    if data.startswith(PNG_HEAD):
        return read_png(data)
    if _is_webp(data):
        return read_webp(data)
    return None


_STARTS = (
    (_JPEG_HEAD, "JPEG"),
    (PNG_HEAD, "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"%PDF-", "PDF"),
)
_PNM = frozenset({b"1", b"2", b"3", b"4", b"5", b"6", b"f"})

_AVIF = {b"avif", b"avis"}

_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def sniff(data: bytes) -> str | None:
    """Name the format of an image file.

    Args:
        data: The file, or its first 64 bytes.

    Returns:
        "JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PNM", "PDF" or "DICOM"; None for
        anything else.
    """
    if _is_webp(data):
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _boxed(data)
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[:1] == b"P" and data[1:2] in _PNM and data[2:3].isspace():
        return "PNM"
    return next((kind for start, kind in _STARTS if data.startswith(start)), None)


def _boxed(data: bytes) -> str | None:
    end = min(int.from_bytes(data[:4]), 64)
    brands = {data[place : place + 4] for place in range(8, end, 4)}
    if brands & _AVIF:
        return "AVIF"
    return "HEIF" if brands & _HEIF else None
