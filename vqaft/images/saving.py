"""Pixels → the bytes of a file, by pillow."""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO

from PIL import Image


def save_pillow(image: Image.Image, kind: str, **settings: Any) -> bytes:
    """Write an image to memory.

    Into a Python object pillow writes holding the interpreter's lock, into a real file without it. So where the system
    has files that live in memory alone, the image goes through one of them, and threads encode at the same time.

    Args:
        image: The image.
        kind: Pillow's name of the format.
        settings: For `Image.save`.
    """
    with _memory_file() as file:
        image.save(file, kind, **settings)
        file.seek(0)
        return file.read()


def _memory_file() -> BinaryIO:
    try:
        descriptor = os.memfd_create("image", os.MFD_CLOEXEC)
    except (AttributeError, OSError):  # not Linux, or a sandbox that forbids it
        return io.BytesIO()
    return open(descriptor, "w+b", buffering=0)  # noqa: PTH123 - has no path
