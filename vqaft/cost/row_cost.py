"""What one row costs in tokens, part by part."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

from vqaft.check import CheckedImage, CheckedMessage, CheckedRow
from vqaft.providers import NOTHING, PER_MESSAGE, ImageTokens, TextTokens, TokenRange, exactly

_INSTRUCTIONS = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCost:
    """Tokens of a row.

    Attributes:
        text: Of all texts.
        images: Of all images.
        images_low: Of all images at detail "low".
        images_small: Of all images, shrunk to 512 pixels.
        context_keys: Which images stand before those that are asked about.
        few_shot: Of what stands between the instructions and the image that is asked about.
        instructions: Of the instructions.
        shown: Of the images that are asked about.
        shown_keys: Which images those are.
        unknown_images: How many images have no known size; they count as nothing.
    """

    text: int
    images: TokenRange
    images_low: TokenRange
    images_small: TokenRange
    few_shot: TokenRange
    instructions: int
    shown: TokenRange
    shown_keys: tuple[Hashable, ...] = field(repr=False)
    unknown_images: int
    context_keys: tuple[Hashable, ...] = field(repr=False, default=())

    @property
    def total(self) -> TokenRange:
        """Of the whole row."""
        return self.images.plus(exactly(self.text))


SMALL_SIDE = 512


@dataclass(frozen=True, kw_only=True)
class RowCounter:
    """Counts rows.

    Attributes:
        image_tokens: The model's rule for images.
        text_tokens: How texts are counted.
    """

    image_tokens: ImageTokens
    text_tokens: TextTokens

    def count(self, row: CheckedRow) -> RowCost:
        """Count a row."""
        begin = row.asked_from
        opening = [message for message in row.messages[:begin] if message.role in _INSTRUCTIONS]
        context = [message for message in row.messages[:begin] if message.role not in _INSTRUCTIONS]
        shown = [image for message in row.messages[begin:] for image in message.images]
        return RowCost(
            text=self._text(row.messages) + self._json(row.value.get("tools")),
            images=self._images(row.images),
            images_low=self._images(row.images, detail="low"),
            images_small=self._images([_small(image) for image in row.images]),
            few_shot=self._images([i for m in context for i in m.images]).plus(exactly(self._text(context))),
            instructions=self._text(opening),
            shown=self._images(shown),
            context_keys=tuple(image.key for message in context for image in message.images),
            shown_keys=tuple(image.key for image in shown),
            unknown_images=sum(_size(image) is None for image in row.images),
        )

    def _text(self, messages: list[CheckedMessage] | tuple[CheckedMessage, ...]) -> int:
        count = self.text_tokens.count
        texts = sum(PER_MESSAGE + sum(count(text.text) for text in message.texts) for message in messages)
        return texts + sum(self._json(message.value.get("tool_calls")) for message in messages)

    def _json(self, value: Any) -> int:
        """Estimate the tokens of tools and calls, which are billed as some text of the provider's own."""
        return self.text_tokens.count(json.dumps(value, separators=(",", ":"))) if value else 0

    def _images(self, images: list[CheckedImage] | tuple[CheckedImage, ...], detail: str | None = None) -> TokenRange:
        total = NOTHING
        for image in images:
            size = _size(image)
            if size is not None:
                total = total.plus(self.image_tokens.count(*size, detail or image.detail))
        return total


def _size(image: CheckedImage) -> tuple[int, int] | None:
    header = image.header
    return (header.width, header.height) if header and header.width and header.height else None


def _small(image: CheckedImage) -> CheckedImage:
    size = _size(image)
    if size is None or image.header is None:
        return image
    factor = min(1.0, SMALL_SIDE / max(size))
    width, height = (max(1, round(side * factor)) for side in size)
    return replace(image, header=replace(image.header, width=width, height=height))
