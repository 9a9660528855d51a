"""Conversations about images, as LLaVA and ShareGPT write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import orjson

from vqaft.data.example import VQAExample
from vqaft.data.loaders.conversation import pairs_of, speaker
from vqaft.data.loaders.image_path import image_inside
from vqaft.data.loaders.tables import NumberedRows, read_jsonl
from vqaft.errors import DataError, ImageError

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
