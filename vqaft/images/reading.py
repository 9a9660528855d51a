"""A source in any form → the bytes of an image file, or pixels."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pybase64
from PIL import Image

from vqaft.errors import ImageError
from vqaft.images.accepted import AcceptedImages
from vqaft.images.arrays import image_of_array
from vqaft.images.source import ImageSource, is_web_address


def read_source(source: ImageSource, accepted: AcceptedImages) -> bytes | Image.Image:
    """Read an image as far as its bytes, where it has any.

    Args:
        source: The image, in any of the forms of `ImageSource`.
        accepted: The limits for its bytes, and whether URLs are fetched.

    Returns:
        The bytes of a file, or a PIL image where pixels were given.

    Raises:
        ImageError: If it is no image source, empty, too large, or a URL that may not be fetched.
        OSError: If a file cannot be read.
    """
    if isinstance(source, Image.Image):
        return source
    if isinstance(source, np.ndarray):
        return image_of_array(source)
    if isinstance(source, Mapping):
        return read_source(_of_mapping(source), accepted)
    data = _bytes(source, accepted)
    accepted.check_bytes(len(data))
    return data


def _of_mapping(source: Mapping[str, object]) -> bytes | str:
    found = source.get("bytes") or source.get("path")
    if not isinstance(found, bytes | str):
        raise ImageError("holds neither bytes nor a path", hint="Give a Hugging Face image dict: bytes, path, or both.")
    return found


def _bytes(source: object, accepted: AcceptedImages) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str) and source[:5].lower() == "data:":
        return _of_data_url(source, accepted)
    if is_web_address(source):
        return _fetched(str(source), accepted)
    if isinstance(source, str | PathLike):
        return _of_file(Path(source), accepted)
    if hasattr(source, "read"):
        return _of_open_file(source, accepted)
    raise ImageError(f"is of type {type(source).__name__}, which is no image")


def _of_data_url(url: str, accepted: AcceptedImages) -> bytes:
    head, comma, body = url.partition(",")
    if not comma:
        raise ImageError("is a data URL without data")
    accepted.check_bytes(len(body) * 3 // 4)
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return pybase64.b64decode(body, validate=True)
    except ValueError as error:
        raise ImageError(f"is no base64 ({error})") from error


def _fetched(url: str, accepted: AcceptedImages) -> bytes:
    if accepted.fetch is None:
        hint = "Allow it by ImageEncoder(accepted=AcceptedImages(fetch=WebFetcher())), or download it first."
        raise ImageError("is at a web address, and nothing is fetched", hint=hint)
    return accepted.fetch(url)


def _of_file(path: Path, accepted: AcceptedImages) -> bytes:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise ImageError("is not there") from error
    # Opening a pipe would wait for its other end, perhaps for ever.
    if not stat.S_ISREG(status.st_mode):
        raise ImageError("is no file")
    accepted.check_bytes(status.st_size)
    return path.read_bytes()


def _of_open_file(file: object, accepted: AcceptedImages) -> bytes:
    data = file.read(accepted.max_bytes + 1)  # type: ignore[attr-defined]
    if not isinstance(data, bytes):
        raise ImageError("is open as text", hint='Open it with mode "rb".')
    return data
