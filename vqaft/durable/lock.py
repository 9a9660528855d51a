"""A lock between processes that dies with the process that holds it."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from vqaft.errors import StateError
from vqaft.filesystem import require_local

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]


class FileLock:
    """Keeps other processes, and other objects of this one, from working on the same files.

    The system lets go of the lock when the process ends, however it ends; the file itself stays. It names its last
    holder for people.

    Args:
        path: The lock's own file; made where it is not there.
        wait: Whether to wait for the holder to finish; else it is an error.
    """

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        self._path = require_local(path, purpose="a lock")
        self._wait = wait
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StateError: If another one holds it and waiting was not asked for; with the holder's process id and host.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, wait=self._wait)
        except OSError:
            holder = _holder(descriptor)
            os.close(descriptor)
            hint = "Wait until it has ended, or use another file."
            raise StateError(f"in use by {holder}", path=self._path, hint=hint) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


def _holder(descriptor: int) -> str:
    for _ in range(10):
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
        if holder:
            return holder
        time.sleep(0.01)  # it took the lock just now, and has not said its name yet
    return "another process"


def _lock(descriptor: int, *, wait: bool) -> None:
    if fcntl is None:  # pragma: no cover - Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
