"""Tokens of a row by part, and what the rows of a file cost together, counted as they go by."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vqaft.check import CheckedImage, CheckedMessage, CheckedRow
from vqaft.providers import NOTHING, PER_MESSAGE, ImageTokens, TextTokens, TokenRange, exactly

_INSTRUCTIONS = frozenset({"system", "developer"})
SMALL_SIDE = 512


class ImageCost(NamedTuple):
    """Tokens of an image: as it is, at detail "low", and shrunk to 512 pixels."""

    as_is: TokenRange
    low: TokenRange
    small: TokenRange


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


@dataclass(frozen=True, kw_only=True)
class RowCounter:
    """Counts rows; an image is counted once, however many rows show it.

    Attributes:
        image_tokens: The model's rule for images.
        text_tokens: How texts are counted.
    """

    image_tokens: ImageTokens
    text_tokens: TextTokens
    _known: dict[Hashable, ImageCost | None] = field(init=False, repr=False, compare=False, default_factory=dict)

    def count(self, row: CheckedRow) -> RowCost:
        """Count a row."""
        begin = row.asked_from
        opening = [message for message in row.messages[:begin] if message.role in _INSTRUCTIONS]
        context = [message for message in row.messages[:begin] if message.role not in _INSTRUCTIONS]
        shown = [image for message in row.messages[begin:] for image in message.images]
        images = [self._image(image) for image in row.images]
        known = [image for image in images if image is not None]
        few_shot = self._sum(image for message in context for image in message.images)
        return RowCost(
            text=self._text(row.messages) + self._json(row.value.get("tools")),
            images=total([image.as_is for image in known]),
            images_low=total([image.low for image in known]),
            images_small=total([image.small for image in known]),
            few_shot=few_shot.plus(exactly(self._text(context))),
            instructions=self._text(opening),
            shown=self._sum(shown),
            context_keys=tuple(image.key for message in context for image in message.images),
            shown_keys=tuple(image.key for image in shown),
            unknown_images=len(images) - len(known),
        )

    def _text(self, messages: Sequence[CheckedMessage]) -> int:
        count = self.text_tokens.count
        texts = sum(PER_MESSAGE + sum(count(text.text) for text in message.texts) for message in messages)
        return texts + sum(self._json(message.value.get("tool_calls")) for message in messages)

    def _json(self, value: Any) -> int:
        """Estimate the tokens of tools and calls, which are billed as some text of the provider's own."""
        return self.text_tokens.count(json.dumps(value, separators=(",", ":"))) if value else 0

    def _sum(self, images: Iterable[CheckedImage]) -> TokenRange:
        costs = map(self._image, images)
        return total([cost.as_is for cost in costs if cost is not None])

    def _image(self, image: CheckedImage) -> ImageCost | None:
        """Count an image; None where its size is not known."""
        key = (image.key, image.detail)
        if key not in self._known:
            self._known[key] = self._count(image)
        return self._known[key]

    def _count(self, image: CheckedImage) -> ImageCost | None:
        header, count = image.header, self.image_tokens.count
        if header is None or not header.width or not header.height:
            return None
        size = (header.width, header.height)
        factor = min(1.0, SMALL_SIDE / max(size))
        width, height = (max(1, round(side * factor)) for side in size)
        return ImageCost(count(*size, image.detail), count(*size, "low"), count(width, height, image.detail))


@dataclass(frozen=True, kw_only=True)
class Saving:
    """One way to pay less.

    Attributes:
        name: What to do.
        tokens: How many tokens of an epoch it saves.
    """

    name: str
    tokens: TokenRange


class CostTally:
    """Adds rows up. It remembers sums, and which images stood where, never the rows.

    Earlier turns of a row count as few-shot examples only if another row starts with their images too: else they are
    the beginning of a dialog.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.text = 0
        self.unknown_images = 0
        self.images = self._less_by_low = self._less_by_size = self._repeated = NOTHING
        self._shown: set[tuple[Hashable, ...]] = set()
        self._rows_with: Counter[Hashable] = Counter()
        # By the images of the earlier turns: their tokens in all rows, and in those whose image an earlier row shows.
        self._few_shot: defaultdict[tuple[Hashable, ...], list[TokenRange]] = defaultdict(lambda: [NOTHING, NOTHING])

    def add(self, cost: RowCost) -> None:
        """Add a row."""
        self.rows += 1
        self.text += cost.text
        self.unknown_images += cost.unknown_images
        self.images = self.images.plus(cost.images)
        self._less_by_low = self._less_by_low.plus(_less(cost.images, cost.images_low))
        self._less_by_size = self._less_by_size.plus(_less(cost.images, cost.images_small))
        self._rows_with.update(set(cost.context_keys))
        few_shot = self._few_shot[cost.context_keys]
        few_shot[0] = few_shot[0].plus(cost.few_shot)
        if cost.shown_keys in self._shown:
            few_shot[1] = few_shot[1].plus(cost.few_shot)
            self._repeated = self._repeated.plus(cost.shown).plus(exactly(cost.instructions))
        elif cost.shown_keys:
            self._shown.add(cost.shown_keys)

    @property
    def few_shot(self) -> TokenRange:
        """Tokens of few-shot examples."""
        return total([of_all for of_all, _ in self._examples()])

    def savings(self) -> tuple[Saving, ...]:
        """Return what would save anything, the most first; they do not add up."""
        # Every row of an image after the first saves the image, the instructions and the few-shot examples.
        together = total([self._repeated, *(repeated for _, repeated in self._examples())])
        ways = (
            Saving(name="leaving out few-shot examples", tokens=self.few_shot),
            Saving(name='detail "low"', tokens=self._less_by_low),
            Saving(name=f"shrinking images to {SMALL_SIDE} pixels", tokens=self._less_by_size),
            Saving(name="one conversation an image", tokens=together),
        )
        worth = [way for way in ways if way.tokens.high > 0]
        return tuple(sorted(worth, key=lambda way: -way.tokens.high))

    def _examples(self) -> list[list[TokenRange]]:
        shared = (
            tokens
            for keys, tokens in self._few_shot.items()
            if self.rows == 1 or all(self._rows_with[key] > 1 for key in keys)
        )
        return list(shared)


def total(ranges: Sequence[TokenRange]) -> TokenRange:
    """Add ranges up."""
    if len(ranges) == 1:
        return ranges[0]
    return TokenRange(sum(part.low for part in ranges), sum(part.high for part in ranges))


def _less(now: TokenRange, then: TokenRange) -> TokenRange:
    # Either reading of the rules holds for both, so that their ends belong together.
    low, high = sorted((max(0, now.low - then.low), max(0, now.high - then.high)))
    return TokenRange(low, high)
