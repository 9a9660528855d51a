"""What a file holds, told by its hashes.

A piece of a file as a stream of its own that tells how far it was read.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqaft.errors import DataError


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


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """A file's content at one moment.

    Attributes:
        path: The file.
        size_bytes: How long it is.
        sha256: Hash of its content, in hexadecimal.
        md5: The same by MD5, which the Uploads API compares at the end.
        changed_ns: When it was last changed, by the file system.
    """

    path: Path
    size_bytes: int
    sha256: str
    md5: str
    changed_ns: int

    @property
    def remote_name(self) -> str:
        """The file's name with a piece of its hash, by which it is found again at the service."""
        return f"{self.path.stem}-{self.sha256[:12]}{self.path.suffix}"

    def check_unchanged(self) -> None:
        """Make sure that the file is still what it was.

        Raises:
            DataError: If it was changed, cut or removed since.
        """
        hint = "Do not write to a training file while it is uploaded; upload it again."
        try:
            now = self.path.stat()
        except FileNotFoundError:
            raise DataError("removed while it was uploaded", path=self.path, hint=hint) from None
        if (now.st_size, now.st_mtime_ns) != (self.size_bytes, self.changed_ns):
            raise DataError("changed while it was uploaded", path=self.path, hint=hint)


def fingerprint(path: Path) -> Fingerprint:
    """Read a file and give its hashes.

    Raises:
        DataError: If there is no such file, or it is empty.
    """
    if not path.is_file() or path.stat().st_size == 0:
        raise DataError("there is no such file, or it is empty", path=path, hint="Write it with write_jsonl first.")
    before = path.stat()
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha256.update(block)
            md5.update(block)
    return Fingerprint(
        path=path,
        size_bytes=before.st_size,
        sha256=sha256.hexdigest(),
        md5=md5.hexdigest(),
        changed_ns=before.st_mtime_ns,
    )
