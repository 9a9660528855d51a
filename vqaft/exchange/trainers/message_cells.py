"""Messages as typed cells of a parquet table, with a placeholder part for each image of the column `images`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vqaft.exchange.parquet import TEXT, Feature, list_of
from vqaft.exchange.parsing import ParsedTurn
from vqaft.exchange.rows import Row, RowTurn

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
