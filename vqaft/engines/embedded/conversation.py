"""What is asked in a conversation, and of which image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vqaft.chat import AssistantMessage, ImagePart, Message, TextPart, UserMessage


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question and the image that it is about.

    Attributes:
        question: The text of the user's message.
        image_url: The last image shown up to there, or None.
    """

    question: str
    image_url: str | None


def asked(messages: Sequence[Message]) -> Asked:
    """Find what the last message of the user asks.

    Args:
        messages: A conversation.

    Returns:
        The text of the last user message, and the last image that any user message up to there shows.
    """
    question, image_url = "", None
    for message in messages:
        if isinstance(message, UserMessage):
            question, image_url = text_of(message), _last_image(message) or image_url
    return Asked(question=question, image_url=image_url)


def answered(messages: Sequence[Message]) -> Iterator[tuple[Asked, str]]:
    """Find the questions of a training row with their answers.

    Every assistant message is an answer to what was asked last, few-shot examples in the row included; those with
    weight 0, and those without text, are left out.

    Args:
        messages: A training row.
    """
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.weight != 0 and (answer := text_of(message).strip()):
            yield asked(messages[:index]), answer


def text_of(message: Message) -> str:
    """The text parts of a message, a line each."""
    if isinstance(message.content, str) or message.content is None:
        return message.content or ""
    return "\n".join(part.text for part in message.content if isinstance(part, TextPart))


def _last_image(message: UserMessage) -> str | None:
    if isinstance(message.content, str):
        return None
    urls = [part.image_url.url for part in message.content if isinstance(part, ImagePart)]
    return urls[-1] if urls else None
