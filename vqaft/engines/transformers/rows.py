"""Rows of chat JSONL as prompt, completion and images: the one reader that training and answering share.

Only the places of rows are held in memory. Images pass `vqaft.images`, are turned upright, and are shrunk to the same
number of pixels whether a model is trained on them or asked about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import orjson
from PIL import Image
from pydantic import ValidationError

from vqaft.chat import ChatRecord, read_lines
from vqaft.errors import ImageError, RecordError
from vqaft.images import decode_data_url

LOW_DETAIL_PIXELS = 512 * 512
"""Width × height that an image keeps at detail "low"."""

_ROLES = {"developer": "system", "system": "system", "user": "user", "assistant": "assistant"}

Parts = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one learnt answer stands.

    Attributes:
        line: Line of the file, counted from 1.
        offset: Its first byte.
        message: Which of its messages is the answer, counted from 0.
    """

    line: int
    offset: int
    message: int


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Messages whose images are decoded.

    Attributes:
        messages: Role and content parts; an image is a part without data.
        images: The images, in the order of their parts.
    """

    messages: list[dict[str, Any]]
    images: list[Image.Image]


def find_answers(path: str | PathLike[str]) -> list[Place]:
    """Find every answer to learn: assistant messages with text whose weight is not 0.

    Args:
        path: Chat JSONL.

    Raises:
        RecordError: If a line is not a row, or if no line holds an answer.
    """
    places: list[Place] = []
    offset = 0
    for number, line in read_lines(path):
        if not line.isspace():
            places += [Place(line=number, offset=offset, message=index) for index in _answers(path, number, line)]
        offset += len(line)
    if not places:
        raise RecordError("no row holds an answer to learn from", path=path)
    return places


def _answers(path: str | PathLike[str], number: int, line: bytes) -> Iterator[int]:
    try:
        messages = orjson.loads(line)["messages"]
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError("the line is not a chat row", path=path, line=number) from error
    for index, message in enumerate(messages):
        if message.get("role") == "assistant" and message.get("weight", 1) != 0 and _text(message.get("content")):
            yield index


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content.strip()
    return "".join(part.get("text", "") for part in content or ()).strip()


def check_rows(path: str | PathLike[str], *, max_pixels: int) -> int:
    """Check that every answer can be learnt: roles, and every image decoded once.

    Args:
        path: Chat JSONL.
        max_pixels: As for `conversation`.

    Returns:
        How many answers there are.

    Raises:
        RecordError: At the first row that cannot be learnt from, with its line and what is wrong.
    """
    answers = 0
    for number, line in read_lines(path):
        if line.isspace():
            continue
        found = list(_answers(path, number, line))
        for index in found[-1:]:  # the longest prompt of the row holds all of its images
            _read_row(path, number, line, index, max_pixels=max_pixels)
        answers += len(found)
    if not answers:
        raise RecordError("no row holds an answer to learn from", path=path)
    return answers


def read_row(path: str | PathLike[str], place: Place, *, max_pixels: int) -> dict[str, Any]:
    """Read one answer with the conversation before it, as TRL takes it.

    Args:
        path: Chat JSONL.
        place: Which answer.
        max_pixels: As for `conversation`.

    Returns:
        `prompt`, `completion` and `images`.

    Raises:
        RecordError: If it cannot be learnt from, with its line and what is wrong.
    """
    with Path(path).open("rb") as file:
        file.seek(place.offset)
        line = file.readline()
    return _read_row(path, place.line, line, place.message, max_pixels=max_pixels)


def _read_row(path: str | PathLike[str], number: int, line: bytes, index: int, *, max_pixels: int) -> dict[str, Any]:
    try:
        messages = [message.model_dump(exclude_none=True) for message in ChatRecord.from_json(line).messages]
        prompt = conversation(messages[:index], max_pixels=max_pixels)
        answer = conversation(messages[index : index + 1], max_pixels=max_pixels)
    except ValidationError as error:
        raise RecordError("the line is not a chat row", path=path, line=number, hint="check_file says why") from error
    except (ImageError, RecordError) as error:
        raise RecordError(error.message, path=path, line=number, hint=error.hint) from error
    return {
        "prompt": prompt.messages,
        "completion": answer.messages,
        "images": prompt.images,
    }


def template_arguments(processor: Any) -> dict[str, Any]:
    """Return the arguments of a chat template: models that can think answer without, in training as in answering."""
    return {"enable_thinking": False} if "enable_thinking" in str(processor.chat_template) else {}


def conversation(messages: Sequence[Mapping[str, Any]], *, max_pixels: int) -> Conversation:
    """Convert messages of the chat format to the form of chat templates.

    Args:
        messages: Messages with `role` and `content`. A `developer` message becomes a `system` message.
        max_pixels: Width × height that an image is shrunk to; at detail "low" it is 512 × 512 at most.

    Raises:
        RecordError: If a role or a part cannot be used.
        ImageError: If an image cannot be read.
    """
    made: list[dict[str, Any]] = []
    images: list[Image.Image] = []
    for message in messages:
        role = _ROLES.get(message["role"])
        if role is None or message.get("tool_calls") or message.get("function_call"):
            hint = "Known roles: system, developer, user, assistant; tool calls cannot be learnt here"
            raise RecordError(f"a message of the role {message['role']!r} cannot be used", hint=hint)
        made.append({"role": role, "content": _parts(message.get("content"), images, max_pixels)})
    return Conversation(messages=made, images=images)


def _parts(content: Any, images: list[Image.Image], max_pixels: int) -> Parts:
    if content is None or isinstance(content, str):
        return [{"type": "text", "text": content or ""}]
    parts: Parts = []
    for part in content:
        if part["type"] == "image_url":
            shown = part["image_url"]
            limit = min(max_pixels, LOW_DETAIL_PIXELS) if shown.get("detail") == "low" else max_pixels
            images.append(decode_data_url(shown["url"], max_pixels=limit))
            parts.append({"type": "image"})
        else:
            parts.append({"type": "text", "text": part["text"]})
    return parts
