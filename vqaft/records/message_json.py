"""One message as an object and, beside it, as the JSON it is written by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from vqaft.chat import AssistantMessage, Detail, ImagePart, ImageURL, Message, TextPart, UserMessage, Weight
from vqaft.images import EncodedImage, RemoteImage


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A message with its JSON in pieces; an image's base64 is a piece of its own and never copied.

    Attributes:
        message: The message.
        pieces: Its JSON.
    """

    message: Message
    pieces: tuple[bytes, ...] = field(repr=False)


def plain_turn(message: Message) -> Turn:
    """Render a message of text."""
    return Turn(message=message, pieces=(message.model_dump_json().encode(),))


def answer_turn(answer: str, *, weight: Weight | None = None) -> Turn:
    """Make the assistant's answer.

    Args:
        answer: The answer.
        weight: 0 keeps it out of the training loss, 1 says that it counts; not said where None.
    """
    said = b"" if weight is None else b',"weight":%d' % weight
    message = AssistantMessage(content=answer, weight=weight)
    return Turn(message=message, pieces=(b'{"role":"assistant","content":' + _json(answer) + said + b"}",))


def question_turn(question: str) -> Turn:
    """Make a question without an image."""
    message = UserMessage(content=question)
    return Turn(message=message, pieces=(b'{"role":"user","content":' + _json(question) + b"}",))


def image_turn(question: str, image: EncodedImage | RemoteImage, *, detail: Detail | None, image_first: bool) -> Turn:
    """Make a question about an image.

    Args:
        question: The text.
        image: The image, or where the provider fetches it.
        detail: How closely the model looks; left to the provider where None.
        image_first: Whether the image stands before the text.
    """
    url, url_json = _url_of(image)
    parts = (
        TextPart(text=question),
        ImagePart(image_url=ImageURL(url=url, detail=detail)),
    )
    text = b'{"type":"text","text":' + _json(question) + b"}"
    head = b'{"type":"image_url","image_url":{"url":"'
    tail = b'"}}' if detail is None else b'","detail":"' + detail.encode() + b'"}}'
    if image_first:
        pieces = (_USER + head, url_json, tail + b"," + text + b"]}")
    else:
        pieces = (_USER + text + b"," + head, url_json, tail + b"]}")
    return Turn(message=UserMessage(content=parts[::-1] if image_first else parts), pieces=pieces)


def array_pieces(turns: Iterable[Turn]) -> Iterator[bytes]:
    """Give the JSON array of the messages in pieces."""
    opening = b"["
    for turn in turns:
        yield opening
        yield from turn.pieces
        opening = b","
    yield b"]"


_USER = b'{"role":"user","content":['


def _json(text: str) -> bytes:
    return orjson.dumps(text)


def _url_of(image: EncodedImage | RemoteImage) -> tuple[str, bytes]:
    if isinstance(image, RemoteImage):
        return image.url, _json(image.url)[1:-1]
    return image.data_url, image.data_url_bytes
