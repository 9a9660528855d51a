"""Any of the three formats that providers take, by its first bytes."""

from __future__ import annotations

from vqaft.images.containers.container import Container
from vqaft.images.containers.jpeg import read_jpeg
from vqaft.images.containers.png import PNG_HEAD, read_png
from vqaft.images.containers.webp import read_webp


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
