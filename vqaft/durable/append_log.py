"""Append-only log of JSON lines that survives kills, full disks, several writers and replaced files.

Each line carries its format with a version first and a checksum last. What `append` returned from is on the disk. A
last line that broke off, by a kill or a power cut, is cut away by the next append; a damaged line in the middle is
left in place, never used, and warned of. The file is opened once; where another file stands under its name later (an
editor's save, a sync tool, a move), what this process and its predecessors wrote is carried over into it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import threading
import warnings
import weakref
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vqaft.durable.atomic import BINARY, sync_folder, write_durably
from vqaft.durable.lock import FileLock
from vqaft.durable.state_error import os_errors_as_state, state_error
from vqaft.errors import StateError
from vqaft.filesystem import require_local

_START = re.compile(rb'\{"format":"(vqaft-[a-z]+)/(\d+)"')
_ENDING = re.compile(rb',"crc":"([0-9a-f]{8})"\}$')


def line_of(entry: Mapping[str, Any]) -> bytes:
    """Return an entry as a line of ASCII JSON whose last key is the checksum of what stands before it.

    ASCII keeps lone surrogates as they came; not-a-number is refused, since it is not JSON.

    Args:
        entry: At least one key; none of them "crc".

    Raises:
        ValueError: If a value is not JSON.
    """
    head = json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def entry_of(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line without its newline; None where the line is damaged."""
    ending = _ENDING.search(line)
    if ending is None or zlib.crc32(line[: ending.start()]) != int(ending[1], 16):
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    entry.pop("crc", None)
    return entry if isinstance(entry, dict) else None


