"""Colours by their ICC profile → sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_NEAR = 2  # of 255: what rounding in tables and curves makes of sRGB itself
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION


@lru_cache(maxsize=64)
def is_srgb(profile: bytes) -> bool:
    """Tell whether a profile means sRGB, or nothing that could be understood.

    Not by its name: 729 colours are sent through it, and none may come out more than 2 of 255 away.

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
    colours = Image.fromarray(grid)
    seen = np.asarray(to_srgb(colours, profile)).astype(int)
    return bool(np.abs(seen - grid.astype(int)).max() <= _NEAR)


@lru_cache(maxsize=64)
def profile_mode(profile: bytes) -> str | None:
    """Give the mode whose colours a profile describes: RGB, L or CMYK; None where it is broken or of another kind."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        return _SPACES.get(opened.xcolor_space) if opened.is_intent_supported(_INTENT, 0) else None
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert an image of mode RGB, RGBA, L or CMYK to sRGB; alpha stays.

    Relative colorimetric with black-point compensation, as browsers do. A profile that is broken, or made for other
    colours than the image has, is passed over, as viewers do.

    Args:
        image: The image.
        profile: Its ICC profile.

    Returns:
        An RGB or RGBA image, or the same image where the profile was passed over.
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
