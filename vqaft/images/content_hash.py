"""What makes two images the same: the bytes of their files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from os import PathLike, fspath
from typing import IO, TypeAlias

import numpy as np
import pybase64
from numpy.typing import NDArray
from PIL import Image

from vqaft.durable import MACHINE_ERRNOS, state_error
from vqaft.errors import ImageError
from vqaft.filesystem import FileInfo, display_path, file_info, open_binary
from vqaft.images.source import ImageSource, is_web_address, located

_BLOCK_BYTES = 1 << 20

LocalImage: TypeAlias = str | bytes | IO[bytes] | Image.Image | NDArray[np.uint8]
"""An image that needs no download: a path, bytes, an open file, or pixels."""


def local_source(source: ImageSource) -> LocalImage | None:
    """Convert an image source to one of the few forms that differ in how they are read.

    Args:
        source: The image as the caller has it.

    Returns:
        The image; a mapping and a data URL become bytes or a path, a web address becomes None.

    Raises:
        ImageError: If a data URL is broken, or a mapping holds no image.
    """
    if isinstance(source, Mapping):
        source = source.get("bytes") or source.get("path") or ""
    if isinstance(source, PathLike):
        return fspath(source)
    if not isinstance(source, str):
        return source
    if is_web_address(source):
        return None
    return _decoded(source) if source.startswith("data:") else source


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
    image = local_source(source)
    if image is None:
        return hashlib.sha256(str(source).encode()).hexdigest()
    if isinstance(image, str):
        return _file_sha256(*file_state(image))
    return hashlib.sha256(content_of(image)).hexdigest()


def content_of(image: bytes | IO[bytes] | Image.Image | NDArray[np.uint8]) -> bytes:
    """Return the bytes that stand for an image: those of its file, or of its pixels and their layout."""
    if isinstance(image, bytes):
        return image
    if isinstance(image, Image.Image):
        return f"{image.mode} {image.size} ".encode() + image.tobytes()
    if isinstance(image, np.ndarray):
        return f"{image.dtype.str} {image.shape} ".encode() + image.tobytes()
    place = image.tell()
    content = image.read()
    image.seek(place)
    return content


def file_state(path: str) -> FileInfo:
    """Return path, version and size of a file or fsspec URL: what a cache of its content is keyed by.

    Raises:
        ImageError: If the file is not there.
    """
    try:
        return file_info(located(path)[0])._replace(path=path)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in MACHINE_ERRNOS:
            raise state_error(error, path, doing="cannot be read") from error
        cause = getattr(error, "strerror", None) or error
        raise ImageError(f"the image cannot be read: {cause}", path=display_path(path)) from None


def _decoded(url: str) -> bytes:
    try:
        return pybase64.b64decode(url.partition(",")[2], validate=True)
    except ValueError:
        raise ImageError("the data URL is not base64") from None


@lru_cache(maxsize=1 << 18)
def _file_sha256(path: str, version: int | str, size: int) -> str:  # noqa: ARG001 - they change when the file does
    name, page = located(path)
    try:
        with open_binary(name) as file:
            digest = hashlib.sha256()
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
            whole = digest.hexdigest()
            return whole if page is None else hashlib.sha256(f"{whole}#page={page}".encode()).hexdigest()
    except OSError as error:
        if error.errno in MACHINE_ERRNOS:
            raise state_error(error, path, doing="cannot be read") from error
        cause = error.strerror or error
        raise ImageError(f"the image cannot be read: {cause}", path=display_path(path)) from None
