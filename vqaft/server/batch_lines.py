"""The lines of a batch's input file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from vqaft.server.body import first_problem, parse_body
from vqaft.server.chat_request import ChatBody

MAX_LINES = 50_000


class BatchLineError(Exception):
    """A file that is no batch.

    Args:
        message: What is wrong.
        line: The line, counted from 1; None where it is the whole file.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class BatchLine(BaseModel):
    """One request of a batch."""

    custom_id: Annotated[str, Field(min_length=1)]
    method: Literal["POST"]
    url: Literal["/v1/chat/completions"]
    body: Mapping[str, Any]

    def chat_body(self) -> ChatBody:
        """Give the request.

        Raises:
            ApiError: 400 if it is none.
        """
        return parse_body(json.dumps(dict(self.body)).encode(), ChatBody)


def read_batch(path: Path) -> list[BatchLine]:
    """Read a batch's input.

    Args:
        path: The JSONL file.

    Returns:
        The requests, in their order.

    Raises:
        BatchLineError: If a line is no request, an id occurs twice, or there are none or too many.
    """
    lines: list[BatchLine] = []
    seen: set[str] = set()
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            line = _read_line(text, number)
            if line.custom_id in seen:
                raise BatchLineError(f"The custom_id {line.custom_id!r} occurs twice.", number)
            seen.add(line.custom_id)
            lines.append(line)
    if not 1 <= len(lines) <= MAX_LINES:
        raise BatchLineError(f"There are {len(lines)} requests, not 1 to {MAX_LINES}.", len(lines))
    return lines


def _read_line(text: bytes, number: int) -> BatchLine:
    try:
        return BatchLine.model_validate_json(text)
    except ValidationError as error:
        message, place = first_problem(error)
        raise BatchLineError(f"{message} ({place or 'the line'})", number) from error
