"""Batch files: requests cut into files within the limits of a Batch API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from vqaft.durable import write_atomically
from vqaft.errors import DataError


@dataclass(frozen=True, kw_only=True)
class ShardLimits:
    """What one batch may hold.

    Attributes:
        max_bytes: The longest file; OpenAI accepts 200 MB.
        max_rows: The most requests; OpenAI accepts 50,000.
    """

    max_bytes: int = 200_000_000
    max_rows: int = 50_000


def batch_line(key: str, body: bytes) -> bytes:
    """Return a request as a line of a batch file; the body is inserted as the bytes it is."""
    head = orjson.dumps({"custom_id": key, "method": "POST", "url": "/v1/chat/completions"})
    return head[:-1] + b',"body":' + body + b"}\n"


def write_shards(folder: Path, lines: Iterable[bytes], *, limits: ShardLimits) -> Iterator[Path]:
    """Write lines into as few files as the limits allow, each named by its content.

    Args:
        folder: Where to.
        lines: The requests; read as the files fill.
        limits: What one file may hold.

    Yields:
        Each file, once it is complete.

    Raises:
        DataError: If a single request is longer than a file may be.
    """
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) > limits.max_bytes:
            raise DataError(f"one request has {len(line)} bytes, a batch file holds {limits.max_bytes}")
        if size + len(line) > limits.max_bytes or len(waiting) == limits.max_rows:
            yield _write(folder, waiting)
            waiting, size = [], 0
        waiting.append(line)
        size += len(line)
    if waiting:
        yield _write(folder, waiting)


def _write(folder: Path, lines: list[bytes]) -> Path:
    content = b"".join(lines)
    path = folder / f"requests-{hashlib.sha256(content).hexdigest()[:12]}.jsonl"
    write_atomically(path, content)
    return path
