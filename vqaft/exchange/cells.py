"""Examples and messages as typed cells of a parquet table, and the history of an example as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vqaft.data import Turn, VQAExample
from vqaft.exchange.parquet import TEXT, Feature, list_of
from vqaft.exchange.parsing import ParsedTurn
from vqaft.exchange.rows import Row, RowTurn
from vqaft.images import ImageSource

_FIELDS = ("question", "answer", "n_images", "trained")


def history_values(example: VQAExample) -> list[dict[str, Any]]:
    """Return the history of an example as plain values."""
    return [{name: getattr(turn, name) for name in _FIELDS} for turn in example.history]


def history_of(values: Iterable[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Return the history that plain values describe.

    Raises:
        DataError: If a value is not one of a turn.
    """
    return tuple(Turn(**{name: each[name] for name in _FIELDS}) for each in values)


EXAMPLE_FEATURES: dict[str, Feature] = {
    "id": TEXT,
    "question": TEXT,
    "answers": list_of(TEXT),
    "question_type": TEXT,
    "kind": TEXT,
    "group": TEXT,
    "metadata": TEXT,
    "history": TEXT,
}
"""The feature of each field but the images; metadata and history are JSON text."""


def example_cells(example: VQAExample) -> dict[str, Any]:
    """Return the cells of an example, without its images."""
    metadata = json.dumps(dict(example.metadata), ensure_ascii=False, default=str) if example.metadata else None
    history = json.dumps(history_values(example), ensure_ascii=False) if example.history else None
    values = {name: getattr(example, name) for name in EXAMPLE_FEATURES}
    return {**values, "answers": list(example.answers), "metadata": metadata, "history": history}


def example_of_cells(cells: Mapping[str, Any], images: Sequence[ImageSource]) -> VQAExample:
    """Return the example of a row, which may lack columns that are not required.

    Raises:
        DataError: If a value is not one of an example.
    """
    values = {name: cells[name] for name in EXAMPLE_FEATURES if name in cells}
    values["metadata"] = json.loads(cells.get("metadata") or "{}")
    values["history"] = history_of(json.loads(cells.get("history") or "[]"))
    return VQAExample(images=images, **{**values, "answers": tuple(cells.get("answers") or ())})


MESSAGES: Feature = list_of({"role": TEXT, "content": list_of({"type": TEXT, "text": TEXT})})
"""The feature of a list of messages whose contents are lists of parts."""


def message_cells(row: Row, turns: Iterable[RowTurn]) -> list[dict[str, Any]]:
    """Return turns as messages; the system prompt stands first if the turns are the row's first ones."""
    messages = [{"role": turn.role, "content": [_part(part) for part in turn.parts]} for turn in turns]
    if row.system is None:
        return messages
    return [{"role": "system", "content": [_part(row.system)]}, *messages]


def parsed_messages(messages: Iterable[Mapping[str, Any]], images: Sequence[Mapping[str, Any]]) -> list[ParsedTurn]:
    """Return the turns of messages, with the images that their placeholders stand for."""
    waiting = iter([image["bytes"] for image in images])
    return [_parsed(message, waiting) for message in messages]


def _parsed(message: Mapping[str, Any], waiting: Iterator[bytes]) -> ParsedTurn:
    parts = message["content"]
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    images = tuple(next(waiting) for part in parts if part["type"] == "image")
    return ParsedTurn(role=message["role"], text=text, images=images)


def _part(part: object) -> dict[str, Any]:
    return {"type": "text", "text": part} if isinstance(part, str) else {"type": "image", "text": None}
