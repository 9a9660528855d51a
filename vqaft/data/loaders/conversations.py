"""Conversations about images, as LLaVA and ShareGPT write them.

Turns of a conversation → pairs of question and answer.

Training files in OpenAI's chat format, back into examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson
import pybase64

from vqaft.data.example import VQAExample
from vqaft.data.loaders.tables import NumberedRows, image_inside, read_jsonl
from vqaft.errors import DataError, ImageError
from vqaft.images import ImageSource

Speaker: TypeAlias = Literal["system", "user", "assistant"]


_SPEAKERS: dict[str, Speaker] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}


def speaker(name: object) -> Speaker:
    """Tell who speaks, in the words of OpenAI (user, assistant) or of LLaVA (human, gpt).

    Args:
        name: The role as the file has it.

    Raises:
        DataError: If the role is unknown.
    """
    if name not in _SPEAKERS:
        raise DataError(f"the role {name!r} is none of {', '.join(_SPEAKERS)}")
    return _SPEAKERS[str(name)]


def pairs_of(turns: Iterable[tuple[Speaker, str]]) -> Iterator[tuple[str, str]]:
    """Pair each question with the answer that follows it.

    Args:
        turns: Who says what; what the system says is passed over.

    Yields:
        Question and answer.

    Raises:
        DataError: If an answer has no question, a question no answer, or one is empty.
    """
    spoken = [(who, text.strip()) for who, text in turns if who != "system"]
    if any(who != ("user", "assistant")[place % 2] for place, (who, _) in enumerate(spoken)):
        raise DataError("the turns of user and assistant do not alternate")
    if len(spoken) % 2:
        raise DataError("the last question has no answer")
    if not all(text for _, text in spoken):
        raise DataError("a turn is empty")
    for (_, question), (_, answer) in zip(spoken[::2], spoken[1::2], strict=True):
        yield question, answer


_PLACEHOLDER = "<image>"


def load_llava(
    path: str | PathLike[str],
    *,
    images: str | PathLike[str] | None = None,
    without_image: Literal["refuse", "skip"] = "refuse",
    prefix: str = "",
) -> Iterator[VQAExample]:
    """Read conversations, a pair for every question and its answer.

    Known are LLaVA's form (`conversations` of `from` and `value`, one `image`) and the one of newer trainers
    (`messages` of `role` and `content`, a list `images`). The placeholder `<image>` is taken out of the questions.

    Args:
        path: A JSON file with a list of rows, or a JSONL file.
        images: The folder that image paths are relative to; the file's own by default.
        without_image: What to do with rows of text alone, which mixed data sets have.
        prefix: Goes before every id that the row does not give.

    Yields:
        The examples. Ids are the row's own, or its number from 0; `-0`, `-1` … is appended where a row has several.

    Raises:
        DataError: If the file or a row is not of this form; with file and line (in a JSON list the row from 1).
        ImageError: If an image is missing or outside the folder, or a row has several.
    """
    source = Path(path)
    root = (source.parent if images is None else Path(images)).resolve()
    number = -1
    for number, (line, row) in enumerate(_rows(source)):
        try:
            if not _names(row) and without_image == "skip":
                continue
            yield from _examples(row, root, f"{prefix}{number}")
        except DataError as error:
            error.path, error.line = str(source), line
            raise
    if number < 0:
        raise DataError("there are no rows", path=source)


def _rows(path: Path) -> NumberedRows:
    if path.suffix.lower() == ".jsonl":
        yield from read_jsonl(path)
        return
    try:
        rows = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DataError(f"the file is no JSON: {error}", path=path) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("the file is no list of objects", path=path)
    yield from enumerate(rows, start=1)


def _examples(row: Mapping[str, Any], root: Path, row_id: str) -> Iterator[VQAExample]:
    names = _names(row)
    if len(names) != 1:
        raise ImageError(f"the row has {len(names)} images, not one")
    image = image_inside(root, names[0])
    name = str(row.get("id") or row_id)
    pairs = list(pairs_of(_turns(row)))
    for index, (question, answer) in enumerate(pairs):
        example_id = f"{name}-{index}" if len(pairs) > 1 else name
        yield VQAExample(id=example_id, image=image, question=question, answers=(answer,))


def _names(row: Mapping[str, Any]) -> list[str]:
    images = row.get("images", row.get("image"))
    return [images] if isinstance(images, str) else list(images or [])


def _turns(row: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    turns = row.get("conversations", row.get("messages"))
    if not isinstance(turns, list):
        raise DataError(f"no list 'conversations' or 'messages'; there is {', '.join(map(repr, row))}")
    for turn in turns:
        who, text = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
        if not isinstance(text, str):
            raise DataError(f"a turn has no text: {turn!r:.80}")
        yield speaker(who), text.replace(_PLACEHOLDER, "").strip()


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
