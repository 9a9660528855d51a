"""What a model keeps of an image: pixels beyond it cost upload and teach nothing.

As documented at https://platform.openai.com/docs/guides/images-vision (section "Calculating costs"), read 2026-11-23.
Whether models enlarge small images is not said there; nothing here does.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from pydantic import PositiveInt

from vqaft.typed import typed, typed_call

Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
@typed
class TileVision:
    """Models that look at 512-pixel tiles: gpt-4o, gpt-4.1, gpt-4o-mini, gpt-5, o1, o3.

    Attributes:
        fit: The image is shrunk into a square of this many pixels,
        shorter_side: then until its shorter side has this many,
        tile: then cut into squares of this many. At low detail, 512 for all three: one small picture.
    """

    fit: PositiveInt = 2048
    shorter_side: PositiveInt = 768
    tile: PositiveInt = 512

    def scale(self, width: int, height: int) -> Fraction:
        """Return the factor by which the model shrinks an image, at most 1.

        Args:
            width: In pixels.
            height: In pixels.
        """
        return min(Fraction(1), Fraction(self.fit, max(width, height)), Fraction(self.shorter_side, min(width, height)))

    def tiles(self, width: int, height: int) -> int:
        """Count the tiles of an image; 1024 × 1024 gives 4, 2048 × 4096 gives 6.

        Args:
            width: In pixels.
            height: In pixels.
        """
        across, down = shrunk_size((width, height), self.scale(width, height))
        return math.ceil(across / self.tile) * math.ceil(down / self.tile)


@dataclass(frozen=True, kw_only=True)
@typed
class PatchVision:
    """Models that look at 32-pixel patches: gpt-4.1-mini, gpt-4.1-nano, o4-mini.

    Attributes:
        patch: The side of a patch in pixels.
        max_patches: The most patches; a larger image is shrunk to whole patches within it.
    """

    patch: PositiveInt = 32
    max_patches: PositiveInt = 1536

    def scale(self, width: int, height: int) -> Fraction:
        """Return the factor by which the model shrinks an image, at most 1.

        Args:
            width: In pixels.
            height: In pixels.
        """
        if self._count(width, height) <= self.max_patches:
            return Fraction(1)
        across, down = width / self.patch, height / self.patch
        factor = math.sqrt(self.max_patches / (across * down))
        # The rule's second step: down to a whole number of patches along the side that is nearer to one.
        whole = [Fraction(max(1, math.floor(side * factor))) / Fraction(side) for side in (across, down)]
        return min(Fraction(1), Fraction(self.max_patches) / Fraction(max(across, down)), *whole)

    def patches(self, width: int, height: int) -> int:
        """Count the patches of an image; 1024 × 1024 gives 1024, 1800 × 2400 gives 33 × 44 = 1452.

        Args:
            width: In pixels.
            height: In pixels.
        """
        return self._count(*shrunk_size((width, height), self.scale(width, height)))

    def _count(self, width: int, height: int) -> int:
        return math.ceil(width / self.patch) * math.ceil(height / self.patch)


Vision: TypeAlias = TileVision | PatchVision

TILES_HIGH = TileVision()
"""Tile models at detail "high", and at "auto" where the image is large."""

TILES_LOW = TileVision(fit=512, shorter_side=512)
"""Tile models at detail "low": one picture of 512 × 512, whatever was sent."""

PATCHES = PatchVision()
"""Patch models."""

_FAMILIES: dict[str, Vision] = {
    **dict.fromkeys(("gpt-4.1-mini", "gpt-4.1-nano", "o4-mini"), PATCHES),
    **dict.fromkeys(("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5", "o1", "o3"), TILES_HIGH),
}
_DATE = re.compile(r"-\d{4}-\d\d-\d\d$")


@typed_call
def vision_of(model: str, *, detail: Literal["auto", "low", "high"] | None = None) -> Vision | None:
    """Return what a model keeps of an image.

    Args:
        model: The model, with or without its date; or a model tuned from it, `ft:gpt-4o-2024-08-06:…`.
        detail: As in the record; None and "auto" count as "high", so that nothing is lost.

    Returns:
        The rule, or None where none is documented for the model.
    """
    family = _DATE.sub("", model.removeprefix("ft:").partition(":")[0])
    vision = _FAMILIES.get(family)
    return TILES_LOW if detail == "low" and vision is TILES_HIGH else vision


def shrunk_size(size: Size, scale: Fraction) -> Size:
    """Shrink a size, each side rounded to the nearest pixel and at least 1.

    Args:
        size: Width and height.
        scale: More than 0, at most 1.
    """
    width, height = (max(1, math.floor(side * scale + Fraction(1, 2))) for side in size)
    return width, height
