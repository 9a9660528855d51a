"""A line → the row that rules look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vqaft.records.check.base64_apart import Payload, decode_strictly, put_back, take_apart, take_payload
from vqaft.records.check.image_header import read_header
from vqaft.records.check.line_json import parse_json
from vqaft.records.check.row import CheckedImage, CheckedMessage, CheckedRow, CheckedText, UrlKind

Payloads = dict[str, Payload]


def checked_row(line: int, content: bytes, *, apart: bool = True) -> CheckedRow:
    """Take a line apart.

    Args:
        line: Its number.
        content: Its bytes.
        apart: Whether to take base64 out before the JSON is parsed; the row is the same either way.

    Returns:
        The row; a line that is no JSON object gives one without messages, with its flaws.
    """
    rest, payloads = take_apart(content) if apart else (content, {})
    value, flaws = parse_json(rest)
    messages = tuple(_messages(value, payloads))
    images = tuple(image for message in messages for image in message.images)
    if payloads:
        value = _restored(value, payloads)  # base64 stands where no image is expected
    if flaws and rest is not content:
        _, flaws = parse_json(content)  # columns of the line as it is
    return CheckedRow(
        line=line,
        size_bytes=len(content),
        flaws=tuple(flaws),
        value=value,
        messages=messages,
        texts=tuple(text for message in messages for text in message.texts),
        images=images,
    )


def _messages(value: dict[str, Any], payloads: Payloads) -> Iterator[CheckedMessage]:
    place, holder = "messages", value
    if "messages" not in value and isinstance(value.get("input"), dict):
        place, holder = "input.messages", value["input"]
    messages = holder.get("messages")
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict):
            yield _message(f"{place}[{number}]", message, payloads)


def _message(place: str, value: dict[str, Any], payloads: Payloads) -> CheckedMessage:
    role = value.get("role")
    role = role if isinstance(role, str) else ""
    content = value.get("content")
    parts = [content] if isinstance(content, str) else content if isinstance(content, list) else []
    texts: list[CheckedText] = []
    images: list[CheckedImage] = []
    for number, part in enumerate(parts):
        where = f"{place}.content" if isinstance(content, str) else f"{place}.content[{number}]"
        text, url = (part, None) if isinstance(part, str) else _text_and_url(part)
        if text is not None:
            texts.append(CheckedText(place=where, role=role, text=put_back(text, payloads)))
        if url is not None:
            images.append(_image(where, role, url, payloads))
    return CheckedMessage(place=place, role=role, value=value, texts=tuple(texts), images=tuple(images))


def _text_and_url(part: Any) -> tuple[str | None, str | None]:
    if not isinstance(part, dict):
        return None, None
    text, image = part.get("text"), part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    return (text if isinstance(text, str) else None), (url if isinstance(url, str) else None)


def _image(place: str, role: str, url: str, payloads: Payloads) -> CheckedImage:
    kind = _kind(url)
    if kind != "data":
        url = put_back(url, payloads)
        return CheckedImage(place=place, role=role, kind=kind, url=url, key=url)
    taken = take_payload(url, payloads)
    if taken is None:
        head, comma, text = put_back(url, payloads).partition(",")
        head, content, key = head + comma, decode_strictly(text), hash(text)
    else:
        head, content, key = taken[0], taken[1].content, 0
    return CheckedImage(
        place=place,
        role=role,
        kind="data",
        url=head[:80],
        media_type=head[5:].partition(";")[0].rstrip(",").lower(),
        content=content,
        header=None if content is None else read_header(content),
        key=key if content is None else hash(content),
    )


def _kind(url: str) -> UrlKind:
    start = url[:8].lower()
    if start.startswith("data:"):
        return "data"
    if start.startswith(("http://", "https://")):
        return "web"
    return "file" if start.startswith("file:") else "other"


def _restored(value: Any, payloads: Payloads) -> Any:
    if isinstance(value, str):
        return put_back(value, payloads)
    if isinstance(value, list):
        return [_restored(item, payloads) for item in value]
    if isinstance(value, dict):
        return {put_back(key, payloads): _restored(item, payloads) for key, item in value.items()}
    return value
