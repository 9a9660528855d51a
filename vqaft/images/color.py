"""Color conversion: ICC profiles to sRGB, and pixels of every mode to RGB or RGBA."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}

_NEAR = 2  # of 255: what rounding in tables and curves makes of sRGB itself
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION


@lru_cache(maxsize=64)
def is_srgb(profile: bytes) -> bool:
    """Return whether a profile means sRGB, or nothing that could be understood.

    Not by its name: 729 colors are sent through it, and none may come out more than 2 of 255 away.

    Args:
        profile: An ICC profile.
    """
    space = profile_mode(profile)
    if space is None:
        return True
    if space != "RGB":
        return False
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    colors = Image.fromarray(grid)
    seen = np.asarray(to_srgb(colors, profile)).astype(int)
    return bool(np.abs(seen - grid.astype(int)).max() <= _NEAR)


@lru_cache(maxsize=64)
def profile_mode(profile: bytes) -> str | None:
    """Return the mode whose colors a profile describes: RGB, L or CMYK; None where it is broken or of another kind."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        return _SPACES.get(opened.xcolor_space) if opened.is_intent_supported(_INTENT, 0) else None
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert an image of mode RGB, RGBA, L or CMYK to sRGB; alpha stays.

    Relative colorimetric with black-point compensation, as browsers do. A profile that is broken, or made for other
    colors than the image has, is ignored, as viewers do.

    Args:
        image: The image.
        profile: Its ICC profile.

    Returns:
        An RGB or RGBA image, or the same image if the profile was ignored.
    """
    if profile_mode(profile) != image.mode.removesuffix("A"):
        return image
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return _transformed(image, source, "RGBA" if image.mode == "RGBA" else "RGB")


def lab_to_srgb(image: Image.Image) -> Image.Image:
    """Convert an image of mode LAB to RGB."""
    return _transformed(image, ImageCms.createProfile("LAB"), "RGB")


def _transformed(image: Image.Image, source: Any, mode: str) -> Image.Image:
    target = ImageCms.createProfile("sRGB")
    try:
        made = ImageCms.profileToProfile(image, source, target, _INTENT, mode, flags=_FLAGS)
    except ImageCms.PyCMSError:
        return image
    return image if made is None else made


_ALPHA = {"RGBA", "LA", "PA", "La", "RGBa"}

_FULL_8, _FULL_16 = 255, 65535


def to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an image to sRGB, with alpha where it has any.

    16-bit grays keep their upper byte. Whole numbers (I) and fractions (F) have no fixed white: fractions within 0 to 1
    are multiplied by 255, values within 0 to 255 stand as they are, within 0 to 65535 they are divided by 257, and
    anything else is stretched from its least to its most; what is not a number is black.

    Args:
        image: An image of any mode. It is given away: the result may be the same object, its metadata gone.
        profile: Its ICC profile, where it has one.

    Returns:
        An image of mode RGB or RGBA that carries no metadata.
    """
    pixels = _eight_bit(image)
    if profile and not is_srgb(profile):
        pixels = to_srgb(pixels, profile)
    if pixels.mode not in {"RGB", "RGBA"}:
        pixels = pixels.convert("RGBA" if pixels.mode in _ALPHA else "RGB")
    pixels.info = {}
    return pixels


def _eight_bit(image: Image.Image) -> Image.Image:
    """Convert an image to L, LA, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode in {"I", "F"} or mode.startswith("I;16"):
        return _gray(image)
    if mode in _ALPHA or "transparency" in image.info:
        return _with_alpha(image)
    if mode == "LAB":
        return lab_to_srgb(image)
    if mode == "1":
        return image.convert("L")
    return image if mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _with_alpha(image: Image.Image) -> Image.Image:
    if image.mode in {"La", "RGBa"}:
        return image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    return image if image.mode in {"LA", "RGBA"} else image.convert("RGBA")


def _gray(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    gray = Image.fromarray((values >> 8).astype(np.uint8) if image.mode.startswith("I;16") else _scaled(values))
    unseen = image.info.get("transparency")
    if not isinstance(unseen, int):
        return gray
    alpha = Image.fromarray(np.where(values == unseen, 0, _FULL_8).astype(np.uint8))
    return Image.merge("LA", (gray, alpha))


def _scaled(values: NDArray[np.int32] | NDArray[np.float32]) -> NDArray[np.uint8]:
    exact = values.astype(np.float64)
    known = exact[np.isfinite(exact)]
    if not known.size:
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = float(known.min()), float(known.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        exact = exact * _FULL_8
    elif low < 0 or high > _FULL_16:
        exact = (exact - low) * (_FULL_8 / (high - low))
    elif high > _FULL_8:
        exact = exact / 257
    return np.rint(np.clip(np.nan_to_num(exact, nan=0, posinf=_FULL_8, neginf=0), 0, _FULL_8)).astype(np.uint8)
