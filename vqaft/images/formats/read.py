"""Format detection by first bytes, so that one decoder is tried and not forty, and the reader of each container."""

from __future__ import annotations

from vqaft.images.formats.container import Container
from vqaft.images.formats.jpeg import read_jpeg
from vqaft.images.formats.png import PNG_HEAD, read_png
from vqaft.images.formats.webp import read_webp


def read_container(data: bytes) -> Container | None:
    """Read the structure of a JPEG, PNG or WEBP file; no pixel is decoded.

    Args:
        data: The file.

    Returns:
        What was found; None where it is of another kind, or broken.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg(data)
    if data.startswith(PNG_HEAD):
        return read_png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return read_webp(data)
    return None


_STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
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
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
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
