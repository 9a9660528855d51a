"""Bounds on a conversation before a model sees it: characters, and number, format, bytes and pixels of images."""

from __future__ import annotations

from collections.abc import Sequence

from vqaft.chat import ImagePart, Message
from vqaft.errors import ImageError
from vqaft.images import InputLimits, inspect_data_url
from vqaft.server.http.errors import ApiError

IMAGE_LIMITS = InputLimits(max_bytes=20_000_000, max_pixels=40_000_000)
MAX_IMAGES = 64
MAX_CHARACTERS = 1_000_000
"""Text of a conversation; more is refused as too long for any context."""


def check_bounds(messages: Sequence[Message]) -> int:
    """Refuse a conversation with too much text, or with an image that no model should be given.

    Args:
        messages: The conversation.

    Returns:
        The pixels of its images.

    Raises:
        ApiError: 400, naming the message.
    """
    characters = images = pixels = 0
    for place, turn in enumerate(messages):
        content = turn.content or ()
        parts = content if not isinstance(content, str) else ()
        characters += len(content) if isinstance(content, str) else 0
        for part in parts:
            if isinstance(part, ImagePart):
                images += 1
                pixels += _pixels(part.image_url.url, f"messages.{place}")
            else:
                characters += len(part.text)
    if characters > MAX_CHARACTERS:
        message = f"The conversation has {characters} characters, more than {MAX_CHARACTERS}."
        raise ApiError(400, message, param="messages", code="context_length_exceeded")
    if images > MAX_IMAGES:
        message = f"There are {images} images, more than {MAX_IMAGES}."
        raise ApiError(400, message, param="messages", code="invalid_image")
    return pixels


def _pixels(url: str, param: str) -> int:
    try:
        return inspect_data_url(url, IMAGE_LIMITS).pixels
    except ImageError as error:
        raise ApiError(400, f"The image {error}.", param=param, code="invalid_image") from error
