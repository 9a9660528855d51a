"""Image sources: the forms that callers may give, limits for them, and reading them as bytes or pixels."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.parse import unquote_to_bytes

import numpy as np
import pybase64
from numpy.typing import NDArray
from PIL import Image

from vqaft.errors import DataError, ImageError, shown
from vqaft.filesystem import display_path, file_info, is_url, read_bytes

_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_PAGE = re.compile(r"(?P<path>.+)#page=(?P<page>[1-9]\d{0,5})", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class InputLimits:
    """The limits that an image must keep before it is decoded.

    Attributes:
        max_bytes: The largest file that is read.
        max_pixels: The most pixels (width × height) that are decoded; four bytes each are needed, twice for a moment.
        fetch: URL → the bytes behind it, e.g. a `WebFetcher`. None, the default, fetches nothing.
        dpi: The resolution at which pages of PDF files are rendered.
    """

    max_bytes: int = 100_000_000
    max_pixels: int = 50_000_000
    fetch: Callable[[str], bytes] | None = None
    dpi: int = 200

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_pixels", "dpi"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise DataError(f"{name} is {shown(value)}, not an integer of at least 1")
        if self.fetch is not None and not callable(self.fetch):
            raise DataError(f"fetch is {shown(self.fetch)}, not a function of a URL")

    def check_bytes(self, size_bytes: int) -> None:
        """Refuse a file that is empty or too large.

        Raises:
            ImageError: If it is.
        """
        if size_bytes == 0:
            raise ImageError("is empty")
        if size_bytes > self.max_bytes:
            raise ImageError(f"is larger than {self.max_bytes} bytes", hint="Allow more by InputLimits(max_bytes=…).")

    def check_size(self, width: int, height: int) -> None:
        """Refuse a picture without pixels, or with too many.

        Raises:
            ImageError: If it is.
        """
        if width < 1 or height < 1:
            raise ImageError(f"has no pixels ({width} × {height})")
        if width * height > self.max_pixels:
            hint = "Allow more by InputLimits(max_pixels=…)."
            raise ImageError(f"has {width} × {height} pixels, more than {self.max_pixels}", hint=hint)


_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}

_HINT = "Give height × width, or height × width × 1 to 4, of uint8, bool, uint16, or floats from 0 to 1."


def image_of_array(array: NDArray[Any]) -> Image.Image:
    """Return an image of an array of pixels.

    Args:
        array: Height × width, or height × width × 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA). Of uint8; bool, where
            True is white; uint16, of which the upper byte is kept; or floats from 0 to 1.

    Raises:
        ImageError: If shape, type or range is another.
    """
    if array.ndim not in {2, 3} or 0 in array.shape or (array.ndim == 3 and array.shape[2] not in _MODES):  # noqa: PLR2004
        raise ImageError("has a shape that is no picture's", hint=_HINT)
    pixels = _to_uint8(array)
    if pixels.ndim == 3 and pixels.shape[2] == 1:  # noqa: PLR2004 - a channel axis of one
        pixels = pixels[:, :, 0]
    height, width = pixels.shape[:2]
    mode = _MODES[1 if pixels.ndim == 2 else pixels.shape[2]]  # noqa: PLR2004 - no channel axis
    return Image.frombytes(mode, (width, height), pixels.tobytes())


def _to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    kind, made = array.dtype, np.empty(array.shape, dtype=np.uint8)
    if kind == np.uint8:
        made[...] = array
    elif kind == np.bool_:
        made[...] = np.where(array, 255, 0)
    elif kind == np.uint16:
        made[...] = array >> 8
    elif np.issubdtype(kind, np.floating) and array.min() >= 0 and array.max() <= 1:  # False for NaN
        made[...] = np.rint(array * 255)
    else:
        raise ImageError(f"holds {kind}, or values out of range", hint=_HINT)
    return made


ImageSource: TypeAlias = str | PathLike[str] | bytes | IO[bytes] | Image.Image | NDArray[np.uint8] | Mapping[str, Any]
"""An image as callers have it.

