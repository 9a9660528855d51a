"""Training files in OpenAI's chat format, back into examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import pybase64

from vqaft.data.example import VQAExample
from vqaft.data.loaders.conversation import pairs_of, speaker
from vqaft.data.loaders.tables import read_jsonl
from vqaft.errors import DataError, ImageError
from vqaft.images import ImageSource


def load_chat_jsonl(
    path: str | PathLike[str], *, turns: Literal["last", "all"] = "last", prefix: str = ""
) -> Iterator[VQAExample]:
    """Read the questions, images and answers of a chat training file.

    A question about no image of its own is about the image before it. System messages are passed over; what a template
    put around the questions stays.

    Args:
        path: The JSONL file.
        turns: Which pairs of a conversation to read: the last alone, where the others are few-shot examples, or all.
        prefix: Goes before every id.

    Yields:
        The examples; ids are line numbers from 1, with `-0`, `-1` … appended where all turns are read.

    Raises:
        DataError: If a line is no such conversation; with file and line.
        ImageError: If a question has no image, or several.
    """
    source = Path(path)
    line = 0
    for line, row in read_jsonl(source):
        try:
            found = list(_pairs(row))
            numbered = [(f"{prefix}{line}-{number}", *pair) for number, pair in enumerate(found)]
            chosen = numbered if turns == "all" else [(f"{prefix}{line}", *found[-1])] if found else []
            for example_id, image, question, answer in chosen:
                if image is None:
                    raise ImageError("the question has no image", example_id=example_id)
                yield VQAExample(id=example_id, image=image, question=question, answers=(answer,))
        except DataError as error:
            error.path, error.line = str(source), line
            raise
    if not line:
        raise DataError("there are no rows", path=source)


def _pairs(row: Mapping[str, Any]) -> Iterator[tuple[ImageSource | None, str, str]]:
    messages = row.get("messages")
    if not isinstance(messages, list):
        raise DataError(f"no list 'messages'; there is {', '.join(map(repr, row)) or 'nothing'}")
    turns = [(speaker(message.get("role")), _text(message.get("content"))) for message in messages]
    images: list[ImageSource | None] = []
    last: ImageSource | None = None
    for (who, _), message in zip(turns, messages, strict=True):
        if who == "user":
            last = _image(message.get("content")) or last
            images.append(last)
    for image, (question, answer) in zip(images, pairs_of(turns), strict=True):
        yield image, question, answer


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if part.get("type") == "text" and isinstance(part.get("text"), str))


def _image(content: Any) -> ImageSource | None:
    parts = content if isinstance(content, list) else []
    urls = [part.get("image_url", {}).get("url") for part in parts if part.get("type") == "image_url"]
    if len(urls) > 1:
        raise ImageError(f"the question has {len(urls)} images, not one")
    if not urls:
        return None
    url = str(urls[0])
    if not url.startswith("data:"):
        return url
    try:
        return pybase64.b64decode(url.partition(",")[2], validate=True)
    except ValueError:
        raise ImageError("the image is not base64") from None
