"""Tokens of an image for models of the Qwen-VL family: squares of a few patches merged into one.

The rule is `smart_resize` of Hugging Face's image processors for Qwen2-VL and its successors, and of qwen-vl-utils
(https://github.com/QwenLM/Qwen3-VL): each side is rounded to whole squares, and the image is shrunk or enlarged until
its pixels lie within limits. Which limits a provider has set is not said; the ones that are shipped differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vqaft.records.tokens.token_range import TokenRange

_MARKS = 2  # before and after each image


@dataclass(frozen=True, kw_only=True)
class PixelLimits:
    """Between how many pixels an image is brought.

    Attributes:
        least: A smaller image is enlarged.
        most: A larger image is shrunk.
    """

    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class MergedPatchTokens:
    """Tokens of a model that merges patches to squares; `detail` changes nothing.

    Attributes:
        side: Of a square, in pixels: 28 for Qwen2-VL and Qwen2.5-VL, 32 for Qwen3-VL.
        limits: The limits that a provider may have set; the answer ranges over them.
    """

    side: int
    limits: tuple[PixelLimits, ...]

    def count(self, width: int, height: int, detail: str | None = None) -> TokenRange:  # noqa: ARG002 - as TileTokens
        """Count the tokens of an image, with the two marks around it.

        Args:
            width: In pixels.
            height: In pixels.
            detail: Changes nothing.
        """
        counts = [self._squares(width, height, limits) + _MARKS for limits in self.limits]
        return TokenRange(min(counts), max(counts))

    def _squares(self, width: int, height: int, limits: PixelLimits) -> int:
        across, down = (max(1, round(pixels / self.side)) for pixels in (width, height))
        area = self.side**2
        if across * down * area > limits.most:
            factor = math.sqrt(limits.most / (width * height))
            across, down = (max(1, math.floor(pixels * factor / self.side)) for pixels in (width, height))
        elif across * down * area < limits.least:
            factor = math.sqrt(limits.least / (width * height))
            across, down = (math.ceil(pixels * factor / self.side) for pixels in (width, height))
        return across * down


QWEN2_VL = MergedPatchTokens(
    side=28,
    limits=(PixelLimits(least=4 * 28**2, most=1280 * 28**2), PixelLimits(least=4 * 28**2, most=16384 * 28**2)),
)
"""Qwen2-VL and Qwen2.5-VL, by the defaults of transformers and of qwen-vl-utils."""

QWEN3_VL = MergedPatchTokens(
    side=32,
    limits=(PixelLimits(least=4 * 32**2, most=1280 * 32**2), PixelLimits(least=256**2, most=4096**2)),
)
"""Qwen3-VL, by its predecessors' limits in its own squares, and by the configuration that is shipped with it."""
