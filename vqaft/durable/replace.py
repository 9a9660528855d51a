"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vqaft.durable.disk import crash_point


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only when the block ends without an error.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and replace `path` in one step.
    A run that is killed, or an error in the block, leaves whatever stood under `path` before.

    Args:
        path: The final name; its folder is made if it is not there.

    Yields:
        A binary file open for writing.
    """
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


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file in one step; see `atomic_writer`.

    Args:
        path: The final name.
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
