"""Collections of examples: training files in the server's folder that grow by a row at a time."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from vqaft.chat import ChatRecord
from vqaft.durable import os_errors_as_state, sync_folder
from vqaft.errors import DataError, shown

PLACE = "examples"
"""The folder of the collections, in the server's folder."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ENDING = ".jsonl"
MAX_BYTES = 512 << 20
"""The largest collection: what the server accepts as a file."""
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One collection.

    Attributes:
        name: Its name, without `.jsonl`.
        rows: How many rows it has.
        size_bytes: Length of its file.
        changed_s: When it was changed last, in seconds since 1970.
    """

    name: str
    rows: int
    size_bytes: int
    changed_s: float


class Collections:
    """The collections of one server. Thread-safe; one server at a time has the folder.

    Args:
        folder: The server's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / PLACE
        self._lock = threading.Lock()

    def path(self, name: str) -> Path:
        """Return the path of a collection, which need not exist.

        Args:
            name: With or without `.jsonl`.

        Raises:
            DataError: If it is not a name of letters, digits, dots, dashes and underscores.
        """
        plain = name.strip().removesuffix(ENDING)
        if not NAME.fullmatch(plain):
            hint = "Take 1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit."
            raise DataError(f"{shown(name)} is no name for a file of examples", hint=hint)
        return self._folder / f"{plain}{ENDING}"

    def all(self) -> tuple[Collection, ...]:
        """Return the collections, by name."""
        with self._lock, os_errors_as_state(self._folder, doing="cannot be read"):
            paths = sorted(self._folder.glob(f"*{ENDING}")) if self._folder.is_dir() else []
            return tuple(_described(path) for path in paths if NAME.fullmatch(path.stem) and path.is_file())

    def append(self, name: str, record: ChatRecord) -> Collection:
        """Add a row, which is on the disk when this returns; a last row that broke off, by a kill, is cut away.

        Args:
            name: The collection; created if there is none.
            record: The row.

        Returns:
            The collection as it is then.

        Raises:
            DataError: If the name cannot be used, or the collection is full.
            StateError: If the file cannot be written.
        """
        path, line = self.path(name), record.to_json() + b"\n"
        with self._lock, os_errors_as_state(path, doing="cannot be written"):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                end = _end_of_last_row(file.fileno())
                if end + len(line) > MAX_BYTES:
                    raise DataError(f"the file of examples {path.stem!r} is full", path=path, hint="Take another name.")
                file.seek(end)
                file.write(line)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self._folder)
            return _described(path)


def _described(path: Path) -> Collection:
    facts = path.stat()
    return Collection(name=path.stem, rows=_count(path), size_bytes=facts.st_size, changed_s=facts.st_mtime)


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


def _end_of_last_row(descriptor: int) -> int:
    """Return where the last row that is whole ends."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
