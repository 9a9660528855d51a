"""Which format an image is written in."""

from __future__ import annotations

from typing import Literal

from vqaft.images.containers import OutputFormat

# Photographs, as cameras and telephones make them.
_PHOTOGRAPHS = {"JPEG", "MPO", "HEIF", "AVIF"}


def chosen_format(wanted: Literal["auto"] | OutputFormat, came_as: str | None) -> OutputFormat:
    """Settle "auto".

    Args:
        wanted: What the encoder is set to.
        came_as: Pillow's name of the format that the image came in; None for pixels.
    """
    if wanted != "auto":
        return wanted
    if came_as in _PHOTOGRAPHS:
        return "jpeg"
    return "webp" if came_as == "WEBP" else "png"
