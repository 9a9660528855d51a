"""Inter-process file lock, released by the system when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock

from vqaft.durable.state_error import state_error
from vqaft.errors import StateError
from vqaft.filesystem import require_local

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


class FileLock:
    """Excludes other processes, and other objects of this one, from working on the same files.

    `filelock` on the native lock of the system. The lock file stays; it names its last holder.

    Args:
        path: The lock's own file; created where it does not exist.
        wait: Whether to wait for the holder to finish; else a held lock is an error.
    """

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        self._path = require_local(path, purpose="a lock")
        self._wait = wait
        self._lock: filelock.BaseFileLock | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Acquire the lock.

        Raises:
            StateError: If another one holds it and waiting was not asked for, with the holder's process id and host;
                or if the file system has no locks, or the lock file cannot be made.
        """
        lock = self._new()
        try:
            lock.acquire(poll_interval=0.02)
        except filelock.Timeout:
            hint = "Wait until it has ended, or use another file."
            raise StateError(f"in use by {self._holder()}", path=self._path, hint=hint) from None
        except NotImplementedError as error:
            raise StateError("the file system does not support locks", path=self._path) from error
        except OSError as error:
            raise _lock_error(error, self._path) from error
        self._lock = lock
        with contextlib.suppress(OSError):  # the name is for people; a full disk shows where it matters
            self._path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")

    def release(self) -> None:
        """Release the lock; does nothing where it is not held."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self._lock.release()
            self._lock = None

    def _new(self) -> filelock.BaseFileLock:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except (OSError, ValueError) as error:
            raise state_error(error, self._path, doing="cannot be locked") from error
        timeout = -1 if self._wait else 0
        return filelock.FileLock(self._path, timeout=timeout, mode=0o600, thread_local=False, fallback_to_soft=False)

    def _holder(self) -> str:
        for _ in range(10):
            with contextlib.suppress(OSError):
                holder = self._path.read_text(encoding="utf-8", errors="replace").strip()
                if holder:
                    return holder
            time.sleep(0.01)  # it acquired the lock just now, and has not written its name yet
        return "another process"


def _lock_error(error: OSError, path: Path) -> StateError:
    """Return the error for a lock that failed for another reason than being held."""
    if error.errno in _NO_LOCKS:
        hint = "Use a folder on a local disk: without locks two runs could overwrite each other."
        return StateError("the file system does not support locks", path=path, hint=hint)
    return state_error(error, path, doing="cannot be locked")
