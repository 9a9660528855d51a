"""A text → what a chat model gives back."""

from __future__ import annotations

from vqaft.server.engines.embedded.pictures import Picture
from vqaft.server.engines.embedded.tokens import image_parts, message_tokens, text_tokens
from vqaft.server.engines.engine import ChatAnswer, ChatTurn
from vqaft.server.engines.structured import fill_schema


def reply(turn: ChatTurn, text: str, *, structured: bool = False) -> ChatAnswer:
    """Make an answer out of a text.

    Args:
        turn: What was asked.
        text: The answer in words, or JSON where `structured`.
        structured: Whether the text already fits the turn's schema.

    Returns:
        The answer, put into the schema where one was asked for, cut at `max_tokens`, with tokens counted.

    Raises:
        ImageError: If an image of the turn cannot be read.
    """
    if turn.response_schema is not None and not structured:
        text = fill_schema(turn.response_schema, text)
    sizes = [Picture.from_url(part.image_url.url).size() for part in image_parts(turn.messages)]
    used = text_tokens(text)
    most = used if turn.max_tokens is None else turn.max_tokens
    if used > most:
        text = _first_tokens(text, most)
    return ChatAnswer(
        text=text,
        finish_reason="length" if used > most else "stop",
        prompt_tokens=message_tokens(turn.messages, sizes),
        completion_tokens=min(used, most),
    )


def _first_tokens(text: str, most: int) -> str:
    """The longest beginning of a text with at most so many tokens."""
    end = min(len(text), 4 * most)
    while end and text_tokens(text[:end]) > most:
        end -= 1
    return text[:end]
