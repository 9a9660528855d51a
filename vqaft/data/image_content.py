"""What makes two images the same: the bytes of their files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from os import PathLike, fspath
from pathlib import Path
from typing import IO

import numpy as np
import pybase64
from numpy.typing import NDArray
from PIL import Image

from vqaft.errors import ImageError
from vqaft.images import ImageSource


def image_sha256(source: ImageSource) -> str:
    """Hash the content of an image.

    Two files with the same bytes are the same image wherever they lie. An image that is given by its pixels (PIL, an
    array) is hashed by its pixels and their layout, a web address by itself: nothing is downloaded.

    Args:
        source: The image.

    Returns:
        64 hexadecimal digits.

    Raises:
        ImageError: If a file cannot be read.
    """
    if isinstance(source, Mapping):
        source = source.get("bytes") or source.get("path") or ""
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return hashlib.sha256(source.encode()).hexdigest()
    if isinstance(source, str) and source.startswith("data:"):
        return hashlib.sha256(pybase64.b64decode(source.partition(",")[2])).hexdigest()
    if isinstance(source, str | PathLike):
        return _path_sha256(fspath(source))
    return hashlib.sha256(_content(source)).hexdigest()


def _content(source: bytes | IO[bytes] | Image.Image | NDArray[np.uint8]) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, Image.Image):
        return f"{source.mode} {source.size} ".encode() + source.tobytes()
    if isinstance(source, np.ndarray):
        return f"{source.dtype.str} {source.shape} ".encode() + source.tobytes()
    place = source.tell()
    content = source.read()
    source.seek(place)
    return content


def _path_sha256(path: str) -> str:
    try:
        facts = Path(path).stat()
        return _file_sha256(path, facts.st_mtime_ns, facts.st_size)
    except OSError as error:
        raise ImageError(f"the image cannot be read: {error.strerror or error}", path=path) from None


@lru_cache(maxsize=1 << 18)
def _file_sha256(path: str, mtime_ns: int, size: int) -> str:  # noqa: ARG001 - they say whether the file has changed
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
