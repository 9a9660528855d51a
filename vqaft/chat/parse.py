"""Lenient parser of chat messages: whatever a file holds → texts, images and turns. Nothing raises here.

Strict parsing, by which a row is accepted or refused, is that of `ChatRecord`. Loaders, checks and engines look at
messages through these values, so that all of them mean the same by a text, an image and an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

INSTRUCTIONS = frozenset({"system", "developer"})
_NO_WEIGHT = 1
_CALLS = ("tool_calls", "function_call")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedText:
    """A text in a message.

    Attributes:
        place: Where it is, e.g. "messages[1].content[0]".
        text: The text.
    """

    place: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedImage:
    """An image in a message.

    Attributes:
        place: Where it is.
        url: Its URL.
        detail: How closely the model is to look; None if the row does not say it.
    """

    place: str
    url: str
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMessage:
    """A message, as far as it is one.

    Attributes:
        place: Where it is, e.g. "messages[1]".
        role: Its role; empty if it has none.
        value: Its JSON.
        texts: Its texts.
        images: Its images.
    """

    place: str
    role: str
    value: Mapping[str, Any] = field(hash=False, repr=False)
    texts: tuple[ParsedText, ...] = ()
    images: tuple[ParsedImage, ...] = ()

    @property
    def text(self) -> str:
        """Its texts, one a line."""
        return self.texts[0].text if len(self.texts) == 1 else "\n".join(text.text for text in self.texts)

    @property
    def calls_tools(self) -> bool:
        """Whether it calls a tool or a function, in place of or beside an answer."""
        return any(self.value.get(key) for key in _CALLS)

    @property
    def is_trained(self) -> bool:
        """Whether it is an answer that counts in training: its weight is not 0."""
        return self.role == "assistant" and self.value.get("weight", _NO_WEIGHT) != 0


def parse_messages(row: Mapping[str, Any]) -> tuple[ParsedMessage, ...]:
    """Parse the messages of a row, of a preference row those of its input; entries that are not objects are left out.

    Args:
        row: The row's JSON.
    """
    place, holder = "messages", row
    if "messages" not in row and isinstance(row.get("input"), Mapping):
        place, holder = "input.messages", row["input"]
    messages = holder.get("messages")
    return tuple(
        [
            parse_message(message, place=f"{place}[{number}]")
            for number, message in enumerate(messages if isinstance(messages, list | tuple) else ())
            if type(message) is dict or isinstance(message, Mapping)  # the first is ten times as fast
        ]
    )


def parse_record(messages: Iterable[BaseModel]) -> tuple[ParsedMessage, ...]:
    """Parse messages that strict parsing accepted, so that they are paired as those of a file are.

    Args:
        messages: The messages of a `ChatRecord` or of a request.
    """
    return parse_messages({"messages": [message.model_dump() for message in messages]})


def parse_message(value: Mapping[str, Any], *, place: str) -> ParsedMessage:
    """Parse one message.

    Args:
        value: Its JSON.
        place: Where it is.
    """
    role, content = value.get("role"), value.get("content")
    texts: list[ParsedText] = []
    images: list[ParsedImage] = []
    if isinstance(content, str):
        texts.append(ParsedText(place=f"{place}.content", text=content))
    for number, part in enumerate(content if isinstance(content, list | tuple) else ()):
        where = f"{place}.content[{number}]"
        text, url, detail = _text_and_image(part)
        if text is not None:
            texts.append(ParsedText(place=where, text=text))
        if url is not None:
            images.append(ParsedImage(place=where, url=url, detail=detail))
    return ParsedMessage(
        place=place,
        role=role if isinstance(role, str) else "",
        value=value,
        texts=tuple(texts),
        images=tuple(images),
    )


def _text_and_image(part: Any) -> tuple[str | None, str | None, str | None]:
    if isinstance(part, str):
        return part, None, None
    if type(part) is not dict and not isinstance(part, Mapping):
        return None, None, None
    text, image = part.get("text"), part.get("image_url")
    if image is None or isinstance(image, str):
        return _text(text), image, None
    url, detail = (image.get("url"), image.get("detail")) if isinstance(image, Mapping) else (None, None)
    return _text(text), _text(url), _text(detail)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question of the user with the answer to it.

    Attributes:
        question: The texts of the user's messages, one a line.
        images: The images of these messages, in order; empty for a follow-up question.
        answer: The texts of the assistant's messages, without those of weight 0 where another counts in training; None
            if nothing answers the question.
        trained: Whether the answer counts in training.
        calls_tools: Whether the assistant calls a tool on the way to its answer.
    """

    question: str
    images: tuple[ParsedImage, ...] = ()
    answer: str | None = None
    trained: bool = False
    calls_tools: bool = False


def exchanges_of(messages: Iterable[ParsedMessage]) -> Iterator[Exchange]:
    """Pair the questions of a conversation with their answers.

    Consecutive messages of the user are one question: OpenAI's own example shows the text and the image in two. What a
    tool returned, and instructions, are no part of an exchange; an answer before any question is ignored.

    Args:
        messages: The conversation.

    Yields:
        The exchanges, in order; the last one has no answer if the conversation ends with a question.
    """
    asked: list[ParsedMessage] = []
    answered: list[ParsedMessage] = []
    for message in messages:
        if message.role == "user":
            if answered:
                yield _exchange(asked, answered)
                asked, answered = [], []
            asked.append(message)
        elif message.role == "assistant" and asked:
            answered.append(message)
    if asked:
        yield _exchange(asked, answered)


def _exchange(asked: list[ParsedMessage], answered: list[ParsedMessage]) -> Exchange:
    said = [message for message in answered if message.text.strip()]
    trained = [message for message in said if message.is_trained]
    texts = trained or said
    return Exchange(
        question="\n".join([text for message in asked if (text := message.text).strip()]),
        images=asked[0].images if len(asked) == 1 else tuple(image for message in asked for image in message.images),
        answer="\n".join([message.text for message in texts]) if texts else None,
        trained=bool(trained),
        calls_tools=any(message.calls_tools for message in answered),
    )
