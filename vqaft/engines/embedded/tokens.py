"""How the embedded engine counts tokens: a stated rule, near to what vision models charge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from vqaft.chat import ImagePart, Message, UserMessage
from vqaft.engines.embedded.conversation import text_of

BASE, TILE = 85, 170
"""Tokens of any image, and of each tile of 512 × 512 pixels."""
MESSAGE = 3
"""Tokens that a message costs beside its text."""


def text_tokens(text: str) -> int:
    """Count the tokens of a text: its words, or a quarter of its characters where that is more."""
    return max(len(text.split()), math.ceil(len(text) / 4))


def image_tokens(size: tuple[int, int], detail: Literal["auto", "low", "high"] | None) -> int:
    """Count the tokens of an image.

    Args:
        size: Width and height in pixels.
        detail: How closely a model would look; anything but "low" counts tiles.

    Returns:
        85 at low detail; else 85 and 170 for each tile of 512 pixels, after the image was shrunk into a square of
        2,048 pixels and then until its shorter side is at most 768.
    """
    if detail == "low":
        return BASE
    scale = min(1.0, 2048 / max(size))
    scale *= min(1.0, 768 / (min(size) * scale))
    return BASE + TILE * math.prod(math.ceil(side * scale / 512) for side in size)


def message_tokens(messages: Sequence[Message], sizes: Sequence[tuple[int, int]]) -> int:
    """Count the tokens of a conversation.

    Args:
        messages: The conversation.
        sizes: Width and height of its images, in order.
    """
    texts = sum(MESSAGE + text_tokens(text_of(message)) for message in messages)
    details = [part.image_url.detail for message in messages for part in _images(message)]
    return texts + sum(image_tokens(size, detail) for size, detail in zip(sizes, details, strict=True))


def image_parts(messages: Sequence[Message]) -> list[ImagePart]:
    """All images of a conversation, in order."""
    return [part for message in messages for part in _images(message)]


def _images(message: Message) -> list[ImagePart]:
    if not isinstance(message, UserMessage) or isinstance(message.content, str):
        return []
    return [part for part in message.content if isinstance(part, ImagePart)]
