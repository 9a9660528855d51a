"""Rows → a file that is whole or not there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from vqaft.durable import atomic_writer
from vqaft.records.rows import Row


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """A training file as it lies on the disk.

    Attributes:
        path: The file.
        rows: How many rows it has.
        size_bytes: Its length.
        sha256: The hash of its bytes, in hexadecimal.
    """

    path: Path
    rows: int
    size_bytes: int
    sha256: str


def write_jsonl(path: str | PathLike[str], records: Iterable[Row]) -> WrittenFile:
    """Write rows to a file, one a line, as they come; only one is held at a time.

    The file appears under its name when it is whole: an error in the rows, or a kill, leaves what stood there before.

    Args:
        path: The file; its folder is made where it is not there.
        records: The rows, e.g. `map(builder.record, examples)`.

    Returns:
        What was written.
    """
    rows = size_bytes = 0
    digest = hashlib.sha256()
    with atomic_writer(Path(path)) as file:
        for record in records:
            rows += 1
            for piece in (*record.json_pieces(), b"\n"):
                size_bytes += file.write(piece)
                digest.update(piece)
    return WrittenFile(path=Path(path), rows=rows, size_bytes=size_bytes, sha256=digest.hexdigest())
