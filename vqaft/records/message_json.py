"""One message as an object and, beside it, as the JSON it is written by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson

from vqaft.chat import (
    AssistantMessage,
    Detail,
    DeveloperMessage,
    ImagePart,
    ImageURL,
    Message,
    SystemMessage,
    TextPart,
    UserMessage,
    Weight,
)
from vqaft.images import EncodedImage, RemoteImage

TextForm: TypeAlias = Literal["parts", "string"]
"""How a content without images is written: as a list with one text part, or as a plain string.

Contents with images are lists of parts in any case. Readers that infer one type for a column, such as Hugging Face
`datasets`, change strings that stand beside lists (`9.00` becomes 9.0), so parts are the default.
"""


@dataclass(frozen=True, kw_only=True)
class MessageJSON:
    """A message with its JSON in pieces; an image's base64 is a piece of its own and never copied.

    Attributes:
        message: The message.
        pieces: Its JSON.
    """

    message: Message
    pieces: tuple[bytes, ...] = field(repr=False)


def instructions_turn(message: SystemMessage | DeveloperMessage, *, form: TextForm) -> MessageJSON:
    """Render the message of instructions; a content that is a list of parts stays one."""
    if form == "parts" and isinstance(message.content, str):
        message = message.model_copy(update={"content": (TextPart(text=message.content),)})
    return MessageJSON(message=message, pieces=(message.model_dump_json().encode(),))


def answer_turn(answer: str, *, form: TextForm, weight: Weight | None = None) -> MessageJSON:
    """Return the assistant's answer as JSON pieces.

    Args:
        answer: The answer.
        form: How it is written.
        weight: 0 excludes it from the training loss, 1 includes it; left out if None.
    """
    tail = b"}" if weight is None else b',"weight":%d}' % weight
    content, written = _text_content(answer, form)
    message = AssistantMessage(content=content, weight=weight)
    return MessageJSON(message=message, pieces=(b'{"role":"assistant","content":' + written + tail,))


def question_turn(
    question: str,
    images: Sequence[EncodedImage | RemoteImage] = (),
    *,
    form: TextForm,
    detail: Detail | None = None,
    image_first: bool = False,
) -> MessageJSON:
    """Return the user's question, with the images that it shows.

    Args:
        question: The text.
        images: The images, or where the provider fetches them; in order.
        form: How a question without images is written.
        detail: How closely the model looks; left to the provider if None.
        image_first: Whether the images stand before the text.
    """
    if not images:
        content, written = _text_content(question, form)
        return MessageJSON(message=UserMessage(content=content), pieces=(_USER + written + b"}",))
    shown: list[tuple[TextPart | ImagePart, tuple[bytes, ...]]] = [_image_part(image, detail) for image in images]
    text: tuple[TextPart | ImagePart, tuple[bytes, ...]] = (TextPart(text=question), (_text_json(question),))
    listed = [*shown, text] if image_first else [text, *shown]
    pieces = [piece for _, written in listed for piece in (b",", *written)]
    message = UserMessage(content=tuple(part for part, _ in listed))
    return MessageJSON(message=message, pieces=(_USER + b"[", *pieces[1:], b"]}"))


def array_pieces(turns: Iterable[MessageJSON]) -> Iterator[bytes]:
    """Yield the JSON array of the messages in pieces."""
    opening = b"["
    for turn in turns:
        yield opening
        yield from turn.pieces
        opening = b","
    yield b"]"


_USER = b'{"role":"user","content":'


def _text_content(text: str, form: TextForm) -> tuple[str | tuple[TextPart, ...], bytes]:
    if form == "string":
        return text, orjson.dumps(text)
    return (TextPart(text=text),), b"[" + _text_json(text) + b"]"


def _text_json(text: str) -> bytes:
    return b'{"type":"text","text":' + orjson.dumps(text) + b"}"


def _image_part(image: EncodedImage | RemoteImage, detail: Detail | None) -> tuple[ImagePart, tuple[bytes, ...]]:
    url, written = _url_of(image)
    tail = b'"}}' if detail is None else b'","detail":"' + detail.encode() + b'"}}'
    part = ImagePart(image_url=ImageURL(url=url, detail=detail))
    return part, (b'{"type":"image_url","image_url":{"url":"', written, tail)


def _url_of(image: EncodedImage | RemoteImage) -> tuple[str, bytes]:
    if isinstance(image, RemoteImage):
        return image.url, orjson.dumps(image.url)[1:-1]
    return image.data_url, image.data_url_bytes
