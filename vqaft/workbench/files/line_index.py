"""Access to any line of a large file without reading what stands before it again.

The index holds one number for every block of 4 MB: how many lines end before it. A file of 1 GB has 250 of them, one of
1 TB takes 2 MB of memory. A line is found by bisection, and by reading one block. The index grows as far as it is asked
for; the first page of a file needs none of it.
"""

from __future__ import annotations

import os
import threading
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from vqaft.errors import StateError

BLOCK_BYTES = 4 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024 * 1024
"""The longest line that is held in memory; of a longer one only its length is known."""


@dataclass(frozen=True, kw_only=True)
class IndexedLine:
    """A line of a file.

    Attributes:
        number: Its number, from 1.
        content: Its bytes with their ending; empty where it is too long.
        size_bytes: Its length.
    """

    number: int
    content: bytes = field(repr=False)
    size_bytes: int


class LineIndex:
    """The lines of a file as it was when the index was made.

    Args:
        path: The file.
        block_bytes: How much of the file stands behind one entry of the index.

    Raises:
        StateError: If the file cannot be read.
    """

    def __init__(self, path: Path, *, block_bytes: int = BLOCK_BYTES) -> None:
        self._path = path
        self._block_bytes = block_bytes
        self._lock = threading.Lock()
        self._ends = array("Q", [0])  # lines that end before each block
        self._read = 0  # bytes that the entries cover
        self._last = b"\n"
        with self._open() as file:
            state = os.fstat(file.fileno())
        self.identity = state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns

    @property
    def size_bytes(self) -> int:
        """The length of the file."""
        return self.identity[2]

    @property
    def indexed_bytes(self) -> int:
        """How much of the file the index covers."""
        return self._read

    @property
    def lines(self) -> int | None:
        """How many lines the file has; None as long as the index does not cover all of it."""
        with self._lock:
            return self._ends[-1] + (self._last != b"\n") if self._read >= self.size_bytes else None

    def extend(self, *, to_line: int | None = None, blocks: int | None = None) -> None:
        """Index more of the file.

        Args:
            to_line: Stop where the beginning of this line is known; None for no such stop.
            blocks: Stop after so many blocks; None for no such stop.

        Raises:
            StateError: If the file cannot be read.
        """
        done = 0
        with self._lock, self._open() as file:
            file.seek(self._read)
            while self._read < self.size_bytes and done != blocks:
                if to_line is not None and self._ends[-1] >= to_line - 1:
                    return
                block = file.read(min(self._block_bytes, self.size_bytes - self._read))
                if not block:  # cut while it was read: what is there is all there is
                    self._read = self.size_bytes
                    return
                self._ends.append(self._ends[-1] + block.count(b"\n"))
                self._read += len(block)
                self._last = block[-1:]
                done += 1

    def read(self, first: int, count: int, *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[IndexedLine]:
        """Read lines, one at a time.

        Args:
            first: The number of the first one, from 1.
            count: The most lines to read.
            max_line_bytes: The longest line to hold in memory.

        Yields:
            The lines; none beyond the end of the file.

        Raises:
            StateError: If the file cannot be read.
        """
        start = self._offset(first)
        if start is None:
            return
        with self._open() as file:
            file.seek(start)
            for number in range(first, first + count):
                line = file.readline(max_line_bytes + 1)
                if not line:
                    return
                if len(line) <= max_line_bytes:
                    yield IndexedLine(number=number, content=line, size_bytes=len(line))
                else:
                    size = len(line) + (0 if line.endswith(b"\n") else _rest_of_line(file))
                    yield IndexedLine(number=number, content=b"", size_bytes=size)

    def has(self, line: int) -> bool:
        """Return whether the file has a line; the index is extended up to it.

        Args:
            line: Its number, from 1.

        Raises:
            StateError: If the file cannot be read.
        """
        return self._offset(line) is not None and self.size_bytes > 0

    def _offset(self, line: int) -> int | None:
        """Return where a line begins; None where it lies beyond the end."""
        if line <= 1:
            return 0
        self.extend(to_line=line)
        with self._lock:
            block = bisect_left(self._ends, line - 1) - 1  # the block in which the line before ends
            if block + 1 >= len(self._ends):
                return None
            before = self._ends[block]
        with self._open() as file:
            file.seek(block * self._block_bytes)
            content = file.read(self._block_bytes)
        place = -1
        for _ in range(line - 1 - before):
            place = content.find(b"\n", place + 1)
        start = block * self._block_bytes + place + 1
        return start if start < self.size_bytes else None

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise StateError(f"the file cannot be read: {error.strerror}", path=self._path) from error


def _rest_of_line(file: BinaryIO) -> int:
    size = 0
    while rest := file.readline(BLOCK_BYTES):
        size += len(rest)
        if rest.endswith(b"\n"):
            break
    return size
