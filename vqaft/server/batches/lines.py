"""The input file of a batch: validated once, then read line by line, so that a large file is never held in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from vqaft.errors import RecordError
from vqaft.server.chat.completion import ChatBody
from vqaft.server.http.guard import MAX_JSON_BYTES
from vqaft.server.http.requests import first_problem, parse_body

MAX_LINES = 50_000
MAX_BYTES = 200_000_000
"""The largest input file; OpenAI's limit as well."""


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """Where one request of a batch stands.

    Attributes:
        custom_id: The client's id of the request.
        path: The input file.
        offset: Where the line begins, in bytes.
        size: Its length in bytes.
    """

    custom_id: str
    path: Path
    offset: int
    size: int

    def chat_body(self) -> ChatBody:
        """Read the request.

        Raises:
            ApiError: 400 if it is not a chat completion request.
            OSError: If the file cannot be read any more.
        """
        with self.path.open("rb") as file:
            file.seek(self.offset)
            line = _Line.model_validate_json(file.read(self.size))
        return parse_body(json.dumps(dict(line.body)).encode(), ChatBody)


class _Line(BaseModel):
    custom_id: Annotated[str, Field(min_length=1, max_length=512)]
    method: Literal["POST"]
    url: Literal["/v1/chat/completions"]
    body: Mapping[str, Any]


def read_batch(path: Path) -> list[BatchLine]:
    """Validate the input file of a batch.

    Args:
        path: The JSONL file.

    Returns:
        Its requests, in their order.

    Raises:
        RecordError: If a line is not a request or too long, an id occurs twice, or there are none or too many.
        OSError: If the file cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise RecordError(f"The file is larger than {MAX_BYTES} bytes.")
    found: dict[str, BatchLine] = {}
    offset = number = 0
    with path.open("rb") as file:
        while text := file.readline(MAX_JSON_BYTES + 1):
            number += 1
            custom_id = _custom_id(text, number)
            if custom_id in found:
                raise RecordError(f"The custom_id {custom_id!r} occurs twice.", line=number)
            found[custom_id] = BatchLine(custom_id=custom_id, path=path, offset=offset, size=len(text))
            offset += len(text)
            if number > MAX_LINES:
                break
    if not 1 <= number <= MAX_LINES:
        raise RecordError(f"There are not 1 to {MAX_LINES} requests.", line=number)
    return list(found.values())


def _custom_id(text: bytes, number: int) -> str:
    if len(text) > MAX_JSON_BYTES:
        raise RecordError(f"The line is longer than {MAX_JSON_BYTES} bytes.", line=number)
    try:
        return _Line.model_validate_json(text).custom_id
    except ValidationError as error:
        message, place = first_problem(error)
        raise RecordError(f"{message} ({place or 'the line'})", line=number) from error
