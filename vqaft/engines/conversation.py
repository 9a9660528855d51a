"""Conversations as engines see them: the last question, its images, the answers of a training row, and token counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vqaft.chat import AssistantMessage, ImagePart, Message, TextPart, UserMessage
from vqaft.images import InputLimits, inspect_data_url
from vqaft.providers import PER_MESSAGE, approximate_tokens, image_tokens_of

COUNTED_LIKE = "gpt-4o"
"""The model whose published rule counts the tokens of images."""
IMAGE_LIMITS = InputLimits()
"""Limits of the images in training rows and requests."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question in a conversation.

    Attributes:
        text: The text of the user's message.
        image_urls: The images of the last message up to there that shows any, in order.
    """

    text: str
    image_urls: tuple[str, ...] = ()


def last_question(messages: Sequence[Message]) -> Question:
    """Return what the last user message of a conversation asks; it may be about the images of an earlier one."""
    text, urls = "", tuple[str, ...]()
    for message in messages:
        if isinstance(message, UserMessage):
            text, urls = text_of(message), tuple(part.image_url.url for part in image_parts([message])) or urls
    return Question(text=text, image_urls=urls)


def answered_questions(messages: Sequence[Message]) -> Iterator[tuple[Question, str]]:
    """Yield the questions of a training row with their answers.

    Every assistant message answers the question before it, few-shot examples included; those with weight 0, and those
    without text, are left out.
    """
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.weight != 0 and (answer := text_of(message).strip()):
            yield last_question(messages[:index]), answer


def text_of(message: Message) -> str:
    """Return the text parts of a message, a line each."""
    if isinstance(message.content, str) or message.content is None:
        return message.content or ""
    return "\n".join(part.text for part in message.content if isinstance(part, TextPart))


def image_parts(messages: Iterable[Message]) -> list[ImagePart]:
    """Return all images of a conversation, in order."""
    contents = [message.content for message in messages if isinstance(message, UserMessage)]
    return [part for parts in contents if not isinstance(parts, str) for part in parts if isinstance(part, ImagePart)]


def text_tokens(text: str) -> int:
    """Count the tokens of a text by the approximation of four characters a token."""
    return approximate_tokens(text)


def message_tokens(messages: Sequence[Message]) -> int:
    """Count the tokens of a conversation: texts by the approximation, images by the published rule of gpt-4o.

    Raises:
        ImageError: If an image is not one that the API accepts.
    """
    total = sum(PER_MESSAGE + approximate_tokens(text_of(message)) for message in messages)
    for part in image_parts(messages):
        size = inspect_data_url(part.image_url.url, IMAGE_LIMITS)
        total += image_tokens_of(COUNTED_LIKE).count(size.width, size.height, part.image_url.detail).low
    return total
