"""Rows ⇄ a JSONL file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vqaft.durable import atomic_writer
from vqaft.errors import RecordError
from vqaft.records.schema import ChatRecord


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """A JSONL file that was written."""

    path: Path
    rows: int
    size_bytes: int


def write_jsonl(path: Path, records: Iterable[ChatRecord]) -> WrittenFile:
    """Write rows to a file that appears only when it is whole."""
    rows = size = 0
    with atomic_writer(path) as file:
        for record in records:
            size += file.write(record.to_json() + b"\n")
            rows += 1
    return WrittenFile(path=path, rows=rows, size_bytes=size)


def read_jsonl(path: Path) -> Iterator[ChatRecord]:
    """Read rows one after the other."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield ChatRecord.from_json(line)
            except ValidationError as error:
                raise RecordError(str(error.errors()[0]["msg"]), path=path, line=number) from error
