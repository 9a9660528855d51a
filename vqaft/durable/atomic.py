"""Files that are whole or not there.

Bytes that are on the disk when the call returns.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vqaft.filesystem import is_url, put_file, require_local

CRASH_VARIABLE = "VQAFT_CRASH_AT"


"""For tests alone: "7:torn" kills the process in its seventh durable write, half-way; also ":before" and ":after"."""


_writes = itertools.count(1)


def write_durably(descriptor: int, content: bytes, *, sync: bool = True) -> None:
    """Append bytes to an open file in one go and, where wanted, wait until the disk has them.

    Every write of a log passes through here, so that a test can kill a process in each of them.

    Args:
        descriptor: A file open for appending.
        content: What to write.
        sync: Whether to wait for the disk; else a power cut can take the bytes, though no kill can.

    Raises:
        OSError: If the disk is full or fails; then the file is as long as before.
    """
    crash = _crash_here()
    if crash == "before":
        _kill()
    before = os.fstat(descriptor).st_size
    try:
        _write_all(descriptor, content[: len(content) // 2] if crash == "torn" else content)
    except OSError:
        os.ftruncate(descriptor, before)
        raise
    if crash in {"torn", "after"}:
        _kill()
    if sync:
        os.fsync(descriptor)


def crash_point() -> None:
    """Count a step that makes a file appear as one of the durable writes."""
    if _crash_here():
        _kill()


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _crash_here() -> str | None:
    wanted = os.environ.get(CRASH_VARIABLE)
    if not wanted:
        return None
    number, _, place = wanted.partition(":")
    return (place or "after") if next(_writes) == int(number) else None


def _kill() -> None:  # pragma: no cover - the process is gone before coverage is written
    os.kill(os.getpid(), signal.SIGKILL)


@contextlib.contextmanager
def atomic_writer(path: Path | str) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only when the block ends without an error.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and replace `path` in one step.
    A run that is killed, or an error in the block, leaves whatever stood under `path` before. Behind an fsspec URL the
    file is written to the local disk first and then uploaded, which object stores show in one step.

    Args:
        path: The final name; its folder is created if it is missing. An fsspec URL must be a `str`.

    Yields:
        A binary file open for writing.

    Raises:
        DataError: If the path is a URL that `pathlib.Path` has mangled.
        OSError: If the file cannot be written or uploaded.
    """
    if is_url(path):
        with _uploaded(str(path)) as file:
            yield file
        return
    path = require_local(path, purpose="this file")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        crash_point()
        os.replace(name, path)  # noqa: PTH105 - the temporary file is known by name only
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def _uploaded(url: str) -> Iterator[BinaryIO]:
    with tempfile.TemporaryDirectory(prefix="vqaft-upload-") as folder:
        local = Path(folder) / "file"
        with local.open("wb") as file:
            yield file
        put_file(local, url)


def write_atomically(path: Path | str, content: bytes) -> None:
    """Write a whole file in one step; see `atomic_writer`.

    Args:
        path: The final name, or an fsspec URL as `str`.
        content: The bytes of the file.
    """
    with atomic_writer(path) as file:
        file.write(content)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut, where the system can.

    Args:
        folder: The folder in which a file was made or renamed.
    """
    if os.name == "nt":  # pragma: no cover - folders cannot be synced there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
