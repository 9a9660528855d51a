"""Whether a file can be trained on, before a job waits for its turn."""

from __future__ import annotations

from pathlib import Path

from vqaft.errors import RecordError
from vqaft.records import AssistantMessage, read_jsonl

MIN_ROWS = 10
"""What OpenAI asks for at least."""


def check_rows(path: Path, *, at_least: int) -> int:
    """Read a file to its end.

    Args:
        path: Chat JSONL.
        at_least: How many rows it must have.

    Returns:
        How many rows it has.

    Raises:
        RecordError: At the first row that cannot be trained on, with its line; or if there are too few.
    """
    rows = 0
    for line, record in enumerate(read_jsonl(path), start=1):
        if not any(isinstance(message, AssistantMessage) and message.content for message in record.messages):
            raise RecordError("there is no answer of the assistant to learn", path=path, line=line)
        rows = line
    if rows < at_least:
        raise RecordError(f"there are {rows} rows, fewer than {at_least}", path=path, hint="Add examples.")
    return rows
