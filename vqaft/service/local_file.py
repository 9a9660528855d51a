"""A local file on its way to a service: its fingerprint, and a slice of it as a stream.

The fingerprint tells a file by its content, and notices where another one was put in its place while it was sent.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqaft.durable import os_errors_as_state
from vqaft.errors import DataError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_HINT = "Do not write to a training file while it is uploaded; upload it again."


class FileSlice(io.RawIOBase):
    """A stream of `length` bytes from `offset` on, read while it is sent.

    It exposes no file descriptor on purpose: an HTTP library would take the whole file's size from it.

    Args:
        path: The file.
        offset: The first byte of the slice.
        length: How many bytes; up to the end of the file where None.
        on_bytes: Called with the bytes read since the last call; negative where the reader went back.
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
        self._reported = 0
        self._on_bytes = on_bytes
        self._file.seek(offset)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the slice reaches."""
        view = memoryview(buffer).cast("B")[: self._length - self._position]
        count = self._file.readinto(view)
        self._position += count
        self._report_progress()
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position within the slice."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = min(max(0, start + offset), self._length)
        self._file.seek(self._offset + self._position)
        return self._position

    def tell(self) -> int:
        """Return the position within the slice."""
        return self._position

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _report_progress(self) -> None:
        if self._on_bytes is not None and self._position != self._reported:
            self._on_bytes(self._position - self._reported)
            self._reported = self._position


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """A file's content at one moment.

    Attributes:
        path: The file.
        size_bytes: Its length.
        sha256: Hash of its content, in hexadecimal.
        md5: The same by MD5, which the Uploads API compares at the end.
        state: Device, inode, and the times of the last change of content and of metadata.
    """

    path: Path
    size_bytes: int
    sha256: str
    md5: str
    state: tuple[int, int, int, int]

    @property
    def remote_name(self) -> str:
        """The file's name with a part of its hash, by which it is found again at the service; ASCII, without quotes."""
        stem, suffix = _UNSAFE.sub("_", self.path.stem)[:80], _UNSAFE.sub("", self.path.suffix)[:20]
        return f"{stem}-{self.sha256[:12]}{suffix}"

    def check_unchanged(self) -> None:
        """Verify that the file is unchanged; by its content where anything about it changed.

        Raises:
            DataError: If it was changed, replaced or removed since.
            StateError: If it cannot be read.
        """
        try:
            now = self.path.stat()
        except FileNotFoundError:
            raise DataError("removed while it was uploaded", path=self.path, hint=_HINT) from None
        if (now.st_size, _state(now)) == (self.size_bytes, self.state):
            return
        if now.st_size != self.size_bytes or fingerprint(self.path).sha256 != self.sha256:
            raise DataError("changed while it was uploaded", path=self.path, hint=_HINT)


def fingerprint(path: Path) -> Fingerprint:
    """Read a file and return its hashes.

    Raises:
        DataError: If there is no such file, it is empty, or it is written to meanwhile.
        StateError: If it cannot be read.
    """
    with os_errors_as_state(path, doing="cannot be read"):
        if not path.is_file() or path.stat().st_size == 0:
            raise DataError("there is no such file, or it is empty", path=path, hint="Write it with write_jsonl first.")
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            while block := file.read(1 << 20):
                sha256.update(block)
                md5.update(block)
            after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DataError("changed while it was read", path=path, hint=_HINT)
    return Fingerprint(
        path=path, size_bytes=before.st_size, sha256=sha256.hexdigest(), md5=md5.hexdigest(), state=_state(before)
    )


def _state(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
