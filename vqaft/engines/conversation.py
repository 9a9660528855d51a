"""Conversations as engines see them: the last question, its images, the answers of a training row, and token counts.

Questions and answers are paired by `exchanges_of`, as loaders and checks pair them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vqaft.chat import Exchange, Message, exchanges_of, parse_record
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
        text: The texts of the user's messages since the last answer, a line each.
        image_urls: The images that it shows, or else those of the last question before it that shows any.
    """

    text: str
    image_urls: tuple[str, ...] = ()


def last_question(messages: Sequence[Message]) -> Question:
    """Return what a conversation asks last; it may be about the images of an earlier question."""
    return next((question for question, _ in reversed(list(_questions(messages)))), Question(text=""))


def answered_questions(messages: Sequence[Message]) -> Iterator[tuple[Question, str]]:
    """Yield the questions of a training row with their answers, few-shot examples included.

    Answers of weight 0, and those without text, are left out.
    """
    for question, exchange in _questions(messages):
        if exchange.trained and exchange.answer:
            yield question, exchange.answer.strip()


def _questions(messages: Sequence[Message]) -> Iterator[tuple[Question, Exchange]]:
    urls = tuple[str, ...]()
    for exchange in exchanges_of(parse_record(messages)):
        urls = tuple(image.url for image in exchange.images) or urls
        yield Question(text=exchange.question, image_urls=urls), exchange


def text_tokens(text: str) -> int:
    """Count the tokens of a text by the approximation of four characters a token."""
    return approximate_tokens(text)


def message_tokens(messages: Sequence[Message]) -> int:
    """Count the tokens of a conversation: texts by the approximation, images by the published rule of gpt-4o.

    Raises:
        ImageError: If an image is not one that the API accepts.
    """
    parsed = parse_record(messages)
    total = sum(PER_MESSAGE + approximate_tokens(message.text) for message in parsed)
    for image in (image for message in parsed for image in message.images):
        size = inspect_data_url(image.url, IMAGE_LIMITS)
        total += image_tokens_of(COUNTED_LIKE).count(size.width, size.height, image.detail).low
    return total
