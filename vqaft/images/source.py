"""What an image may be given as."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ImageSource: TypeAlias = str | PathLike[str] | bytes | IO[bytes] | Image.Image | NDArray[np.uint8] | Mapping[str, Any]
"""An image as callers have it.

A path; the bytes of an image file; an open binary file; a PIL image; an array of height × width, or height × width × 3
or 4, of uint8; a `data:` URL; an `http(s)` URL; or a Hugging Face image dict with `bytes` and `path`.
"""


def describe_source(source: ImageSource) -> str:
    """Name an image source in a few words, for an error or a log.

    Args:
        source: The image as the caller gave it.

    Returns:
        The path or URL where there is one (a data URL is shortened), else what kind of value it is and how large.
    """
    if isinstance(source, str | PathLike):
        text = str(source)
        return f"{text[:40]}… ({len(text)} characters)" if text.startswith("data:") else text
    if isinstance(source, bytes):
        return f"{len(source)} bytes"
    if isinstance(source, Mapping):
        return str(source.get("path") or f"a mapping with the keys {sorted(source)}")
    if isinstance(source, np.ndarray):
        return f"an array of shape {source.shape} and type {source.dtype}"
    if isinstance(source, Image.Image):
        return f"a PIL image, {source.width} × {source.height}, mode {source.mode}"
    return f"an open file ({getattr(source, 'name', type(source).__name__)})"


def is_web_address(source: object) -> bool:
    """Tell whether an image source is an `http(s)` URL."""
    return isinstance(source, str) and source[:8].lower().startswith(("http://", "https://"))
