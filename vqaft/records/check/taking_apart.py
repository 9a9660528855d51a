"""A line → the row that rules look at."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import xxhash

from vqaft.records.check.base64_apart import decode_strictly, take_apart, take_payload
from vqaft.records.check.image_header import read_header
from vqaft.records.check.line_json import parse_json
from vqaft.records.check.row import CheckedImage, CheckedMessage, CheckedRow, CheckedText, UrlKind

Payloads = dict[str, bytes]

# Tells images apart at a twentieth of the time that Python's own hash takes; the seed keeps anyone from preparing two
# images that are taken for one.
_SEED = secrets.randbits(64)


def checked_row(line: int, content: bytes) -> CheckedRow:
    """Take a line apart, its base64 first where that stands in images only.

    Args:
        line: Its number.
        content: Its bytes.

    Returns:
        The row; a line that is no JSON object gives one without messages, with its flaws. The JSON of an image's URL
        may hold a mark in place of its base64.
    """
    rest, payloads = take_apart(content)
    if not payloads:
        return whole_row(line, content)
    row = _row(line, len(content), rest, payloads)
    # Base64 where no image is expected, or a line with flaws: those are looked at as they are.
    return whole_row(line, content) if payloads or row.flaws else row


def whole_row(line: int, content: bytes) -> CheckedRow:
    """Take a line apart by parsing all of it; the same row as by `checked_row`, slower.

    Args:
        line: Its number.
        content: Its bytes.
    """
    return _row(line, len(content), content, {})


def _row(line: int, size_bytes: int, content: bytes, payloads: Payloads) -> CheckedRow:
    value, flaws = parse_json(content)
    messages = tuple(_messages(value, payloads))
    return CheckedRow(
        line=line,
        size_bytes=size_bytes,
        flaws=tuple(flaws),
        value=value,
        messages=messages,
        texts=tuple(text for message in messages for text in message.texts),
        images=tuple(image for message in messages for image in message.images),
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
        text, url, detail = (part, None, None) if isinstance(part, str) else _text_and_image(part)
        if text is not None:
            texts.append(CheckedText(place=where, role=role, text=text))
        if url is not None:
            images.append(_image(where, role, url, detail, payloads))
    return CheckedMessage(place=place, role=role, value=value, texts=tuple(texts), images=tuple(images))


def _text_and_image(part: Any) -> tuple[str | None, str | None, str | None]:
    if not isinstance(part, dict):
        return None, None, None
    text, image = part.get("text"), part.get("image_url")
    url, detail = (image.get("url"), image.get("detail")) if isinstance(image, dict) else (image, None)
    text, url, detail = (value if isinstance(value, str) else None for value in (text, url, detail))
    return text, url, detail


def _image(place: str, role: str, url: str, detail: str | None, payloads: Payloads) -> CheckedImage:
    kind = _kind(url)
    if kind != "data":
        return CheckedImage(place=place, role=role, kind=kind, url=url, detail=detail, key=url)
    taken = take_payload(url, payloads)
    head, content = taken if taken is not None else _parted(url)
    return CheckedImage(
        place=place,
        role=role,
        kind="data",
        url=head[:80],
        media_type=head[5:].partition(";")[0].rstrip(",").lower(),
        content=content,
        header=None if content is None else read_header(content),
        detail=detail,
        key=hash(url) if content is None else xxhash.xxh3_128_digest(content, seed=_SEED),
    )


def _parted(url: str) -> tuple[str, bytes | None]:
    head, comma, text = url.partition(",")
    return head + comma, decode_strictly(text)


def _kind(url: str) -> UrlKind:
    start = url[:8].lower()
    if start.startswith("data:"):
        return "data"
    if start.startswith(("http://", "https://")):
        return "web"
    return "file" if start.startswith("file:") else "other"
