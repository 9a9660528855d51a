"""Atomic file writes: a file is complete or not there, also after a kill or a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from vqaft.durable.state_error import os_errors_as_state
from vqaft.filesystem import is_url, put_file, require_local

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

BINARY = getattr(os, "O_BINARY", 0)
"""Keeps Windows from translating line ends. Descriptors of `os.open` are not inherited by other processes (PEP 446)."""
PRIVATE_MODE = 0o600
SHARED_MODE = 0o666
_HEX_BYTES = 6
_PART = re.compile(r"\..{1,40}\.[0-9a-f]{12}\.part")
_YOUNG_S = 60.0
"""A temporary file of this age in seconds is left alone: its writer may be about to lock it."""
_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


@contextlib.contextmanager
def atomic_writer(path: Path | str, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only when the block ends without an error.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and replace `path` in one step.
    A run that is killed, or an error in the block, leaves whatever stood under `path` before. Behind an fsspec URL the
    file is written to the local disk first and then uploaded, which object stores show in one step.

    Args:
        path: The final name; its folder is created if it is missing. An fsspec URL must be a `str`.
        private: Whether only the owner may read the file; else the process's umask decides.

    Yields:
        A binary file open for writing.

    Raises:
        DataError: If the path is a URL that `pathlib.Path` has mangled.
        StateError: If the file cannot be created, written, renamed or uploaded; with the cause.
    """
    if is_url(path):
        with _uploaded(str(path)) as file:
            yield file
        return
    path = require_local(path, purpose="this file")
    with os_errors_as_state(path, doing="cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        part, descriptor = _create(path, PRIVATE_MODE if private else SHARED_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file, _write_errors(path):
            yield file
            file.flush()
            os.fsync(file.fileno())
        with os_errors_as_state(path, doing="cannot be written"):
            os.replace(part, path)  # noqa: PTH105 - one call that tests can count
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def _uploaded(url: str) -> Iterator[BinaryIO]:
    with tempfile.TemporaryDirectory(prefix="vqaft-upload-") as folder:
        local = Path(folder) / "file"
        with local.open("wb") as file:
            yield file
        with os_errors_as_state(url, doing="cannot be uploaded"):
            put_file(local, url)


def write_atomically(path: Path | str, content: bytes, *, private: bool = False) -> None:
    """Write a complete file in one step; see `atomic_writer`.

    Args:
        path: The final name, or an fsspec URL as `str`.
        content: The bytes of the file.
        private: Whether only the owner may read the file; else the process's umask decides.

    Raises:
        StateError: If the file cannot be written.
    """
    with atomic_writer(path, private=private) as file:
        file.write(content)


def write_durably(descriptor: int, content: bytes, *, sync: bool = True) -> None:
    """Append bytes to an open file in one go and, where wanted, wait until the disk has them.

    Args:
        descriptor: A file open for appending.
        content: What to write.
        sync: Whether to wait for the disk; else a power cut can take the bytes, though no kill can.

    Raises:
        OSError: If the disk is full or fails; then the file is as long as before.
    """
    before = os.fstat(descriptor).st_size
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise
    if sync:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut, where the system can.

    Args:
        folder: The folder in which a file was created or renamed.
    """
    if os.name == "nt":  # pragma: no cover - folders cannot be synced there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path, mode: int) -> tuple[Path, int]:
    part = path.with_name(f".{path.name[:40]}.{secrets.token_hex(_HEX_BYTES)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, mode)
    _hold(descriptor)
    return part, descriptor


def _hold(descriptor: int) -> bool:
    """Lock an open file until it is closed or its process ends; return False where another process holds it."""
    if fcntl is None:  # pragma: no cover - Windows
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks
        return False
    return True


@lru_cache(maxsize=256)  # once a process: folders with many files would be listed for each
def _sweep(folder: Path) -> None:
    """Remove the temporary files that killed writers left in a folder: those that no living writer holds."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if _PART.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > _YOUNG_S:
                _remove_if_free(Path(entry.path))


def _remove_if_free(part: Path) -> None:
    with contextlib.suppress(OSError), part.open("rb") as file:
        if _hold(file.fileno()):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Translate the errors of writing, but not those that the caller's block raises about other files."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno not in _DISK_ERRNOS:
            raise
        with os_errors_as_state(path, doing="cannot be written"):
            raise
