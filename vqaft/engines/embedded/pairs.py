"""Training rows → pairs of question and answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydantic

from vqaft.chat import ChatRecord
from vqaft.engines.embedded.conversation import answered
from vqaft.engines.embedded.pictures import Picture
from vqaft.engines.embedded.tokens import image_parts, message_tokens
from vqaft.errors import ImageError, RecordError


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A question about an image, with its answer.

    Attributes:
        image: Key of the image; empty where there is none.
        question: The user's whole text.
        answer: The assistant's whole text.
    """

    image: str
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one line of a training file gives.

    Attributes:
        pairs: Its questions with answers, in order.
        pictures: The images that the pairs are about, by key.
        tokens: Length of the line in tokens, by the engine's stated count.
    """

    pairs: tuple[Pair, ...]
    pictures: dict[str, Picture]
    tokens: int


def read_rows(path: Path) -> Iterator[Row]:
    """Read a training file, line by line.

    Args:
        path: Chat JSONL.

    Raises:
        RecordError: If a line is no row, or an image in it cannot be read; it carries file and line.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield _row(ChatRecord.from_json(line))
            except pydantic.ValidationError as error:
                problem = error.errors(include_url=False, include_input=False)[0]
                place = ".".join(map(str, problem["loc"]))
                raise RecordError(f"{place}: {problem['msg']}", path=path, line=number) from error
            except ImageError as error:
                raise RecordError(error.message, path=path, line=number, hint=error.hint) from error


def _row(record: ChatRecord) -> Row:
    pictures: dict[str, Picture] = {}
    pairs = []
    for question, answer in answered(record.messages):
        key = ""
        if question.image_url is not None:
            picture = Picture.from_url(question.image_url)
            key = picture.key
            pictures[key] = picture
        pairs.append(Pair(image=key, question=question.question, answer=answer))
    sizes = [Picture.from_url(part.image_url.url).size() for part in image_parts(record.messages)]
    return Row(pairs=tuple(pairs), pictures=pictures, tokens=message_tokens(record.messages, sizes))
