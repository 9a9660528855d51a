"""Pixels of every mode → RGB or RGBA."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.images.colour import is_srgb, lab_to_srgb, to_srgb

_ALPHA = {"RGBA", "LA", "PA", "La", "RGBa"}
_FULL_8, _FULL_16 = 255, 65535


def to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an image to sRGB, with alpha where it has any.

    16-bit greys keep their upper byte. Whole numbers (I) and fractions (F) have no fixed white: values within 0 to 255
    stand as they are, within 0 to 65535 they are divided by 257, and anything else is stretched from its least to its
    most; what is not a number is black.

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
    """Bring an image to L, LA, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode in {"I", "F"} or mode.startswith("I;16"):
        return _grey(image)
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


def _grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    grey = Image.fromarray((values >> 8).astype(np.uint8) if image.mode.startswith("I;16") else _scaled(values))
    unseen = image.info.get("transparency")
    if not isinstance(unseen, int):
        return grey
    alpha = Image.fromarray(np.where(values == unseen, 0, _FULL_8).astype(np.uint8))
    return Image.merge("LA", (grey, alpha))


def _scaled(values: NDArray[np.int32] | NDArray[np.float32]) -> NDArray[np.uint8]:
    exact = values.astype(np.float64)
    known = exact[np.isfinite(exact)]
    if not known.size:
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = float(known.min()), float(known.max())
    if low < 0 or high > _FULL_16:
        exact = (exact - low) * (_FULL_8 / (high - low))
    elif high > _FULL_8:
        exact = exact / 257
    return np.rint(np.clip(np.nan_to_num(exact, nan=0, posinf=_FULL_8, neginf=0), 0, _FULL_8)).astype(np.uint8)