class AppendLog:
    """A log of one JSON entry a line, readable by people and by any JSON tool.

    Args:
        path: The file; symbolic links are resolved once, here.
        kind: What the file is, in one word, e.g. "journal"; a file of another kind is refused.
        version: The version of the entries; a file with entries of another version is refused.
        exclusive: Whether this object alone may write as long as it is open, which locks and opens the file here;
            else any number of processes may write, and the first entry creates the file.

    Raises:
        StateError: If the file is in use, cannot be opened, has a second name, or is not such a log.
    """

    def __init__(self, path: Path, *, kind: str, version: int = 1, exclusive: bool = False) -> None:
        with os_errors_as_state(path, doing="cannot be opened"):
            self._path = require_local(path, purpose="a journal or ledger").resolve()
        self._kind, self._version = kind, version
        self._lock_path = self._path.with_name(f".{self._path.name}.lock")
        self._holder = FileLock(self._lock_path) if exclusive else None
        self._threads = threading.RLock()
        self._syncing = threading.Lock()
        self._descriptor: int | None = None
        self._closing: weakref.finalize[..., AppendLog] | None = None
        self._is_closed = False
        self._written = self._synced = 0
        self._damaged: tuple[int, ...] = ()
        if self._holder is not None:
            self._open_exclusively(self._holder)

    @property
    def path(self) -> Path:
        """The file, with symbolic links resolved."""
        return self._path

    @property
    def damaged_lines(self) -> tuple[int, ...]:
        """The numbers, from 1, of the damaged lines that the last call of `entries` met."""
        return self._damaged

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, entry: Mapping[str, Any]) -> int:
        """Add an entry; when this returns it is on the disk. Threads that come together wait for the disk once.

        Args:
            entry: What JSON can hold.

        Returns:
            Where its line begins in the file, in bytes, for `entry_at`.

        Raises:
            StateError: If the disk is full or fails, with the file then as it was; or if the log was closed.
        """
        line = line_of({"format": f"vqaft-{self._kind}/{self._version}", **entry})
        with os_errors_as_state(self._path, doing="an entry cannot be written"):
            with self._threads:
                if self._is_closed:
                    raise StateError("closed: nothing more can be written", path=self._path)
                with self._writing():
                    descriptor = self._current()
                    _cut_broken_line(descriptor)
                    begins = os.fstat(descriptor).st_size
                    write_durably(descriptor, line, sync=False)
                self._written += 1
                mine = self._written
            self._sync(mine)
        return begins

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield all complete entries, oldest first; damaged lines are warned of, with their numbers.

        Raises:
            StateError: If the file cannot be read, is another kind of file, or was written by another version.
        """
        return (entry for _, entry in self.placed_entries())

    def placed_entries(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield where each complete entry begins in the file, in bytes, and the entry; as `entries`.

        Raises:
            StateError: As for `entries`.
        """
        damaged = []
        content, begins, number = self._content(), 0, 0
        # What follows the last newline is a line that broke off, or is being written by another process.
        while (end := content.find(b"\n", begins)) >= 0:
            line, place = content[begins:end], begins
            number, begins = number + 1, end + 1
            entry = entry_of(line)
            if entry is None:
                damaged.append(number)
                warnings.warn(f"{self._path}:{number}: damaged, not used", stacklevel=2)
                continue
            self._check_format(entry.pop("format", None), number)
            yield place, entry
        self._damaged = tuple(damaged)

    def entry_at(self, begins: int) -> dict[str, Any] | None:
        """Return the entry whose line begins at a place of the file; None where no complete entry does.

        Args:
            begins: What `append` or `placed_entries` said, in bytes; another file may stand there now.

        Raises:
            StateError: If the file cannot be read.
        """
        with os_errors_as_state(self._path, doing="cannot be read"), self._threads:
            if self._descriptor is not None:
                line = _line_at(self._descriptor, begins)
            else:
                with self._path.open("rb") as file:
                    line = _line_at(file.fileno(), begins)
        entry = entry_of(line)
        if entry is not None:
            entry.pop("format", None)
        return entry

    def close(self) -> None:
        """Close the file and let others write; later calls of `append` are refused."""
        with self._threads:
            self._is_closed = self._holder is not None
            if self._closing is not None:
                self._closing()
            self._closing = self._descriptor = None
        if self._holder is not None:
            self._holder.release()

    def _open_exclusively(self, holder: FileLock) -> None:
        holder.acquire()
        try:
            with os_errors_as_state(self._path, doing="cannot be opened"):
                self._open()
        except BaseException:
            holder.release()
            raise

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        if self._holder is not None:
            yield
            return
        with FileLock(self._lock_path, wait=True):
            yield

    def _current(self) -> int:
        """Return the descriptor of the file that stands under the path now; the lock is held."""
        if self._descriptor is None:
            return self._open()
        old = self._descriptor
        if _identity(self._path) == _identity(old):
            return old
        lines = _lines_of(old)
        closing, self._closing, self._descriptor = self._closing, None, None
        new = self._open()
        missing = [line for line in lines if line not in frozenset(_lines_of(new))]
        _cut_broken_line(new)
        write_durably(new, b"".join(missing))
        if closing is not None:
            closing()
        text = f"{self._path}: moved or replaced while it was open; {len(missing)} entries were written to it again"
        warnings.warn(text, stacklevel=5)
        return new

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | BINARY | _NONBLOCK, 0o600)
        try:
            self._check_file(descriptor)
            if is_new:
                sync_folder(self._path.parent)
        except BaseException:
            os.close(descriptor)
            raise
        self._closing = weakref.finalize(self, os.close, descriptor)  # where nobody calls `close`
        self._descriptor = descriptor
        return descriptor

    def _check_file(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise StateError(f"not a regular file, so not a {self._kind}", path=self._path)
        if found.st_nlink > 1:
            hint = "Copy it to a file of its own: two runs that use two names of one file would not see each other."
            raise StateError("the file has a second name (a hard link)", path=self._path, hint=hint)
        if found.st_size:
            self._check_start(_read_at(descriptor, 4096, 0))

    def _check_start(self, start: bytes) -> None:
        """Refuse a file that vqaft did not write, before a broken last line is cut from it."""
        opening = _START.match(start)
        if opening is not None:
            self._check_format(f"{opening[1].decode()}/{opening[2].decode()}", 1)
            return
        own = f'{{"format":"vqaft-{self._kind}/{self._version}"'.encode()
        is_torn = b"\n" not in start and own.startswith(start[: len(own)])
        if not is_torn and not any(map(entry_of, self._path.read_bytes().split(b"\n")[:-1])):
            hint = "Name another file; this one was left as it is."
            raise StateError(f"this is not a {self._kind} of vqaft", path=self._path, hint=hint)

    def _check_format(self, found: object, line: int) -> None:
        kind, _, version = str(found).removeprefix("vqaft-").partition("/")
        if (kind, version) == (self._kind, str(self._version)):
            return
        if kind == self._kind:
            hint = "Use the version of vqaft that wrote it, or another file."
            raise StateError(f"written by another version of vqaft ({found})", path=self._path, line=line, hint=hint)
        what = f"a {kind} of vqaft" if str(found).startswith("vqaft-") else "another kind of file"
        raise StateError(f"this is {what}, not a {self._kind}", path=self._path, line=line, hint="Name another file.")

    def _content(self) -> bytes:
        with os_errors_as_state(self._path, doing="cannot be read"), self._threads:
            if self._descriptor is not None:
                with self._writing():
                    self._current()
            if not self._path.exists():
                return b""
            content = self._path.read_bytes()
        if content:
            self._check_start(content[:4096])
        return content

    def _sync(self, mine: int) -> None:
        with self._syncing:
            descriptor = self._descriptor
            if self._synced >= mine or descriptor is None:
                return
            upto = self._written
            os.fsync(descriptor)
            self._synced = upto


_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # a named pipe must not make the opening wait


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Read bytes at an offset; writes of the log do not depend on the file's position, since they append."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows
    return os.read(descriptor, size)


def _identity(place: Path | int) -> tuple[int, int] | None:
    try:
        found = os.stat(place)  # noqa: PTH116 - also of a descriptor
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _lines_of(descriptor: int) -> list[bytes]:
    size = os.fstat(descriptor).st_size
    content = b"".join(_read_at(descriptor, 1 << 20, start) for start in range(0, size, 1 << 20))
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


def _line_at(descriptor: int, begins: int, *, step: int = 4096) -> bytes:
    line = b""
    while block := os.pread(descriptor, step, begins + len(line)):
        line += block
        if b"\n" in block:
            return line.partition(b"\n")[0]
        step *= 4
    return line


def _cut_broken_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    if size == 0 or _read_at(descriptor, 1, size - 1) == b"\n":
        return
    os.ftruncate(descriptor, _end_of_last_line(descriptor, size))


def _end_of_last_line(descriptor: int, size: int, *, step: int = 65_536) -> int:
    end = size
    while end > 0:
        start = max(0, end - step)
        found = _read_at(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def read_file(path: Path) -> bytes:
    """Return the content of a file of an earlier run.

    Raises:
        StateError: If it cannot be read, with the cause.
    """
    local = require_local(path, purpose="this file")
    try:
        return local.read_bytes()
    except (OSError, ValueError) as error:
        raise state_error(error, path, doing="cannot be read") from error
