"""A piece of a file as a stream of its own that tells how far it was read."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any


class FileSlice(io.RawIOBase):
    """Reads `length` bytes from `offset` on, without loading them at once.

    It has no file descriptor on purpose: an HTTP library would take the whole file's size from it.

    Args:
        path: The file.
        offset: The first byte of the piece.
        length: How many bytes; up to the end of the file where None.
        on_bytes: Told how many bytes were read since it was last told; negative where the reader went back.
    """

    def __init__(
        self,
        path: Path,
        *,
        offset: int = 0,
        length: int | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        self._file = path.open("rb")
        self._offset = offset
        self._length = path.stat().st_size - offset if length is None else length
        self._position = 0
        self._told = 0
        self._on_bytes = on_bytes
        self._file.seek(offset)

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def seekable(self) -> bool:
        """Say that this can be read again from any place."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the piece reaches."""
        view = memoryview(buffer).cast("B")[: self._length - self._position]
        count = self._file.readinto(view)
        self._position += count
        self._tell_progress()
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place within the piece."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = min(max(0, start + offset), self._length)
        self._file.seek(self._offset + self._position)
        return self._position

    def tell(self) -> int:
        """Give the place within the piece."""
        return self._position

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _tell_progress(self) -> None:
        if self._on_bytes is not None and self._position != self._told:
            self._on_bytes(self._position - self._told)
            self._told = self._position
