"""An append-only file of entries that survives kills, full disks and several writers.

A line of a log: JSON that carries its own checksum.
"""

from __future__ import annotations

import json
import os
import re
import threading
import warnings
import weakref
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vqaft.durable.atomic import sync_folder, write_durably
from vqaft.durable.lock import FileLock
from vqaft.errors import StateError
from vqaft.filesystem import require_local

_ENDING = re.compile(rb',"crc":"([0-9a-f]{8})"\}$')


def line_of(entry: Mapping[str, Any]) -> bytes:
    """Give an entry as a line of ASCII JSON whose last key is the checksum of what stands before it.

    ASCII keeps lone surrogates as they came; not-a-number is refused, since it is no JSON.

    Args:
        entry: At least one key; none of them "crc".

    Raises:
        ValueError: If a value is no JSON.
    """
    head = json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def entry_of(line: bytes) -> dict[str, Any] | None:
    """Read a line; None where it is not what was written.

    Args:
        line: The line, without its newline.
    """
    ending = _ENDING.search(line)
    if ending is None or zlib.crc32(line[: ending.start()]) != int(ending[1], 16):
        return None
    entry: dict[str, Any] = json.loads(line)
    del entry["crc"]
    return entry


class LineLog:
    """A log of one JSON entry a line, each with a checksum, readable by people and by any JSON tool.

    What `append` returned from is on the disk. A last line that broke off, by a kill or a power cut, is cut away when
    the next one is written. A damaged line in the middle is left where it is, never used, and warned of.

    Args:
        path: The file; made by the first entry.
        exclusive: Whether this object alone may write as long as it is open; else any number of processes may.
    """

    def __init__(self, path: Path, *, exclusive: bool = False) -> None:
        self._path = require_local(path, purpose="a journal or ledger")
        self._lock_path = path.with_name(f".{path.name}.lock")
        self._holder = FileLock(self._lock_path) if exclusive else None
        self._threads = threading.Lock()
        self._syncing = threading.Lock()
        self._descriptor: int | None = None
        self._closing: weakref.finalize[..., LineLog] | None = None
        self._written = 0
        self._synced = 0
        if self._holder is not None:
            self._holder.acquire()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add an entry; when this returns it is on the disk. Threads that come together wait for the disk once.

        Args:
            entry: What JSON can hold.

        Raises:
            StateError: If the disk is full or fails; the file is then as it was.
        """
        line = line_of(entry)
        try:
            with self._threads:
                self._write(line)
                self._written += 1
                mine = self._written
            self._sync(mine)
        except OSError as error:
            hint = "Make room or mend the disk, then run the same again: nothing before this entry is lost."
            raise StateError(f"an entry could not be written ({error.strerror})", path=self._path, hint=hint) from error

    def entries(self) -> Iterator[dict[str, Any]]:
        """Give all whole entries, oldest first; damaged lines are warned of, with their numbers."""
        content = self._path.read_bytes() if self._path.exists() else b""
        # What follows the last newline is a line that broke off, or is being written by another process.
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            entry = entry_of(line)
            if entry is None:
                warnings.warn(f"{self._path}:{number}: damaged, not used", stacklevel=2)
            else:
                yield entry

    def close(self) -> None:
        """Close the file and let others write."""
        with self._threads:
            if self._closing is not None:
                self._closing()
            self._closing = self._descriptor = None
        if self._holder is not None:
            self._holder.release()

    def _write(self, line: bytes) -> None:
        if self._holder is not None:
            self._write_alone(line)
            return
        with FileLock(self._lock_path, wait=True):
            self._write_alone(line)

    def _write_alone(self, line: bytes) -> None:
        is_new = not self._path.exists()
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._closing = weakref.finalize(self, os.close, self._descriptor)  # where nobody calls `close`
            _cut_broken_line(self._descriptor)
        elif self._holder is None:
            _cut_broken_line(self._descriptor)
        write_durably(self._descriptor, line, sync=False)
        if is_new:
            sync_folder(self._path.parent)

    def _sync(self, mine: int) -> None:
        with self._syncing:
            if self._synced >= mine or self._descriptor is None:
                return
            upto = self._written
            os.fsync(self._descriptor)
            self._synced = upto


def _cut_broken_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    os.ftruncate(descriptor, _end_of_last_line(descriptor, size))


def _end_of_last_line(descriptor: int, size: int, *, step: int = 65_536) -> int:
    end = size
    while end > 0:
        start = max(0, end - step)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
