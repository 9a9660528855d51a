"""Whose work decoding, shrinking and encoding are: pillow's, or that of faster libraries where they are installed."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

from PIL import features

from vqaft.errors import MissingExtraError

Codec: TypeAlias = Literal["auto", "pillow", "fast"]
"""Which libraries work on pixels.

"fast" takes simplejpeg for JPEG and libvips for shrinking, both of the extra `fast`; "auto" takes them where they are
installed. What they make looks the same, but they round differently, so the bytes differ between them (not from run to
run): name one where the same bytes are wanted on machines with and without the extra.
"""

_FAST = ("simplejpeg", "pyvips")


@cache
def resolved_codec(codec: Codec) -> Literal["pillow", "fast"]:
    """Settle "auto".

    Raises:
        MissingExtraError: If the fast libraries are asked for and not installed.
    """
    if codec == "pillow":
        return "pillow"
    for name in _FAST:
        try:
            import_module(name)
        except (ImportError, OSError) as error:  # OSError: libvips itself is missing
            if codec == "fast":
                raise MissingExtraError(name, extra="fast") from error
            return "pillow"
    return "fast"


def codec_version(codec: Codec) -> str:
    """Name the libraries that work, with what decides their bytes, e.g. "pillow 13.0.0, libjpeg-turbo 3.2.0"."""
    if resolved_codec(codec) == "pillow":
        return f"{_named('pillow')}, libjpeg-turbo {features.version('libjpeg_turbo')}"
    import pyvips

    inner = ".".join(str(pyvips.version(place)) for place in range(3))
    return f"{_named('simplejpeg')}, {_named('pyvips')}, libvips {inner}"


def _named(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
