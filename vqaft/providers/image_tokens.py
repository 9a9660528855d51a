"""What an image costs in tokens, as far as the models' makers say.

Rules as read on 2026-11-23 at https://platform.openai.com/docs/guides/images-vision. They do not say whether small
images are enlarged before tiles are counted, so that a tile model's number is a range: a cover of 386 × 500 is 255 or
765 tokens. The trained tokens of a first job settle it.

Tokens of an image for models of the Qwen-VL family: squares of a few patches merged into one.

The rule is `smart_resize` of Hugging Face's image processors for Qwen2-VL and its successors, and of qwen-vl-utils
(https://github.com/QwenLM/Qwen3-VL): each side is rounded to whole squares, and the image is shrunk or enlarged until
its pixels lie within limits. Which limits a provider has set is not said; the ones that are shipped differ.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pydantic import NonNegativeInt, PositiveInt

from vqaft.errors import DataError
from vqaft.images import PATCHES, TILES_HIGH, PatchVision, TileVision
from vqaft.providers.text_tokens import TokenRange, exactly
from vqaft.typed import Amount, typed, typed_call

_MARKS = 2  # before and after each image


@dataclass(frozen=True, kw_only=True)
@typed
class PixelLimits:
    """Between how many pixels an image is brought.

    Attributes:
        least: A smaller image is enlarged.
        most: A larger image is shrunk.
    """

    least: PositiveInt
    most: PositiveInt


@dataclass(frozen=True, kw_only=True)
@typed
class MergedPatchTokens:
    """Tokens of a model that merges patches to squares; `detail` changes nothing.

    Attributes:
        side: Of a square, in pixels: 28 for Qwen2-VL and Qwen2.5-VL, 32 for Qwen3-VL.
        limits: The limits that a provider may have set; the answer ranges over them.
    """

    side: PositiveInt
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


@dataclass(frozen=True, kw_only=True)
@typed
class TileTokens:
    """Tokens of a model that looks at tiles.

    Attributes:
        base: For any image; all there is at detail "low".
        tile: For each tile at detail "high".
        vision: How tiles are cut.
    """

    base: NonNegativeInt
    tile: NonNegativeInt
    vision: TileVision = TILES_HIGH

    def count(self, width: int, height: int, detail: str | None = None) -> TokenRange:
        """Count the tokens of an image.

        Args:
            width: In pixels.
            height: In pixels.
            detail: As in the record; None and "auto" are counted as "high".
        """
        if detail == "low":
            return exactly(self.base)
        least = self.vision.tiles(width, height)
        return TokenRange(
            self.base + self.tile * least, self.base + self.tile * max(least, self._enlarged(width, height))
        )

    def _enlarged(self, width: int, height: int) -> int:
        factor = min(self.vision.fit / max(width, height), self.vision.shorter_side / min(width, height))
        return math.prod(math.ceil(round(side * factor) / self.vision.tile) for side in (width, height))


@dataclass(frozen=True, kw_only=True)
@typed
class PatchTokens:
    """Tokens of a model that looks at patches; `detail` changes nothing.

    Attributes:
        factor: Tokens for each patch.
        vision: How patches are cut.
    """

    factor: Amount
    vision: PatchVision = PATCHES

    def count(self, width: int, height: int, detail: str | None = None) -> TokenRange:  # noqa: ARG002 - as TileTokens
        """Count the tokens of an image.

        Args:
            width: In pixels.
            height: In pixels.
            detail: Changes nothing.
        """
        return exactly(math.ceil(self.vision.patches(width, height) * self.factor))


ImageTokens = TileTokens | PatchTokens | MergedPatchTokens

_FAMILIES: dict[str, ImageTokens] = {
    "gpt-4o": TileTokens(base=85, tile=170),
    "gpt-4.1": TileTokens(base=85, tile=170),
    "gpt-4o-mini": TileTokens(base=2833, tile=5667),
    "gpt-5": TileTokens(base=70, tile=140),
    "o1": TileTokens(base=75, tile=150),
    "o3": TileTokens(base=75, tile=150),
    "gpt-4.1-mini": PatchTokens(factor=1.62),
    "gpt-4.1-nano": PatchTokens(factor=2.46),
    "o4-mini": PatchTokens(factor=1.72),
}

_OPEN_FAMILIES: dict[re.Pattern[str], ImageTokens] = {
    re.compile(r"qwen2([.p]5)?-vl", re.IGNORECASE): QWEN2_VL,
    re.compile(r"qwen3-vl", re.IGNORECASE): QWEN3_VL,
}

_DATE = re.compile(r"-\d{4}-\d\d-\d\d$")


@typed_call
def image_tokens_of(model: str) -> ImageTokens:
    """Return a model's rule for counting image tokens.

    Args:
        model: The model, with or without its date, or one tuned from it; open-weight models by any provider's name.

    Raises:
        DataError: If no rule is documented for the model.
    """
    family = _DATE.sub("", model.removeprefix("ft:").partition(":")[0])
    if family in _FAMILIES:
        return _FAMILIES[family]
    for pattern, tokens in _OPEN_FAMILIES.items():
        if pattern.search(model):
            return tokens
    hint = f"Known are {', '.join(_FAMILIES)}, Qwen2-VL to Qwen3-VL; or pass image_tokens=TileTokens(…) or the like."
    raise DataError(f"how {model!r} counts the tokens of images is not known", hint=hint)