A path; the bytes of an image file; an open binary file; a PIL image; an array of height × width, or height × width × 3
or 4, of uint8; a `data:` URL; an `http(s)` URL; an fsspec URL such as `s3://bucket/cat.jpg`; a page of a document such
as `report.pdf#page=3`; or a Hugging Face image dict with `bytes` and `path`.
"""


def check_source(source: object) -> ImageSource:
    """Return an image source as it is, if its type can hold an image.

    Args:
        source: The value; nothing is read, opened or fetched.

    Raises:
        ImageError: If it is of another type, or an empty string.
    """
    if isinstance(source, str) and not source:
        raise ImageError("the image is missing")
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | bytes | PathLike | Image.Image | np.ndarray | Mapping) or hasattr(source, "read"):
        return source  # type: ignore[return-value]
    hint = "An image is a path, bytes, an open file, a PIL image, an array, a URL, or a mapping with bytes or path."
    raise ImageError(f"the image is of type {type(source).__name__}, which holds no image", hint=hint)


def describe_source(source: ImageSource) -> str:
    """Name an image source in a few words, for an error or a log.

    Args:
        source: The image as the caller gave it.

    Returns:
        The path or URL where there is one (a data URL is shortened), else what kind of value it is and how large.
    """
    if isinstance(source, str | PathLike):
        text = str(source)
        return f"{text[:40]}… ({len(text)} characters)" if text.startswith("data:") else display_path(text)
    if isinstance(source, bytes):
        return f"{len(source)} bytes"
    if isinstance(source, Mapping):
        return str(source.get("path") or f"a mapping with the keys {sorted(source)}")
    if isinstance(source, np.ndarray):
        return f"an array of shape {source.shape} and type {source.dtype}"
    if isinstance(source, Image.Image):
        return f"a PIL image, {source.width} × {source.height}, mode {source.mode}"
    return f"an open file ({getattr(source, 'name', type(source).__name__)})"


def split_page(path: str) -> tuple[str, int | None]:
    """Split `report.pdf#page=3` into the path of the document and the number of the page, from 1.

    Args:
        path: A path, with or without a page.

    Returns:
        The path alone, and the page; None if no page is named.
    """
    match = _PAGE.fullmatch(path)
    return (path, None) if match is None else (match["path"], int(match["page"]))


def located(path: str) -> tuple[str, int | None]:
    """Split a path as `split_page` does, unless there is a file of that very name."""
    name, page = split_page(path)
    return (path, None) if page is None or (not is_url(path) and Path(path).exists()) else (name, page)


def is_web_address(source: object) -> bool:
    """Return whether an image source is an `http(s)` URL."""
    return isinstance(source, str) and source[:8].lower().startswith(("http://", "https://"))


def read_source(source: ImageSource, accepted: InputLimits) -> bytes | Image.Image:
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


def _bytes(source: object, accepted: InputLimits) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | PathLike):
        return _of_path(source, accepted)
    if hasattr(source, "read"):
        return _of_open_file(source, accepted)
    raise ImageError(f"is of type {type(source).__name__}, which is no image")


def _of_path(source: str | PathLike[str], accepted: InputLimits) -> bytes:
    if isinstance(source, str):
        if source[:5].lower() == "data:":
            return _of_data_url(source, accepted)
        if is_web_address(source):
            return _fetched(source, accepted)
        if is_url(source):
            return _of_url(located(source)[0], accepted)
    return _of_file(Path(located(fspath(source))[0]), accepted)


def _of_data_url(url: str, accepted: InputLimits) -> bytes:
    head, comma, body = url.partition(",")
    if not comma:
        raise ImageError("is a data URL without data")
    accepted.check_bytes(max(1, len(body) * 3 // 4))
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return pybase64.b64decode(body, validate=True)
    except ValueError as error:
        raise ImageError(f"is not base64 ({error})") from error


def _fetched(url: str, accepted: InputLimits) -> bytes:
    if accepted.fetch is None:
        hint = "Allow it by ImageEncoder(accepted=InputLimits(fetch=WebFetcher())), or download it first."
        raise ImageError("is at a web address, and nothing is fetched", hint=hint)
    return accepted.fetch(url)


def _of_file(path: Path, accepted: InputLimits) -> bytes:
    try:
        with open(path, "rb", buffering=0, opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError("is not a file")
            accepted.check_bytes(status.st_size)
            return file.read()
    except FileNotFoundError as error:
        raise ImageError("is not there") from error
    except OSError as error:
        if error.errno == errno.ENXIO or path.is_dir():  # a socket
            raise ImageError("is not a file") from error
        raise


def _without_waiting(path: str, flags: int) -> int:
    # Opening a pipe would wait for its other end, perhaps for ever.
    return os.open(path, flags | _NONBLOCK)


def _of_url(url: str, accepted: InputLimits) -> bytes:
    try:
        accepted.check_bytes(file_info(url).size_bytes)
        return read_bytes(url)
    except FileNotFoundError as error:
        raise ImageError("is not there") from error


def _of_open_file(file: object, accepted: InputLimits) -> bytes:
    place = file.tell() if file.seekable() else None  # type: ignore[attr-defined]
    data = file.read(accepted.max_bytes + 1)  # type: ignore[attr-defined]
    if place is not None:
        file.seek(place)  # type: ignore[attr-defined]  # so that the next row can show it too
    if not isinstance(data, bytes):
        raise ImageError("is open as text", hint='Open it with mode "rb".')
    return data
